"""How a stream writes its chunks is learnt from the chunks that were decoded, and anew when it changes."""

from gateway.openai_api.chunk import Chunk
from gateway.openai_api.template import Template

TEMPLATES = 100
"""A stream's way of writing its chunks is learnt anew this many times before that is given up."""
TEMPLATE_BYTES = 64 * 1024
"""Bytes of a chunk, beyond which its way of writing is not learnt: that reads it several times."""


class Learning:
    """Keeps the template of one stream's chunks, as long as they are like it."""

    __slots__ = ("_choices", "_learnt", "misses", "template")

    def __init__(self, choices: int, *, learns: bool) -> None:
        self.template: Template | None = None
        self._choices = choices
        self._learnt = 0 if learns else TEMPLATES
        self.misses = 0
        """Chunks in a row that are unlike the template; two make a new one, one may be another choice's."""

    def unlearn(self) -> None:
        """Forget the template, unless no other one may be learnt."""
        if self._learnt < TEMPLATES:
            self.template = None

    def learn(self, came: bytes, data: bytes, chunk: Chunk) -> None:
        """Recognise the next chunks of this kind without decoding them, where that can be."""
        if len(came) > TEMPLATE_BYTES or self._learnt >= TEMPLATES:
            return
        self.template = Template.of(came, data, chunk, self._choices)
        if self.template is not None:
            self._learnt += 1
            self.misses = 0
