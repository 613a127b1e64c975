"""A call is taken to cost what it may cost at most."""

import msgspec
import pytest

from gateway.personas.shape import strict
from gateway.runs.asking import _most
from gateway.runs.pipeline import packaged


@pytest.mark.parametrize("word", ["keeper", "灯台守", "🗼🗼"])
def test_no_token_is_taken_to_be_longer_than_a_byte_and_a_repetition_counts(word: str) -> None:
    pipeline = packaged()
    stage = pipeline.steps[0]
    asked = _most(pipeline, stage, "You make personas.", word * 1000)
    sent = len(word.encode()) * 1000 + len(msgspec.json.encode(strict(stage.schema)))
    assert asked.prompt >= 2 * sent
    assert (asked.answer, asked.choices) == (pipeline.max_tokens, 2)
