"""Answers are held against their personas; versions made ready and conversations so far are remembered."""

import hashlib
from collections.abc import Callable, Sequence
from typing import NamedTuple, cast

import msgspec
from msgspec.structs import replace

from gateway.cache import Cache
from gateway.drift import scorer
from gateway.drift.character import Character
from gateway.drift.profile import Profile
from gateway.drift.score import Score
from gateway.drift.scorer import BEGINNING, Course
from gateway.personas.resolved import Resolved
from gateway.scoring import transcript
from gateway.scoring.transcript import Conversation, Said
from gateway.turns.turn import ChoiceScore, Drift, Explain, Verdict, gravity, unscored

PROFILES = 256
"""Versions that are kept ready."""
COURSES = 48 * 1024 * 1024
"""Bytes of memory for places in conversations; every turn adds one, which takes a few KB, or hundreds."""
REQUESTS = 8192
"""Requests that are remembered with the places that they led to."""
BRANCHES = 32
"""Places behind one place that are remembered there, the newest ones."""
OVERHEAD = 300
"""Characters that scoring a turn costs beside its length."""


class Scored(msgspec.Struct, frozen=True):
    """The score of a turn; `before` is the verdict of the turn before it in its conversation."""

    drift: Drift
    coherence: float | None = None
    explain: Explain | None = None
    before: str | None = None


class Known(NamedTuple):
    """A conversation up to a place, as it is remembered there."""

    course: Course
    after: list[int]
    """The places that were reached from here."""


class Task:
    """An answer that is being scored; those turns of its conversation that are not known yet come first."""

    __slots__ = ("at", "conversation", "course", "profile", "said", "work")

    def __init__(self, profile: Profile, conversation: Conversation, said: Sequence[Said]) -> None:
        self.profile = profile
        self.said = said
        self.course = BEGINNING
        self.work = sum(len(each.text) + OVERHEAD for each in said)
        """Characters that are still to be scored."""
        self.conversation = conversation
        self.at = 0
        """The index of the first turn of the conversation that is not known yet."""

    @property
    def is_behind(self) -> bool:
        return self.at < len(self.conversation.past)


class Courses:
    """Remembers conversations. Any thread may call any method; `learn` and large tasks take their time."""

    def __init__(
        self,
        make: Callable[[Character], Profile] = Profile,
        score: Callable[..., tuple[Score, Course]] = scorer.score,
    ) -> None:
        self._make = make
        self._score = score
        self._profiles: Cache[tuple[str, str, str], Profile | Exception] = Cache(PROFILES)
        self._courses: Cache[int, Known] = Cache(COURSES, lambda known: known.course.size)
        self._requests: Cache[int, int] = Cache(REQUESTS)
        """Remembers the place that a request's messages lead to, by a hash over their bytes."""

    def knows(self, persona: Resolved) -> bool:
        """Tell whether the version has been made ready, or could not be."""
        return _key(persona) in self._profiles

    def learn(self, persona: Resolved) -> Profile:
        """Return the version, made ready if it was not. Raises what went wrong then, each time."""
        found = self._profiles.recall(_key(persona))
        if found is None:
            try:
                found = self._made(persona)
            except Exception as error:  # noqa: BLE001 - raised below
                found = error
            self._profiles.keep(_key(persona), found)
        if isinstance(found, Exception):
            raise found.with_traceback(None)
        return found

    def _made(self, persona: Resolved) -> Profile:
        if persona.base is None:
            return self._make(persona.character)
        return self.learn(persona.base).rendered(persona.character)

    def open(self, persona: Resolved, messages: Sequence[msgspec.Raw], said: Sequence[Said]) -> Task:
        """Open a task: it knows how far the conversation is known, and what of it is still to be scored."""
        profile, origin = self.learn(persona), hash(persona.version_id + persona.rendering)
        task = self._repeated(profile, origin, messages, said)
        if task is None:
            task = self._task(profile, transcript.read(messages, origin), said)
        self._requests.keep(_mark(origin, messages), task.conversation.place)
        return task

    def _repeated(
        self, profile: Profile, origin: int, messages: Sequence[msgspec.Raw], said: Sequence[Said]
    ) -> Task | None:
        """Open a task quickly: most requests repeat an earlier one, with its answer and a question added."""
        place = self._requests.recall(_mark(origin, messages[:-2]))
        if place is None:
            return None
        conversation = transcript.read(messages[-2:], place)
        if not conversation.past or not conversation.user:
            return None
        task = self._task(profile, conversation, said)
        return None if task.is_behind else task

    def _task(self, profile: Profile, conversation: Conversation, said: Sequence[Said]) -> Task:
        task = Task(profile, conversation, said)
        task.at = len(conversation.past)
        while task.at > 0:
            past = conversation.past[task.at - 1]
            known = self._courses.recall(past.place)
            if known is not None:
                task.course = known.course
                break
            task.at -= 1
            task.work += len(past.user) + len(past.answer) + OVERHEAD
        return task

    def advance(self, task: Task) -> None:
        """Score the first turn of the conversation that is not known yet."""
        user, answer, place = task.conversation.past[task.at]
        try:
            _, task.course = self._score(task.profile, task.course, user, answer)
        finally:
            # A turn that cannot be scored must not be in the way of all that follow.
            self._keep(place, task.course, _before(task))
            task.at += 1

    def finish(self, task: Task) -> Scored:
        """Score the answer, choice by choice, once the task is no longer behind."""
        scored = [self._choice(task, said) for said in task.said]
        worst, touched = max(scored, key=lambda each: gravity(each[0].drift))
        explain = None
        if len(scored) > 1:
            choices = tuple(choice for choice, _ in scored)
            explain = Explain(worst.values_basis, worst.signals, choices, touched)
        elif worst.coherence is not None:
            explain = Explain(worst.values_basis, worst.signals, touched=touched)
        return Scored(worst.drift, worst.coherence, explain, task.course.verdict)

    def correct(self, task: Task, verdict: str) -> None:
        """Remember the answer as one of this verdict, and forget what was made of the answers behind it."""
        for said in task.said:
            user = task.conversation.user
            _, course = self._score(task.profile, task.course, user, said.text, verdict)
            place = _behind(task, said)
            known = self._courses.recall(place)
            self._courses.keep(place, Known(course, []))
            stale = [] if known is None else known.after
            while stale:
                gone = self._courses.recall(behind := stale.pop())
                self._courses.drop(behind)
                stale += [] if gone is None else gone.after

    def _keep(self, place: int, course: Course, before: int | None) -> None:
        """Remember the conversation up to a place; its answer before that one stands at `before`."""
        known = self._courses.recall(place)
        self._courses.keep(place, Known(course, [] if known is None else known.after))
        parent = None if before is None or known is not None else self._courses.recall(before)
        if parent is not None:
            parent.after.append(place)
            # Many answers may follow the same beginning, such as an app's own examples.
            del parent.after[:-BRANCHES]

    def _choice(self, task: Task, said: Said) -> tuple[ChoiceScore, tuple[str, ...]]:
        """Score one choice, and name the rules that it touches."""
        if said.nothing is not None:
            return ChoiceScore(said.index, unscored(said.nothing), None, None, ()), ()
        conversation = task.conversation
        score, course = self._score(task.profile, task.course, conversation.user, said.text)
        self._keep(_behind(task, said), course, _before(task))
        drift = replace(Drift(verdict=cast("Verdict", score.verdict)), **score.levels())
        coherence = round(score.coherence, 2)
        choice = ChoiceScore(said.index, drift, coherence, score.values_basis, score.signals)
        return choice, score.touched


def _before(task: Task) -> int | None:
    """Return the place of the answer before the one that is scored; `None` for a conversation's first."""
    return task.conversation.past[task.at - 1].place if task.at else None


def _behind(task: Task, said: Said) -> int:
    """Return the place behind the answer: the next request will have it as its last but one message."""
    return transcript.following(task.conversation.place, "assistant", said.text)


def load() -> None:
    """Read what scoring needs from the disk, so that the first answer need not wait for it."""
    Profile(Character(prompt="Somebody."))


def _mark(origin: int, messages: Sequence[msgspec.Raw]) -> int:
    """Return the hash by which a request is remembered."""
    joined = b"".join(messages)
    if len(joined) > transcript.LONGEST:
        # Unlike `hash`, this lets other threads go on.
        return hash((origin, hashlib.blake2b(joined).digest()))
    return hash((origin, joined))


def _key(persona: Resolved) -> tuple[str, str, str]:
    # The name is part of the key since it is the persona's, not the version's, and may change.
    return persona.version_id, persona.display_name, persona.rendering
