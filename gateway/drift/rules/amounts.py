"""Amounts are what a persona may not promise, give or estimate: money, discounts, values and times."""

import re
from collections.abc import Iterator

from gateway.drift.lazily import lazily
from gateway.drift.rules.findings import Finding
from gateway.drift.rules.marked import Marked
from gateway.drift.rules.marks import Mark
from gateway.drift.rules.topics import Forbidden, finding
from gateway.drift.rules.words import fold

MONEY = frozenset(["@refund", "@credit", "@compensation", "@discount", "@waive", "@free", "@tab"])
"""These are promised or given."""
GRATIS = frozenset({"@free", "@waive", "@discount"})
"""Nobody names these but to give them, unless they are stored: `the fifth one swims for nothing`."""
EASED = GRATIS | {"@tab"}
"""These make it easier to pay."""
REPAID = frozenset({"@refund", "@credit", "@compensation"})
"""These come back to somebody, by whatever name."""
HAGGLING = MONEY | {"@price", "@pay", "currency"}
"""Whoever wants something for less speaks of these."""
NOTHING = frozenset({"@free", "@waive"})
GIVEN = ["give", "guarantee", "perfect", "done"]
"""So it is given by the persona itself, and not by what is stored."""
UNASSURED = ["receive", "give", "perfect", "passive", "done"]
"""The same without an assurance, which may be supposed only."""
SHOWN = ["receive", "give", "guarantee", "perfect", "passive", "done"]
PRICE = 6
"""Digits of a bare number that may be a price."""
_NUMERAL = lazily(r"[\d一二三四五六七八九十百千万億]")
"""An amount has one of these, which are quicker to look for."""
_CLOCK = lazily(
    r"(?<![\d.,])\d{1,2}(?::\d{2}|[.h]\d{2}(?!\d)|\s?(?:am|pm|uhr|h|点|時|시)(?!\w))", re.IGNORECASE
)
PRICED = frozenset({"@price", "@value", "@pay"})
_BARE = lazily(r"(?<![\d:.])\d{2,3}(?:[ .,]?\d{3})*(?![\d:])")
"""A number without what it counts."""
_WORD = lazily(r"[^\W\d_]+")
_ANY = lazily(r"\d(?:[\d.,]*\d)?")
_SPOKEN = lazily(r"[一二三四五六七八九十百千万億两]+[元块円折割]|[일이삼사오육칠팔구]?[십백천만]+ ?원")
"""It matches a price in characters."""
_SCALES = frozenset({20, 100, 1000})
"""Numbers that a smaller one before them counts: quatre-vingts, two hundred."""
MONTHS = 12
LONG, MANY, SUMMED = 9, 31, 24
"""Digits of an amount, how often a stored one may be counted, and how many of them are put together."""
_PARTS = lazily(r"\d[.,]\d\d(?!\d)")
"""Whole ones with their hundredths."""
_COUNT = lazily(r"(?<!\d)\d{1,2}(?!\d)")
LESS = frozenset({"@discount", "@free", "@waive"})
"""These make something cost less."""
FEW = 3
"""Words of a rule of which one is enough to tell that it is meant."""


def promises(rule: Forbidden, asked: Marked, answer: Marked, known: frozenset[str]) -> Iterator[Finding]:
    """Money and the like that is given, promised or named."""
    wanted = rule.concepts & MONEY
    looked = wanted | (GRATIS if wanted & GRATIS else REPAID if wanted & REPAID else frozenset())
    is_own = "act:promise" in rule.acts and not rule.own.isdisjoint(answer.content)
    if not is_own and looked.isdisjoint(answer.labels) and not _amounts(answer):
        return
    # What is promised of something else, such as the day of a delivery, is no matter of money.
    is_priced = not rule.concepts or not rule.concepts.isdisjoint(HAGGLING)
    is_begged = "dear" in asked.labels or not asked.labels.keys().isdisjoint(MONEY)
    for sentence in answer.sentences:
        start, end = sentence.start, sentence.end
        if sentence.asks or answer.has(start, end, "defer"):
            continue
        objects = [mark for label in looked for mark in answer.within(label, start, end)]
        if "act:promise" in rule.acts:
            objects += _own(rule, answer, start, end)
        amounts = [
            match
            for match in (_amounts(answer) if is_priced else ())
            if start <= match.start() and match.end() <= end and match[0].replace(" ", "") not in known
        ]
        if not objects:
            # What is given is no matter of course for being counted out.
            amounts = [match for match in amounts if not _follows(match, asked, answer, known)]
        for mark in objects:
            low, high = answer.clause(mark.start)
            if answer.denies(low, high, mark, "negation", "unable"):
                continue
            is_stored = not rule.stored.isdisjoint(_kin(mark.label))
            if mark.label in GRATIS - wanted and is_stored:
                continue
            if answer.has(low, high, "condition") and not answer.has(low, high, *UNASSURED):
                # Who only supposes it promises nothing: "if I named a sure day, I'd lie".
                continue
            shown = answer.has(low, high, *(GIVEN if is_stored else SHOWN))
            if is_stored and not amounts and not answer.has(low, high, "guarantee", "self"):
                continue  # "From forty on we send it free" is what is stored.
            promised = answer.has(low, high, "future") and not answer.has(low, high, "condition")
            if shown or promised or (amounts and answer.has(start, end, *SHOWN)):
                yield finding(rule, "promise", 0.8 if shown else 0.55, start, end)
            elif (
                # To ask what something costs is not to ask for credit, or for nothing to pay.
                is_begged
                and mark.label in EASED
                and not is_stored
                and _is_free(answer, low, high)
                and not _is_stored_price(answer, start, end, known)
            ):
                yield finding(rule, "promise", 0.55, start, end)
        for match in amounts:
            low, high = answer.clause(match.start())
            if answer.has(low, high, "negation", "unable"):
                continue
            if wanted and answer.has(low, high, *MONEY - looked) and not answer.has(low, high, *looked):
                continue  # "Ten percent off" is a discount, and no refund.
            if answer.has(low, high, "receive", "give"):
                yield finding(rule, "promise", 0.7, start, end)
            elif (
                wanted and answer.has(low, match.start(), "future") and not answer.has(low, high, "condition")
            ):
                yield finding(rule, "promise", 0.55, start, end)


def bargains(rule: Forbidden, asked: Marked, answer: Marked) -> Iterator[Finding]:
    """Find a number that is stored nowhere, named to whoever finds a price too high."""
    labels = asked.labels.keys()
    if (rule.concepts & GRATIS).isdisjoint(LESS) or ("dear" not in labels and labels.isdisjoint(LESS)):
        return
    if "give" not in answer.labels:
        return
    for mark in answer.labels["give"]:
        sentence = answer.sentence(mark.start)
        start, end = sentence.start, sentence.end
        if sentence.asks or answer.has(start, end, "negation", "unable", "defer"):
            continue
        if _is_new_number(rule, asked, answer, start, end):
            yield finding(rule, "promise", 0.6, start, end)
            return


def _is_new_number(rule: Forbidden, asked: Marked, answer: Marked, start: int, end: int) -> bool:
    """Tell whether a number is said that neither the prompt nor the user has, in digits or in words."""
    told = [re.sub(r"\D", "", match[0]) for match in _ANY.finditer(answer.text, start, end)]
    book = answer.phrasebook
    told += [str(value) for value in _spoken(answer, start, end) if value > 1]
    theirs = asked.digits
    spoken = _SPOKEN.search(answer.text, start, end) is not None if book.glyphs else False
    return spoken or any(one not in rule.digits and one not in theirs for one in told)


def _spoken(answer: Marked, start: int, end: int) -> list[int]:
    """Read the numbers in words, several together as one: "a hundred and twenty"."""
    counts, ands = answer.phrasebook.counts, answer.phrasebook.ands
    found: list[int] = []
    is_open = False
    for match in _WORD.finditer(answer.text, start, end):
        word = fold(match[0])
        value = counts.get(word)
        if value is None:
            is_open = is_open and word in ands
            continue
        last = found[-1] if found and is_open else 0
        if last and value in _SCALES and last < value:
            found[-1] = last * value
        elif last and value < last and (last % 100 == 0 or (last % 10 == 0 and value < 10) or last % 20 == 0):
            found[-1] = last + value
        else:
            found.append(value)
        is_open = True
    return found


def _follows(match: re.Match[str], asked: Marked, answer: Marked, known: frozenset[str]) -> bool:
    """Tell whether an amount is what stored ones come to: two at six hundred, or one beside the other."""
    value = _cents(match[0])
    stored = {one for text in known if (one := _cents(text))}
    if not value or len(stored) > SUMMED:
        return False
    several = {k for k in _counts(asked) | _counts(answer) | {MONTHS} if 1 < k <= MANY}
    many = {one * k for one in stored for k in several}
    parts = stored | many
    if value in many or any(value - one in parts and (value != 2 * one or one in many) for one in parts):
        return True
    pairs = {a + b for a in stored for b in stored if a != b}
    return any(value == one * k for one in pairs for k in several)


def _cents(amount: str) -> int:
    """Read an amount in hundredths; nothing for one of too many digits."""
    digits = re.sub(r"\D", "", amount)
    if not 0 < len(digits) <= LONG:
        return 0
    return int(digits) * (1 if _PARTS.search(amount) else 100)


def _counts(reading: Marked) -> set[int]:
    """Give the numbers of a text, in digits and in words."""
    told = {int(match[0]) for match in _COUNT.finditer(reading.text)}
    words = reading.phrasebook.counts
    return told | {words[one] for match in _WORD.finditer(reading.text) if (one := fold(match[0])) in words}


def _amounts(answer: Marked) -> list[re.Match[str]]:
    """The amounts of an answer, looked for once for all rules."""
    if answer.amounts is None:
        is_there = _NUMERAL.search(answer.text) is not None
        answer.amounts = list(answer.phrasebook.amount.finditer(answer.text)) if is_there else []
    return answer.amounts


def _is_stored_price(answer: Marked, start: int, end: int, known: frozenset[str]) -> bool:
    """Tell whether all that is said there is told with stored prices: `from 39 € on delivery is free`."""
    said = [one[0].replace(" ", "") for one in _amounts(answer) if start <= one.start() and one.end() <= end]
    return bool(said) and all(one in known for one in said)


def _is_free(answer: Marked, low: int, high: int) -> bool:
    """Tell whether nothing before was turned down, for which this would be small comfort, or is supposed."""
    return not answer.has(0, low, "negation", "unable") and not answer.has(low, high, "condition")


def _kin(label: str) -> frozenset[str]:
    """Groups of words that are told in one another's words."""
    return NOTHING if label in NOTHING else frozenset({label})


def _own(rule: Forbidden, answer: Marked, start: int, end: int) -> list[Mark]:
    """The rule's own words in a sentence, if they are enough to tell what it is about."""
    found = [
        Mark(a, b, stem)
        for stem in rule.own & answer.content
        for a, b in answer.stems[stem]
        if start <= a and b <= end
    ]
    few = (len(rule.stems) <= FEW or answer.has(start, end, "guarantee")) and not answer.phrasebook.glyphs
    return found if few or len({mark.label for mark in found}) > 1 else []


def foretold(rule: Forbidden, asked: Marked, answer: Marked) -> Iterator[Finding]:
    """Find what is to come and not to be foretold, told as certain to whoever asks about it."""
    if "act:estimate" not in rule.acts:
        return
    is_asked = not rule.own.isdisjoint(asked.content) or not rule.concepts.isdisjoint(asked.labels)
    for mark in answer.labels.get("foretold", ()):
        sentence = answer.sentence(mark.start)
        start, end = sentence.start, sentence.end
        if sentence.asks or answer.has(start, end, "negation", "unable", "condition", "defer"):
            continue
        own = any(start <= at < end for stem in rule.own & answer.content for at, _ in answer.stems[stem])
        if own or (is_asked and any(answer.within(one, start, end) for one in rule.concepts)):
            yield finding(rule, "estimate", 0.55, start, end)


def named(
    rule: Forbidden, asked: Marked, answer: Marked, known: frozenset[str] = frozenset()
) -> Iterator[Finding]:
    """A bare number, named to whoever asks for a price or a value that is not to be named."""
    if rule.concepts.isdisjoint(PRICED) or asked.labels.keys().isdisjoint(PRICED):
        return
    # Whoever asks what there is to pay does not ask what a thing of his is worth.
    if rule.concepts.isdisjoint(asked.labels) and rule.own.isdisjoint(asked.content):
        return
    right = [one.span() for one in _amounts(answer) if _follows(one, asked, answer, known)]
    for match in _BARE.finditer(answer.text):
        if any(start <= match.start() < end for start, end in right):
            continue
        sentence = answer.sentence(match.start())
        start, end = sentence.start, sentence.end
        said = re.sub(r"\D", "", match[0])
        if said in rule.digits or said in asked.digits or sentence.asks or len(said) > PRICE:
            continue
        if not answer.has(start, end, "unable", "negation", "defer", "condition"):
            yield finding(rule, "estimate", 0.55, start, end)


def estimates(rule: Forbidden, asked: Marked, answer: Marked, known: frozenset[str]) -> Iterator[Finding]:
    """A value or a time that the persona is not to name."""
    text = answer.text
    is_time = bool(rule.concepts & {"@repair", "@deliver", "@time", "@visit"})
    for sentence in answer.sentences:
        start, end = sentence.start, sentence.end
        if sentence.asks or answer.has(start, end, "unable"):
            continue
        if rule.concepts & {"@value", "@price", "@compensation"}:
            for match in _amounts(answer):
                inside = start <= match.start() and match.end() <= end
                if (
                    inside
                    and match[0].replace(" ", "") not in known
                    and not _follows(match, asked, answer, known)
                    and not answer.has(*answer.clause(match.start()), "negation")
                ):
                    strength = 0.7 if answer.has(start, end, "@value", "@compensation") else 0.45
                    yield finding(rule, "estimate", strength, start, end)
            for mark in answer.within("number", start, end):
                if answer.has(start, end, "@value") and answer.has(start, end, "currency"):
                    yield finding(rule, "estimate", 0.6, mark.start, end)
        if is_time and answer.has(start, end, *(rule.concepts & {"@repair", "@deliver", "@visit"})):
            clock = [match.span() for match in _CLOCK.finditer(text, start, end) if match[0] not in known]
            times = clock + [mark[:2] for mark in answer.within("@time", start, end)]
            if times and answer.has(start, end, "future", "receive", "guarantee", "passive", "done"):
                yield finding(rule, "estimate", 0.65 if clock else 0.5, start, end)
