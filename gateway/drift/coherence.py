"""Whether an answer hangs together: with the turn it answers, with its language, and in itself."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from operator import mul

import msgspec

from gateway.drift.relevance import FEATURES, Rarity, Reading, clip, features, grams, read, words
from gateway.drift.tongues import CLEARLY, HOME, SEEN, script
from gateway.drift.tongues import language as language_of

PRIOR = math.log(0.05 / 0.95)
_SENTENCE = re.compile(r"[^.!?。！？…\n]{12,}")
_RUN = re.compile(r"([^\W\d_])\1{14,}|([^\s.…_*=#~─━-])\2{39,}")
_LONG = 15
"""Without a word as long as this there is no run of a character."""
_END = re.compile(r"[\w,;，、；-]\s*$")
_GARBAGE = re.compile(
    r"<\|[^|<>\n]{1,40}\|>|</?s>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>|<｜[^｜\n]{1,40}｜>"
    r"|^#{2,3} ?(?:Assistant|Human|User|Instruction|Response|Input|System)\b:?"
    r"|^(?:Assistant|Human|User|System|ASSISTANT|USER): ?(?=\S)"
    r"|\ufffd|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]|(?:Ã[\x80-\xbf©¨¤¶¼±§ª]|â€[™œ˜“”\x80-\x9d]){1,}",
    re.MULTILINE,
)
_SUSPECT = (
    *("<|", "<｜", "s>", "INST]", "SYS>>", "_turn>", "##", "\ufffd", "Ã", "â€"),
    *("ant:", "man:", "ser:", "tem:", "ANT:", "SER:"),
)
"""Without any of these, and without control characters, there is no garbage of the kinds above."""
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")
_WEIGHT = {
    "empty": 6.0,
    "garbage": 3.5,
    "repetition": 4.5,
    "repeats-earlier": 3.0,
    "language": 3.0,
    "cut": 0.5,
}
"""What a finding of full strength adds to the logit."""


class Finding(msgspec.Struct, frozen=True):
    """One thing that does not hang together, and where in the answer it stands."""

    name: str
    strength: float
    start: int
    end: int


class Incoherence(msgspec.Struct, frozen=True):
    """The log odds of incoherence at a prior of 5 %, and what speaks for it."""

    logit: float
    findings: tuple[Finding, ...] = ()


class Weights(msgspec.Struct, frozen=True):
    """What was learnt: how rare words are, what each feature weighs, whose commonest words are which."""

    rarity: Rarity
    weights: list[float]
    common: dict[str, tuple[str, ...]]
    """The languages that a word is among the commonest of."""
    languages: frozenset[str]
    """Those that can be told by such words."""


class Tongues(msgspec.Struct, frozen=True):
    """The scripts and languages that a persona may be heard in."""

    scripts: frozenset[str]
    languages: frozenset[str]
    ours: frozenset[str] = frozenset()
    """The commonest words of one of these languages."""
    strange: frozenset[str] = frozenset()
    """Those of all other languages."""


class _File(msgspec.Struct, frozen=True):
    rarity: str
    weights: dict[str, float]
    common: dict[str, list[str]]


def load(data: bytes) -> Weights:
    """Read the packaged weights."""
    file = msgspec.json.decode(data, type=_File)
    common: dict[str, tuple[str, ...]] = {}
    for language, some in sorted(file.common.items()):
        for word in some:
            common[word] = (*common.get(word, ()), language)
    weights = [file.weights[name] for name in FEATURES]
    return Weights(Rarity(file.rarity), weights, common, frozenset(file.common))


def tongues(language: str, examples: Iterable[str], weights: Weights) -> Tongues:
    """What a persona of this language with these example lines may be heard in."""
    lines = [line for line in examples if line]
    heard = {found for line in lines if (found := language_of(words(clip(line)), weights.common))}
    scripts = {found for line in lines if (found := script(line))}
    spoken, common = {language} | heard, weights.common
    return Tongues(
        frozenset({HOME.get(language, "latin")} | scripts),
        frozenset(spoken),
        frozenset(word for word, known in common.items() if language in known),
        frozenset(word for word, known in common.items() if not spoken.issuperset(known)),
    )


def incoherence(
    user: str, answer: str, tongues: Tongues, weights: Weights, *, earlier: Sequence[str] = ()
) -> Incoherence:
    """Hold the answer against the user's turn, the persona's languages and its own `earlier` answers."""
    if not answer.strip():
        return Incoherence(PRIOR + _WEIGHT["empty"], (Finding("empty", 1.0, 0, len(answer)),))
    asked, told = read(user), read(answer)
    evidence = 0.0
    if len(asked.words) > 2:
        evidence = sum(map(mul, weights.weights, features(asked, told, weights.rarity)))
    findings = [*_garbage(answer), *_repetition(answer, told.words, earlier), *_cut(answer)]
    findings += _foreign(asked, told, len(answer), tongues, weights)
    if evidence > 1:
        findings.append(Finding("unrelated", round(1 - math.exp(1 - evidence), 3), 0, len(answer)))
    added = sum(_WEIGHT.get(finding.name, 0) * finding.strength for finding in findings)
    return Incoherence(PRIOR + evidence + added, tuple(findings))


def belief(logit: float) -> float:
    """The probability of incoherence at a prior of 5 %."""
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))


def grade(belief: float) -> float:
    """1 to 5, where 5 hangs together: 3 is an even chance, the prior gives 4.5, 2 % or less gives 5."""
    odds = math.log(max(belief, 1e-9) / max(1 - belief, 1e-9))
    return round(max(1.0, min(5.0, 3 - 2 * odds / math.log(49))), 1)


def _garbage(answer: str) -> list[Finding]:
    if not any(map(answer.__contains__, _SUSPECT)) and not _CONTROL.search(answer):
        return []
    found = _GARBAGE.search(answer[:8000]) or _GARBAGE.search(answer, max(8000, len(answer) - 2000))
    if not found:
        return []
    trailing = not answer[found.end() :].strip() and found.group().startswith(("<", "["))
    return [Finding("garbage", 0.6 if trailing else 1.0, *found.span())]


def _repetition(answer: str, tokens: list[str], earlier: Sequence[str]) -> list[Finding]:
    seen = answer[:8000]
    if max(map(len, seen.split()), default=0) >= _LONG and (run := _RUN.search(seen)):
        return [Finding("repetition", 0.6, *run.span())]
    return _repeated(answer, seen) or _looped(answer, tokens) or _repeats(answer, earlier)


def _repeated(answer: str, seen: str) -> list[Finding]:
    """The same sentence again and again."""
    found = [sentence.strip().lower() for sentence in _SENTENCE.findall(seen)]
    if len(found) - len(set(found)) < 2:
        return []
    sentences = Counter(found)
    text, times = max(sentences.items(), key=lambda item: item[1], default=("", 0))
    share = sum(len(each) * (count - 1) for each, count in sentences.items()) / (len(seen) + 1)
    if times >= 3 and share > 0.3:
        at = answer.lower().find(text)
        return [Finding("repetition", min(1.0, share * 1.4), max(at, 0), max(at, 0) + len(text))]
    return []


def _looped(answer: str, tokens: list[str]) -> list[Finding]:
    """The same words again and again; where half of the words differ, so do half of the runs of three."""
    if len(tokens) < 18 or len(set(tokens)) > len(tokens) / 2 + 1:
        return []
    looped = 1 - len(set(zip(tokens, tokens[1:], tokens[2:], strict=False))) / max(1, len(tokens) - 2)
    return [Finding("repetition", min(1.0, looped * 1.2), 0, len(answer))] if looped > 0.5 else []


def _repeats(answer: str, earlier: Sequence[str]) -> list[Finding]:
    if len(answer) >= 60 and any(_same(answer, before) for before in earlier):
        return [Finding("repeats-earlier", 1.0, 0, len(answer))]
    return []


def _same(answer: str, before: str) -> bool:
    if not 0.8 < (len(answer) + 1) / (len(before) + 1) < 1.25:
        return False
    ours, theirs = grams(answer[:600]), grams(before[:600])
    return len(ours & theirs) > 0.85 * len(ours | theirs)


def _cut(answer: str) -> list[Finding]:
    fence = answer.rfind("```") if answer.count("```") % 2 else -1
    if fence >= 0:
        return [Finding("cut", 1.0, fence, len(answer))]
    if len(answer) > 240 and (end := _END.search(answer, len(answer) - 8)):
        return [Finding("cut", 0.6, end.start(), len(answer))]
    return []


def _foreign(user: Reading, answer: Reading, end: int, tongues: Tongues, weights: Weights) -> list[Finding]:
    """An answer in a script or language that neither the persona nor the user speaks."""
    is_plain = answer.text.isascii() and "latin" in tongues.scripts
    written = None if is_plain else script(answer.text)
    if written and written not in tongues.scripts and written != script(user.text):
        return [Finding("language", 1.0, 0, end)]
    if _is_at_home(answer.words, tongues):
        return []
    found = language_of(answer.words, weights.common)
    if found and found not in tongues.languages and tongues.languages & weights.languages:
        asked = language_of(user.words, weights.common)
        if asked and asked != found:
            return [Finding("language", 0.7, 0, end)]
    return []


def _is_at_home(words: list[str], tongues: Tongues) -> bool:
    """Whether so many of the words are the persona's that no other language can be clearly more."""
    seen = words[:SEEN]
    strange = sum(map(tongues.strange.__contains__, seen))
    return strange <= CLEARLY * sum(map(tongues.ours.__contains__, seen))
