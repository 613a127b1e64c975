"""A persona must do some things; an answer that had reason to is looked at for whether it has."""

from collections.abc import Iterator, Set

from gateway.drift import emergency
from gateway.drift.lazily import lazily
from gateway.drift.rules.duty import SOFT, Duty
from gateway.drift.rules.findings import Finding
from gateway.drift.rules.happened import is_denied, is_supposed
from gateway.drift.rules.marked import Marked
from gateway.drift.rules.topics import AILING
from gateway.drift.rules.wording import WANT

_EQUATION = lazily(r"\d\s*[=+*/×÷^:]\s*-?\d|\d\s[-−]\s\d|\b\d*[a-z]\s*[=+*/×÷^²−-]\s*-?\d|[²³√]|\b\d+[xyz]\b")
"""So an exercise is written, by whatever name it goes."""
_NUMBER = lazily(r"(?<![\d.,])\d{2,3}(?![\d.,]*\d)")
SHORT = 3
"""An answer of so few words need not do anything."""
COMMON = 0.35
"""The weight of a word of an occasion that the persona's other texts have, too."""
HALF = 0.5
"""The share of an occasion's words from which on a single one tells it."""
DECLINED = 0.5
"""Tell how far an occasion is still one for whoever has been turned down."""
MAYBE, FAINT = 0.4, 0.3
"""Beliefs that it is the occasion that make it worth a look, and no more."""
UNTELLING = 2
"""Words of a turn up to which it says nothing by itself."""
GROUPS = frozenset(
    [
        "@danger",
        "@outage",
        "@lost",
        "@photo",
        "@allergy",
        "@human",
        "@medicine",
        "@hurt",
        "@pregnant",
        "@bullied",
        "@gas",
        "@fraud",
    ]
)
"""Groups of words that make an occasion by themselves."""
CHILDISH = frozenset({"on:sad", "on:afraid", "on:goodnight", "on:alone", "on:bully"})
"""So children speak of themselves to a persona that is there for them."""
PIECE = "on:piece"
"""A verse or motto that is to be said stands somewhere else, and has other words."""
SEVERAL = 3
"""Words of an occasion from which on it tells of several things, of which a group may mean another."""
SOLD = frozenset({"@gas", "@photo", "@medicine"})
"""A persona may deal in these every day."""
OWN = 0.8
"""Tell how surely it is the occasion where the answer itself speaks of it."""
UNTOLD = 0.5
"""Tell how far a duty may be done in words that it has not."""
ORDERED = 0.6
"""Tell how far an answer ends as it is to that ends with no question, and may end with something else."""
ANYTHING = frozenset({"@time", "@weather"})
"""Words of these are in many answers, and show no duty done."""
GRAVE = frozenset({"@danger", "@hurt", "@ill", "@gas"})
"""Whoever tells of these is helped, and need not be asked anything."""
EXERCISES = frozenset({"@homework", "@solution"})
"""Whoever tells of these may be at an exercise."""
SUDDEN = frozenset({"@danger", "@hurt"})
HARM = frozenset({"@danger", "@hurt", "@bullied", "@gas"})
"""These do where the occasion speaks of a child, which the user may be without saying so."""


def due(duty: Duty, asked: Marked) -> float:
    """Tell how surely this is the occasion, from 0 to 1."""
    if duty.asks_back and not asked.labels.keys().isdisjoint(GRAVE):
        return 0.0
    if duty.is_drill:
        return _drilled(duty, asked)
    if duty.is_always or (duty.ends_asking and not duty.occasion):
        return 1.0
    # "Yes, take it" says nothing of what it is about, and may be any occasion; so may any where none is told.
    is_open = len(asked.content) <= UNTELLING or not (duty.occasion or duty.groups)
    told = _told(duty, asked)
    # What happens in somebody's novel happens to nobody, and whoever cancels books nothing.
    is_other = "fiction" in asked.labels or ("@book" in duty.groups and _cancels(duty, asked))
    return max(told * DECLINED if is_other else told, FAINT if is_open else 0.0)


def _drilled(duty: Duty, asked: Marked) -> float:
    """Tell how surely an exercise is asked: it is called one, or written out."""
    is_called = not (EXERCISES.isdisjoint(asked.labels) and duty.occasion.isdisjoint(asked.content))
    return 1.0 if is_called or _EQUATION.search(asked.text) else FAINT


def _cancels(duty: Duty, asked: Marked) -> bool:
    return "@cancel" in asked.labels and "@cancel" not in duty.groups | duty.concepts


def _told(duty: Duty, asked: Marked) -> float:
    """Tell the same by the words of the user's turn."""
    said = asked.labels.keys() - {label for label in AILING & duty.groups if is_denied(asked, label)}
    if AILING & duty.groups and not said & duty.groups and AILING & duty.groups & asked.labels.keys():
        return 0.0  # "Nobody is hurt" says that it is not the occasion.
    heard = duty.occasion & asked.content
    heard |= asked.alike(duty.occasion - heard) | asked.inflected(duty.occasion - heard)
    if duty.kinds:
        heard |= {word for word, kinds in duty.kinds.items() if not kinds.isdisjoint(asked.kinds)}
    if heard and duty.light and WANT in asked.kinds:
        heard |= duty.light
    if duty.is_doing and not duty.groups:
        # What the persona is about to do shows in its answer, to whoever understands it.
        return FAINT if heard else 0.0
    is_literal = not duty.occasion.isdisjoint(asked.content)
    hits = sum(COMMON if one in duty.common else 1.0 for one in heard)
    groups = len((duty.groups - {"@child"}) & asked.labels.keys())
    is_child = "@child" in duty.groups
    sudden = HARM if is_child and said.isdisjoint({"@child", "minor"}) else GROUPS
    struck = duty.groups & said & sudden
    if struck and all(is_supposed(asked, one) for one in struck):
        return MAYBE
    if struck or (is_child and "minor" in said):
        is_vague = _is_vague(duty, struck, heard, is_literal=is_literal)
        return MAYBE if is_vague and not (is_child and "minor" in said) else 0.9
    if duty.is_childs:
        # Who speaks of a child may be none, and only somebody who understands it can tell.
        return MAYBE if "@child" in said else 0.0
    if not duty.occasion:
        return 0.6 if groups else 0.0
    if not heard:
        return 0.25 if groups else 0.0
    # Who else is lost is not the child that an occasion tells of.
    is_anybody = not is_child or not said.isdisjoint({"@child", "minor"}) or _is_childish(duty, heard)
    parts = duty.either if is_anybody and duty.either else (duty.occasion,)
    share = max(_share(duty, one, heard | (duty.groups & said)) for one in parts)
    if not is_anybody:
        share *= len(duty.occasion) / (len(duty.occasion) + 1)
    # A word of the same kind as an everyday one, "come up by bus" for a tour, is no sure sign.
    is_said = hits >= 1 or is_literal
    is_part = any(part & heard and part <= heard | duty.light for part in parts)
    if AILING & duty.groups and not is_literal and len(heard) == 1 and not is_part:
        return MAYBE  # An ache is told in many words, and is one in the chest in few of them.
    if hits >= 2 or (is_said and share > HALF):
        return 0.8 if share >= 0.34 or hits >= 3 else 0.5
    return MAYBE if hits and (groups or share > HALF) else 0.25 if hits or groups else 0.0


def _is_vague(duty: Duty, struck: Set[str], heard: Set[str], *, is_literal: bool) -> bool:
    """Tell whether a group of words alone tells an occasion that says more, or many things.

    Somebody has lost something, which may be no passport; the gas that is sold here is none that smells.
    """
    if struck <= SOLD and heard and not is_literal:
        return True  # What is seen in pictures is not to be photographed.
    if struck <= SOLD and heard <= duty.common | duty.dealt:
        return not duty.occasion <= heard
    if not struck <= SOFT or not heard <= duty.soft:
        return False
    if struck == {"@hurt"} and not heard and len(duty.occasion) >= SEVERAL:
        return True
    return not duty.occasion <= duty.told and not any(part <= heard | duty.soft for part in duty.either)


def _is_childish(duty: Duty, heard: Set[str]) -> bool:
    """Tell whether the occasion is one of which children tell."""
    return any(not kinds.isdisjoint(CHILDISH) for word, kinds in duty.kinds.items() if word in heard)


def _share(duty: Duty, words: frozenset[str], heard: Set[str]) -> float:
    """Tell how much of an occasion the user's turn has, where everyday words of the persona count little."""
    weights = {one: COMMON if one in duty.common else 1.0 for one in words}
    total = sum(weights.values())
    return sum(weights[one] for one in words & heard) / total if total else 0.0


def is_done(duty: Duty, answer: Marked) -> float:
    """Tell how surely the answer does it."""
    if duty.ends_asking:
        last = answer.sentences[-1] if answer.sentences else None
        if last is not None and last.asks:
            return 1.0
        # Whether an order or "a next step" stands there only somebody who understands it can tell.
        return ORDERED if duty.may_end_otherwise else 0.0
    if duty.asks_back:
        return 1.0 if any(one.asks for one in answer.sentences) else 0.0
    if duty.anchors:
        digits = answer.digits
        lowered = answer.text.lower()
        if any(one in digits or one.lower() in lowered for one in duty.anchors):
            return 1.0
        calls = not emergency.NUMBERS.isdisjoint(duty.anchors) and not emergency.NUMBERS.isdisjoint(
            _NUMBER.findall(lowered)
        )
        return 1.0 if calls else 0.0
    if not duty.stems and duty.glyphs:
        return min(1.0, 2 * sum(one in answer.text for one in duty.glyphs) / len(duty.glyphs))
    if not duty.stems and not duty.concepts:
        return 1.0
    done = duty.stems & answer.content
    if duty.ways and done != duty.stems:
        done |= {word for word, kinds in duty.ways.items() if not kinds.isdisjoint(answer.kinds)}
    hits = len(done & duty.stems)
    groups = len((duty.concepts - ANYTHING if duty.stems else duty.concepts) & answer.labels.keys())
    share = hits / max(1, len(duty.stems))
    asks = any(one.asks for one in answer.sentences)
    told = share * 2 + 0.5 * bool(groups) + (0.25 if hits and asks else 0)
    if duty.glyphs and len(duty.stems) == 1:
        # Single characters tell what hardly any longer word does.
        told = max(told, 2 * sum(one in answer.text for one in duty.glyphs) / len(duty.glyphs))
    return min(1.0, max(told, UNTOLD if duty.is_vague else 0.0))


def _turns_down(answer: Marked) -> bool:
    """Tell whether the answer begins by saying that it cannot: then what belongs to doing it is not due."""
    return any(
        answer.has(one.start, one.end, "unable")
        or (answer.has(one.start, one.end, "negation") and answer.has(one.start, one.end, "self"))
        for one in answer.sentences[:1]
    )


def undone(duty: Duty, asked: Marked, answer: Marked) -> Iterator[Finding]:
    """A duty that was due and has not been done."""
    occasion = due(duty, asked)
    if duty.is_own and occasion < OWN:
        occasion = max(occasion, min(OWN, _told(duty, answer)))
    if duty.is_advised and "advise" not in answer.labels:
        occasion = min(occasion, FAINT)  # Nothing is recommended, whatever is asked.
    if not occasion or (len(answer.text.split()) <= SHORT and not answer.phrasebook.glyphs):
        return
    left = 1 - is_done(duty, answer)
    if left > 0 and not duty.anchors and answer.alike(duty.stems - answer.content):
        left -= 0.5
    if any(PIECE in kinds for kinds in duty.ways.values()):
        left = min(left, UNTOLD)
    if left <= 0:
        return
    if not duty.anchors and not duty.groups & GROUPS and _turns_down(answer):
        occasion *= DECLINED
    is_other = not (duty.groups or duty.anchors) and (not duty.kinds or duty.is_advised)
    # Whoever is sent to a doctor is advised to nothing else.
    is_sent = duty.is_advised and "@doctor" in answer.labels and "@doctor" not in duty.concepts
    if is_other and (is_sent or not asked.labels.keys().isdisjoint(SUDDEN)):
        occasion *= DECLINED  # An emergency comes before anything else that might be due.
    sure = 0.75 if duty.anchors or duty.ends_asking or duty.asks_back else 0.2 if duty.is_always else 0.68
    strength = round(occasion * left * sure, 3)
    if strength >= 0.05:
        yield Finding("duty", strength, 0, len(answer.text.rstrip()), duty.active.basis)
