"""An evaluation holds personas against gates, each by itself and all together, and asks no model."""

from collections.abc import Sequence

import msgspec

from gateway.studio import diversity, gates, marginals
from gateway.studio.blueprint import Blueprint
from gateway.studio.crowd import Member
from gateway.studio.diversity import Diversity
from gateway.studio.gates import Gate, Gates, Scorecard
from gateway.studio.marginals import Marginal


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The report of an evaluation."""

    passed: bool
    """Tells whether every gate is passed, of every persona and of all together."""
    gates: list[Gate]
    """Gates of all personas together."""
    scorecards: list[Scorecard]
    diversity: Diversity | None
    marginals: list[Marginal] | None


def evaluate(members: Sequence[Member], blueprint: Blueprint | None) -> Report:
    single = Gates(blueprint)
    scorecards = [single.score(member) for member in members]
    together = gates.batch(members)
    varied = diversity.measure(members)
    faithful = marginals.measure(members, blueprint) if blueprint and len(members) > 1 else None
    if varied is not None:
        together += diversity.gates(varied)
    if faithful is not None:
        together += marginals.gates(faithful)
    passed = all(gate.passed for gate in together) and all(card.passed for card in scorecards)
    return Report(passed=passed, gates=together, scorecards=scorecards, diversity=varied, marginals=faithful)
