"""An alert says that too many of a version's answers were out of character within some hours."""

import msgspec


class Subject(msgspec.Struct, frozen=True):
    """A version of a persona, as one workspace has used it."""

    workspace_id: str
    persona_id: str
    version: int


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    seq: int
    event_id: str
    workspace_id: str
    persona_id: str
    version: int
    owner: str | None
    """The owner of the keys that may know of it; `None` means the whole workspace."""
    threshold: float
    window_hours: int
    share: float
    turns: int
    fired_at: int
    recovered_at: int | None

    @property
    def subject(self) -> Subject:
        return Subject(self.workspace_id, self.persona_id, self.version)


class Tally(msgspec.Struct, frozen=True):
    """The scored answers within the window, and those of them that were out of character."""

    turns: int
    out: int

    @property
    def share(self) -> float:
        return self.out / self.turns if self.turns else 0.0
