"""Whether an answer hangs together: with the turn it answers, with its language, and in itself."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from operator import mul

import msgspec

from gateway.drift.relevance import FEATURES, STEPS, Reading, features, grams, read, words

PRIOR = math.log(0.05 / 0.95)
_SENTENCE = re.compile(r"[^.!?。！？…\n]{12,}")
_RUN = re.compile(r"([^\W\d_])\1{14,}|([^\s.…_*=#~─━-])\2{39,}")
_END = re.compile(r"[\w,;，、；-]\s*$")
_GARBAGE = re.compile(
    r"<\|[^|<>\n]{1,40}\|>|</?s>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>|<｜[^｜\n]{1,40}｜>"
    r"|^#{2,3} ?(?:Assistant|Human|User|Instruction|Response|Input|System)\b:?"
    r"|^(?:Assistant|Human|User|System|ASSISTANT|USER): ?(?=\S)"
    r"|\ufffd|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]|(?:Ã[\x80-\xbf©¨¤¶¼±§ª]|â€[™œ˜“”\x80-\x9d]){1,}",
    re.MULTILINE,
)
_SCRIPTS = (
    ("latin", 0x41, 0x24F),
    ("greek", 0x370, 0x3FF),
    ("cyrillic", 0x400, 0x52F),
    ("hebrew", 0x590, 0x5FF),
    ("arabic", 0x600, 0x6FF),
    ("devanagari", 0x900, 0x97F),
    ("thai", 0xE01, 0xE7F),
    ("latin", 0x1E00, 0x1EFF),
    ("kana", 0x3041, 0x30FF),
    ("han", 0x3400, 0x9FFF),
    ("hangul", 0xAC00, 0xD7A3),
)
_HOME = {
    **dict.fromkeys(("ru", "uk", "bg", "sr", "be", "mk", "kk"), "cyrillic"),
    **dict.fromkeys(("ar", "fa", "ur"), "arabic"),
    **dict.fromkeys(("hi", "mr", "ne"), "devanagari"),
    "el": "greek",
    "ja": "kana",
    "zh": "han",
    "ko": "hangul",
    "th": "thai",
    "he": "hebrew",
}
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
    """What was learnt: how rare grams are, what each feature weighs, the commonest words by language."""

    rarity: list[float]
    weights: list[float]
    common: dict[str, frozenset[str]]


class Tongues(msgspec.Struct, frozen=True):
    """The scripts and languages that a persona may be heard in."""

    scripts: frozenset[str]
    languages: frozenset[str]


class _File(msgspec.Struct, frozen=True):
    rarity: str
    weights: dict[str, float]
    common: dict[str, list[str]]


def load(data: bytes) -> Weights:
    """Read the packaged weights."""
    file = msgspec.json.decode(data, type=_File)
    return Weights(
        [STEPS.index(step) / 2 for step in file.rarity],
        [file.weights[name] for name in FEATURES],
        {language: frozenset(words) for language, words in file.common.items()},
    )


def tongues(language: str, examples: Iterable[str], weights: Weights) -> Tongues:
    """What a persona of this language with these example lines may be heard in."""
    lines = [line for line in examples if line]
    heard = {found for line in lines if (found := _language(words(line), weights))}
    scripts = {found for line in lines if (found := _script(line))}
    return Tongues(frozenset({_HOME.get(language, "latin")} | scripts), frozenset({language} | heard))


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
    found = _GARBAGE.search(answer[:8000]) or _GARBAGE.search(answer, max(8000, len(answer) - 2000))
    if not found:
        return []
    trailing = not answer[found.end() :].strip() and found.group().startswith(("<", "["))
    return [Finding("garbage", 0.6 if trailing else 1.0, *found.span())]


def _repetition(answer: str, tokens: list[str], earlier: Sequence[str]) -> list[Finding]:
    if run := _RUN.search(answer, 0, 8000):
        return [Finding("repetition", 0.6, *run.span())]
    sentences = Counter(found.group().strip().lower() for found in _SENTENCE.finditer(answer, 0, 8000))
    text, times = max(sentences.items(), key=lambda item: item[1], default=("", 0))
    share = sum(len(each) * (count - 1) for each, count in sentences.items()) / (len(answer[:8000]) + 1)
    if times >= 3 and share > 0.3:
        at = answer.lower().find(text)
        return [Finding("repetition", min(1.0, share * 1.4), max(at, 0), max(at, 0) + len(text))]
    looped = 1 - len(set(zip(tokens, tokens[1:], tokens[2:], strict=False))) / max(1, len(tokens) - 2)
    if len(tokens) >= 18 and looped > 0.5:
        return [Finding("repetition", min(1.0, looped * 1.2), 0, len(answer))]
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
    script = _script(answer.text)
    if script and script not in tongues.scripts and script != _script(user.text):
        return [Finding("language", 1.0, 0, end)]
    found = _language(answer.words, weights)
    if found and found not in tongues.languages and tongues.languages & weights.common.keys():
        asked = _language(user.words, weights)
        if asked and asked != found:
            return [Finding("language", 0.7, 0, end)]
    return []


def _script(text: str) -> str | None:
    """The script of most letters; `None` where there are few or they are mixed."""
    sample = text[:: 1 + len(text) // 120]
    letters = [ord(letter) for letter in sample if letter.isalpha() or letter > "\u0300"]
    if len(letters) < 12:
        return None
    if text.isascii():
        return "latin"
    top = max(letters)
    counts: Counter[str] = Counter()
    for name, first, last in _SCRIPTS:
        counts[name] += sum(first <= letter <= last for letter in letters) if top >= first else 0
    if counts["kana"] * 8 > counts["han"]:
        counts["kana"] += counts.pop("han", 0)
    name, most = counts.most_common(1)[0]
    return name if most >= 12 and most > 0.7 * sum(counts.values()) else None


def _language(tokens: list[str], weights: Weights) -> str | None:
    """The language whose commonest words are clearly most of those in the text."""
    if len(tokens) < 6:
        return None
    seen = Counter(tokens[:80])
    hits = sorted((sum(seen[word] for word in some), name) for name, some in weights.common.items())
    (second, _), (most, name) = hits[-2:]
    return name if most >= 4 and most > 0.2 * min(len(tokens), 80) and most > 1.7 * second else None
