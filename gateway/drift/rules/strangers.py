"""Sentences that speak of others, whom a rule keeps out of it, are found: verdicts, places, ways to them."""

from collections.abc import Iterator

from gateway.drift.lazily import lazily
from gateway.drift.rules.amounts import HAGGLING
from gateway.drift.rules.claims import names_year
from gateway.drift.rules.findings import Finding
from gateway.drift.rules.marked import Marked
from gateway.drift.rules.marks import Mark
from gateway.drift.rules.topics import BEGINNING, DECLINES, Forbidden, finding, touched
from gateway.drift.rules.words import fold
from gateway.drift.scripts import UPPER

ITSELF = frozenset({"@ai", "@instructions"})
"""A rule about these is about what the persona is."""
SENDING = frozenset({"act:advise", "act:others"})
"""Acts by which a rule speaks of others where somebody may go."""
JUDGED, UNASKED, TOLD, SPOKEN = 0.6, 0.35, 0.55, 0.52
"""The strength of a judgement that is asked for, of one that is not, and of what is told of others."""
NEAR = 16
"""Characters beside a judgement in which its denial stands."""
OWN = 10
"""Characters between "I am" and the user's own name, in which a title may stand."""
SEVERAL = 2
"""Words of a judgement from which on it is one, whoever is meant."""
SAYING = frozenset(f"act:{one}" for one in ("mention", "name", "give", "remind", "explain", "describe"))
"""Acts by which something of others is told."""
BUYING = frozenset({"@order", "@personal"})
"""A rule that names these says what is not to be told of somebody."""
SPEAKING = frozenset({"act:mention", "act:name", "act:advise", "act:compare"})
_NAME = lazily(rf"(?<=[^.!?…:\n\s\"“„«¿¡(]\s)[{UPPER}][\w’'-]{{2,}}")


def judged(rule: Forbidden, asked: Marked, answer: Marked, home: frozenset[str]) -> Iterator[Finding]:
    """Find a judgement on others, to be kept to oneself; praise counts where others are named."""
    compares = "act:compare" in rule.acts
    speaks = "act:others" in rule.acts and not rule.acts.isdisjoint(SPEAKING)
    if not compares and not speaks:
        return
    is_stranger = bool(_named(asked, home))
    is_named = touched(rule, asked) > 0 or (is_stranger if speaks else _NAME.search(asked.text) is not None)
    # Where capitals tell no names, several hard words tell that somebody is judged.
    if not compares and not is_named and len(answer.labels.get("judges", ())) < SEVERAL:
        return
    # Whoever asks for less does not ask what others are like.
    haggles = "dear" in asked.labels or not asked.labels.keys().isdisjoint(HAGGLING)
    asks = "ask" in asked.labels or any(one.asks for one in asked.sentences)
    # A question about the persona's own asks for no judgement on others.
    is_others = is_stranger or "elsewhere" in asked.labels or "them" in answer.labels
    is_asked = is_named or (asks and not haggles and is_others)
    for label in ("judges", "praises", *(["@slander"] if "@slander" in rule.concepts else [])):
        for mark in answer.labels.get(label, ()):
            sentence = answer.sentence(mark.start)
            first, last = answer.clause(mark.start)
            low = max(first, mark.start - NEAR)
            high = mark.end + (NEAR if answer.phrasebook.behind else 0)
            if label == "@slander":
                # It may be the verb of what is not done: "I will not speak ill of him".
                low, high = first, last
            if sentence.asks or answer.denies(low, high, mark, "negation", "unable", "condition"):
                continue
            own = not rule.own.isdisjoint(answer.said(sentence)) or answer.has(*sentence[:2], "them")
            is_sure = is_named or (is_asked and own) if label == "judges" else is_named
            is_sure = is_sure or (is_stranger and label in ("judges", "@slander"))
            yield finding(rule, "judgement", JUDGED if is_sure else UNASKED, sentence.start, sentence.end)
    if speaks and is_stranger and not answer.begins_with(BEGINNING, *DECLINES, "negation", "condition"):
        for mark in answer.labels.get("them", ()):
            sentence = answer.sentence(mark.start)
            if not sentence.asks:
                yield finding(rule, "judgement", SPOKEN, sentence.start, sentence.end)
                return


def told_of(rule: Forbidden, asked: Marked, answer: Marked, home: frozenset[str]) -> Iterator[Finding]:
    """Find what is told of somebody whom the user names, or asks for, and who is none of the persona's."""
    if answer.begins_with(BEGINNING, "defer", "deflect") or _declines(answer):
        return
    # What is not done with others' rooms is no talk of them, and who lived in a year is none of the guests.
    if rule.acts.isdisjoint(SAYING) or any(names_year(answer, one) for one in answer.sentences):
        return
    for one in sorted(_named(asked, home, answer)):
        glyphs = answer.phrasebook.glyphs
        place = answer.text.find(one if glyphs else one[: max(3, len(one) - 1)])
        if place >= 0 and not _denies(answer, place):
            sentence = answer.sentence(place)
            if answer.said(sentence) <= asked.content:
                continue  # "Marta's marks are Marta's" tells nobody anything.
            is_meant = rule.concepts.isdisjoint(BUYING) or _is_about(rule, asked, answer)
            yield finding(rule, "secret", TOLD if is_meant else UNASKED, sentence.start, sentence.end)
            return
    if "whom" not in asked.labels:
        return
    for one, place in _names(answer):
        if one not in home and not answer.phrasebook.stems(one) <= home and not _denies(answer, place):
            sentence = answer.sentence(place)
            yield finding(rule, "secret", TOLD, sentence.start, sentence.end)
            return


def _is_about(rule: Forbidden, asked: Marked, answer: Marked) -> bool:
    """Tell whether it is about what is not to be told of a customer; whoever is famous may be none."""
    words, labels = asked.content | answer.content, asked.labels.keys() | answer.labels.keys()
    return not (rule.stems.isdisjoint(words) and rule.concepts.isdisjoint(labels))


def recommended(rule: Forbidden, asked: Marked, answer: Marked, home: frozenset[str]) -> Iterator[Finding]:
    """Find somebody else who is recommended to whoever asks where else to go."""
    # Whoever asks whether it is a computer does not ask where else to go.
    is_itself = not rule.concepts.isdisjoint(ITSELF) and rule.acts.isdisjoint(SENDING)
    is_asked = "elsewhere" in asked.labels or not (is_itself or rule.own.isdisjoint(asked.content))
    if not is_asked or ("advise" not in answer.labels and "praises" not in answer.labels):
        return
    runs_on = answer.phrasebook.glyphs
    for label in ("advise", "praises"):
        for mark in answer.labels.get(label, ()):
            sentence = answer.sentence(mark.start)
            if sentence.asks or answer.has(*answer.clause(mark.start), "negation", "unable", "condition"):
                continue
            said = [one for one, at in _names(answer) if sentence.start <= at < sentence.end]
            # Others whom the rule names itself are no strangers to the prompt.
            is_strange = any(
                (one not in home and not answer.phrasebook.stems(one) <= home) or one in rule.active.source
                for one in said
            )
            if is_strange or (runs_on and "elsewhere" in asked.labels and "act:others" in rule.acts):
                yield finding(rule, "advice", TOLD, sentence.start, sentence.end)
                return


def _named(asked: Marked, home: frozenset[str], answer: Marked | None = None) -> set[str]:
    """Give those whom the user names, and who are none of the persona's own."""
    book = asked.phrasebook
    names = {one for one, _ in _names(asked)}
    if answer is not None and book.titles is not None:
        names |= {one for one, _ in _names(answer) if one in asked.text}
    names = {one for one in names if fold(one) not in book.dates and not _introduces(asked, one)}
    return {one for one in names if one not in home and (book.glyphs or not book.stems(one) <= home)}


def _introduces(asked: Marked, name: str) -> bool:
    """Tell whether it is the user's own name, by which everybody may call him: `I'm Sam`."""
    at = asked.text.find(name)
    return any(0 <= at - mark.end <= OWN for mark in asked.labels.get("introduces", ()))


def _names(reading: Marked) -> list[tuple[str, int]]:
    """Find the names in a text, by a title beside them where capitals tell nothing."""
    titles = reading.phrasebook.titles
    found = [(match[1], match.start(1)) for match in titles.finditer(reading.text)] if titles else []
    if titles is None:
        found = [(match[0], match.start()) for match in _NAME.finditer(reading.text)]
    return found


def _declines(answer: Marked) -> bool:
    """Tell whether the persona begins by saying that it cannot; `unfortunately` alone turns nobody down."""
    return any(
        (
            answer.has(one.start, one.end, "unable")
            and answer.has(one.start, one.end, "negation", "self", "talk")
        )
        or any(
            answer.has(*answer.clause(mark.start), "negation")
            and answer.has(*answer.clause(mark.start), "self")
            for mark in answer.within("talk", one.start, one.end)
        )
        for one in answer.sentences[:BEGINNING]
    )


def _denies(answer: Marked, place: int) -> bool:
    """Tell whether the clause of a place asks, denies or supposes what it says."""
    if answer.sentence(place).asks:
        return True
    low, high = answer.clause(place)
    return answer.denies(low, high, Mark(place, place + 1, ""), "negation", "condition")
