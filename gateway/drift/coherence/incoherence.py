"""An answer hangs together with the turn before it, with its language, and in itself, or does not."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from operator import mul

import msgspec

from gateway.drift.coherence.identification import CLEARLY, SEEN, identify
from gateway.drift.coherence.relevance import FEATURES, Excerpt, Rarity, excerpt, features, grams
from gateway.drift.language import Languages
from gateway.drift.lazily import lazily
from gateway.drift.scripts import LATIN, is_latin, script
from gateway.drift.sentences import parts
from gateway.drift.text import LONG, Text

_STOPS, _SENTENCE = ".!?\n。！？…", 12
"""Signs that a text is cut at, and characters of a sentence that is worth a look."""
_RUN = lazily(r"([^\W\d_])\1{14,}|([^\s.…_*=#~─━-])\2{39,}")
_OFTEN = 3
"""The same sentence so often is a repetition."""
_GAP, _LONG = " " * 40, 15
"""A run of one sign leaves this gap between words, and a word of so many letters may be a run of one."""
_END = lazily(r"[\w,;，、；-]\s*$")
_GARBAGE = lazily(
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
"""Garbage of the kinds above has one of these or a control character in it."""
_SIGNS = "<>]#:\ufffdÃâ"
"""Each of those has one of these, which is quicker to look for."""
_CONTROL = lazily(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")
_WEIGHT = {
    "empty": 6.0,
    "garbage": 3.5,
    "repetition": 4.5,
    "repeats-earlier": 3.0,
    "language": 3.0,
    "cut": 0.5,
}
"""A flaw of full strength adds this to the log odds."""


_SOUND = 0.019
"""Beliefs below this have the best grade, and need no rounding, which takes longer than all else of it."""


class Flaw(msgspec.Struct, frozen=True):
    """One thing that does not hang together, and where in the answer it stands."""

    name: str
    strength: float
    start: int
    end: int


class Incoherence(msgspec.Struct, frozen=True):
    """The log odds that the answer does not hang together, and what speaks for it."""

    log_odds: float
    flaws: tuple[Flaw, ...] = ()


class Relevance(msgspec.Struct, frozen=True):
    """The learnt part: how rare words are, how much each feature weighs, which languages have which words."""

    rarity: Rarity
    weights: list[float]
    common: dict[str, tuple[str, ...]]
    """The languages that a word is among the commonest of."""
    languages: frozenset[str]
    """The languages that can be told by such words."""


class Repertoire(msgspec.Struct, frozen=True):
    """The scripts and languages that a persona may be heard in."""

    scripts: frozenset[str]
    languages: frozenset[str]
    ours: frozenset[str] = frozenset()
    """The commonest words of one of these languages."""
    strange: frozenset[str] = frozenset()
    """The commonest words of all other languages."""


class _File(msgspec.Struct, frozen=True):
    rarity: str
    weights: dict[str, float]
    common: dict[str, list[str]]


def load(data: bytes) -> Relevance:
    """Read the packaged weights."""
    file = msgspec.json.decode(data, type=_File)
    common: dict[str, tuple[str, ...]] = {}
    for language, some in sorted(file.common.items()):
        for word in some:
            common[word] = (*common.get(word, ()), language)
    weights = [file.weights[name] for name in FEATURES]
    return Relevance(Rarity(file.rarity), weights, common, frozenset(file.common))


def repertoire(language: str, examples: Iterable[str], learnt: Relevance, languages: Languages) -> Repertoire:
    """Say in what a persona of this language with these example lines may be heard."""
    lines = [line for line in examples if line]
    heard = {found for line in lines if (found := identify(excerpt(Text(line)).words, learnt.common))}
    scripts = {found for line in lines if (found := script(line))}
    spoken, common = {language} | heard, learnt.common
    return Repertoire(
        frozenset({languages.script(language)} | scripts),
        frozenset(spoken),
        frozenset(word for word, known in common.items() if language in known),
        frozenset(word for word, known in common.items() if not spoken.issuperset(known)),
    )


def incoherence(
    user: Text, answer: Text, repertoire: Repertoire, learnt: Relevance, *, earlier: Sequence[str] = ()
) -> Incoherence:
    """Hold the answer against the user's turn, the persona's languages and its own `earlier` answers."""
    text = answer.text
    if not text.strip():
        return Incoherence(_WEIGHT["empty"], (Flaw("empty", 1.0, 0, len(text)),))
    asked, told = excerpt(user), excerpt(answer)
    evidence = 0.0
    if len(asked.words) > 2:
        evidence = sum(map(mul, learnt.weights, features(asked, told, learnt.rarity)))
    flaws = [*_garbage(text), *_repetition(answer, told.words, earlier), *_cut(text)]
    flaws += _foreign(asked, told, answer, repertoire, learnt)
    if evidence > 1:
        flaws.append(Flaw("unrelated", round(1 - math.exp(1 - evidence), 3), 0, len(text)))
    added = sum(_WEIGHT.get(flaw.name, 0) * flaw.strength for flaw in flaws)
    return Incoherence(evidence + added, tuple(flaws))


def grade(belief: float) -> float:
    """1 to 5, where 5 hangs together: 3 is an even chance, the prior gives 4.5, 2 % or less gives 5."""
    if belief < _SOUND:
        return 5.0
    odds = math.log(max(belief, 1e-9) / max(1 - belief, 1e-9))
    return round(max(1.0, min(5.0, 3 - 2 * odds / math.log(49))), 1)


def _garbage(answer: str) -> list[Flaw]:
    is_suspect = any(map(answer.__contains__, _SIGNS)) and any(map(answer.__contains__, _SUSPECT))
    if not is_suspect and (answer.isprintable() or not _CONTROL.search(answer)):
        return []
    found = _GARBAGE.search(answer[:8000]) or _GARBAGE.search(answer, max(8000, len(answer) - 2000))
    if not found:
        return []
    trailing = not answer[found.end() :].strip() and found.group().startswith(("<", "["))
    return [Flaw("garbage", 0.6 if trailing else 1.0, *found.span())]


def _repetition(said: Text, tokens: list[str], earlier: Sequence[str]) -> list[Flaw]:
    answer = said.text
    seen = answer[:8000]
    if _may_run(said, seen) and (run := _RUN.search(seen)):
        return [Flaw("repetition", 0.6, *run.span())]
    return _repeated(answer, seen) or _looped(answer, tokens) or _repeats(answer, earlier)


def _may_run(said: Text, seen: str) -> bool:
    """Tell whether one character may be there again and again: no run is longer than what it stands in."""
    if len(said.ends) > 1:
        return max(map(len, seen.split()), default=0) >= _LONG
    read = said.ends[0]
    return bool(read.notes & LONG) or _GAP in read.bare


def _repeated(answer: str, seen: str) -> list[Flaw]:
    """Find the same sentence again and again."""
    cut = [one for one in parts(seen, _STOPS) if len(one) >= _SENTENCE]
    if len(cut) < _OFTEN:
        return []
    found = [sentence.strip().lower() for sentence in cut]
    if len(found) - len(set(found)) < 2:
        return []
    sentences = Counter(found)
    text, times = max(sentences.items(), key=lambda item: item[1], default=("", 0))
    share = sum(len(each) * (count - 1) for each, count in sentences.items()) / (len(seen) + 1)
    if times >= _OFTEN and share > 0.3:
        at = answer.lower().find(text)
        return [Flaw("repetition", min(1.0, share * 1.4), max(at, 0), max(at, 0) + len(text))]
    return []


def _looped(answer: str, tokens: list[str]) -> list[Flaw]:
    """Find the same words again and again. Where half of them differ, so do half of the runs of three."""
    if len(tokens) < 18 or len(set(tokens)) > len(tokens) / 2 + 1:
        return []
    looped = 1 - len(set(zip(tokens, tokens[1:], tokens[2:], strict=False))) / max(1, len(tokens) - 2)
    return [Flaw("repetition", min(1.0, looped * 1.2), 0, len(answer))] if looped > 0.5 else []


def _repeats(answer: str, earlier: Sequence[str]) -> list[Flaw]:
    if len(answer) >= 60 and any(_same(answer, before) for before in earlier):
        return [Flaw("repeats-earlier", 1.0, 0, len(answer))]
    return []


def _same(answer: str, before: str) -> bool:
    if not 0.8 < (len(answer) + 1) / (len(before) + 1) < 1.25:
        return False
    ours, theirs = grams(answer[:600]), grams(before[:600])
    return len(ours & theirs) > 0.85 * len(ours | theirs)


def _cut(answer: str) -> list[Flaw]:
    fence = answer.rfind("```") if answer.count("```") % 2 else -1
    if fence >= 0:
        return [Flaw("cut", 1.0, fence, len(answer))]
    if len(answer) > 240 and (end := _END.search(answer, len(answer) - 8)):
        return [Flaw("cut", 0.6, end.start(), len(answer))]
    return []


def _foreign(
    user: Excerpt, answer: Excerpt, whole: Text, repertoire: Repertoire, learnt: Relevance
) -> list[Flaw]:
    """Find an answer in a script or language that neither the persona nor the user speaks."""
    is_plain = LATIN in repertoire.scripts and is_latin(whole.beyond_ascii)
    written = None if is_plain else script(answer.text)
    if written and written not in repertoire.scripts and written != script(user.text):
        return [Flaw("language", 1.0, 0, len(whole))]
    if _is_at_home(answer.words, repertoire):
        return []
    found = identify(answer.words, learnt.common)
    if found and found not in repertoire.languages and repertoire.languages & learnt.languages:
        asked = identify(user.words, learnt.common)
        if asked and asked != found:
            return [Flaw("language", 0.7, 0, len(whole))]
    return []


def _is_at_home(words: list[str], repertoire: Repertoire) -> bool:
    """Tell whether so many of the words are the persona's that no other language can be clearly more."""
    seen = words[:SEEN]
    strange = sum(map(repertoire.strange.__contains__, seen))
    return strange <= CLEARLY * sum(map(repertoire.ours.__contains__, seen))
