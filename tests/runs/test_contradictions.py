"""Thirty drafts with a planted contradiction and thirty sound ones are held against the audit."""

from typing import Any

from gateway.runs.audit import audit

NAME = "Edith Marlowe"
INTENT = "A {age}-year-old night librarian who looks after the sleepless of a small harbour town."


def draft(
    *,
    age: Any = 61,
    name: str = NAME,
    wound: str = "a letter that was never sent",
    desire: str = "to be needed at night",
    bio: str = "Night librarian of a harbour town.",
    occupation: str = "night librarian",
    register: str = "soft and dry",
    habit: str = "calls people dear",
    **traits: float,
) -> dict[str, Any]:
    five = {"O": 0.6, "C": 0.6, "E": 0.5, "A": 0.6, "N": 0.5, **traits}
    return {
        "soul": {"core_desire": desire, "core_fear": "silence", "wound": wound},
        "self": {"big_five": five, "archetype": "the-sage", "core_value": "nobody is turned away"},
        "mask": {"voice": {"register": register, "habit": habit}, "public_bio": bio},
        "surface": {"name": name, "age": age, "occupation": occupation, "home": "a harbour town"},
    }


def stating(age: int) -> str:
    return INTENT.format(age=age)


PLAIN = "A night librarian of a small harbour town."
CONTRADICTORY = [
    (draft(age=34), stating(61)),
    (draft(age=16), stating(61)),
    (draft(age=62), "She is 61 years old and keeps the lighthouse."),
    (draft(age=29), "Bir sahaf, 35 yaşında, İstanbul'da."),
    (draft(name="Mert Kavaklı"), stating(61)),
    (draft(name="Edith Marlow"), PLAIN),
    (draft(wound="she waited for 90 years for an answer"), stating(61)),
    (draft(age=25, wound="he has sailed for 30 years"), PLAIN),
    (draft(age=40, bio="Has kept bees for over 45 years."), PLAIN),
    (draft(age=22, bio="A baker for more than 25 years."), PLAIN),
    (draft(age=12, bio="A retired teacher."), PLAIN),
    (draft(age=9, occupation="professor of botany"), PLAIN),
    (draft(age=15, bio="A grandmother of four."), PLAIN),
    (draft(age=17, occupation="veteran of two wars"), PLAIN),
    (draft(age=14, bio="A widow who never speaks of it."), PLAIN),
    (draft(register="shy and halting", E=0.9), PLAIN),
    (draft(habit="a quiet voice that trails off", E=0.8), PLAIN),
    (draft(register="laconic", E=0.85), PLAIN),
    (draft(register="loud and booming", E=0.1), PLAIN),
    (draft(habit="an outgoing laugh in every sentence", E=0.2), PLAIN),
    (draft(register="gregarious", E=0.15), PLAIN),
    (draft(register="cruel and clipped", A=0.9), PLAIN),
    (draft(habit="contemptuous asides", A=0.8), PLAIN),
    (draft(register="hostile", A=0.95), PLAIN),
    (draft(register="serene", N=0.9), PLAIN),
    (draft(habit="always calm, whatever happens", N=0.8), PLAIN),
    (draft(register="anxious and breathless", N=0.1), PLAIN),
    (draft(habit="nervous jokes", N=0.2), PLAIN),
    # These two need an understanding of the world that no rule here has.
    (draft(bio="Has never been near the sea."), PLAIN),
    (draft(desire="to be left alone for ever", A=0.6, bio="Throws a party every night."), PLAIN),
]
SOUND = [
    (draft(), stating(61)),
    (draft(age=35), "35-year-old, lonely, intellectual ex-academic bookseller in Istanbul"),
    (draft(age=35), "Bir sahaf, 35 yaşında, İstanbul'da."),
    (draft(age=61, wound="she has been alone for 40 years"), stating(61)),
    (draft(age=54, bio="Has sailed for over 30 years."), "A ship's cook of 54."),
    (draft(age=70, occupation="retired lighthouse keeper"), PLAIN),
    (draft(age=66, bio="A grandmother of four."), PLAIN),
    (draft(age=48, occupation="professor of botany"), PLAIN),
    (draft(age=18, bio="A widow since last spring."), PLAIN),
    (draft(age=90, occupation="veteran of a war"), PLAIN),
    (draft(name="edith marlowe"), PLAIN),
    (draft(name="Edith Marlowe "), PLAIN),
    (draft(register="shy and halting", E=0.2), PLAIN),
    (draft(register="reserved", E=0.4), PLAIN),
    (draft(register="loud and booming", E=0.9), PLAIN),
    (draft(habit="an outgoing laugh", E=0.6), PLAIN),
    (draft(register="cruel and clipped", A=0.1), PLAIN),
    (draft(habit="contemptuous asides", A=0.4), PLAIN),
    (draft(register="serene", N=0.1), PLAIN),
    (draft(habit="always calm", N=0.3), PLAIN),
    (draft(register="anxious and breathless", N=0.9), PLAIN),
    (draft(habit="nervous jokes", N=0.6), PLAIN),
    (draft(age=7, bio="Collects shells on the beach.", occupation="pupil"), PLAIN),
    (draft(age=16, occupation="apprentice"), "An apprentice, 16 years old, in a clockmaker's shop."),
    (draft(age=30, wound="the harbour has been closed for 12 years"), PLAIN),
    (draft(age=45, bio="Talks loudly to gulls and softly to people.", E=0.2), PLAIN),
    (draft(age=52, desire="to see the 100 year old clock strike again"), PLAIN),
    (draft(age=28, register="warm", E=0.8, A=0.9, N=0.2), PLAIN),
    (draft(age=25, wound="her family has fished here for 200 years"), PLAIN),
    (draft(age=28, bio="The house has stood for over 300 years."), PLAIN),
]


def test_the_audit_finds_most_contradictions_and_blames_hardly_any_sound_draft() -> None:
    assert (len(CONTRADICTORY), len(SOUND)) == (30, 30)
    found = [bool(audit(layers, intent, NAME)) for layers, intent in CONTRADICTORY]
    blamed = [bool(audit(layers, intent, NAME)) for layers, intent in SOUND]
    assert sum(found) >= 24, [number for number, is_found in enumerate(found) if not is_found]
    assert sum(blamed) <= 2, [number for number, is_blamed in enumerate(blamed) if is_blamed]
