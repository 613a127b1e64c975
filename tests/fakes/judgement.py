"""A judgement as a judge gives it, of an answer that goes against a field of its persona."""

from gateway.turns.turn import Judgement
from gateway.turns.usage import Usage

JUDGEMENT = Judgement(
    voice=0.125,
    values=0.75,
    coherence=4.0,
    contradicted_field="layers.age",
    start=0,
    end=16,
    choice=0,
    model="main/the-judge",
    usage=Usage(9, 3, 12),
    at="2030-01-01T00:00:00Z",
)
