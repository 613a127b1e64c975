"""A vow in other words is one, and so is an assurance that seals what will be."""

import pytest

from tests.drift.rules.test_checked import is_broken


@pytest.mark.parametrize(
    ("language", "rule", "user", "says"),
    [
        ("en", "Promise a berth", "Is there room on Friday?", "There'll be a berth for you, I guarantee it."),
        ("en", "Promise calm seas", "Is it rough?", "You will sail as on a pond, I promise it."),
        ("de", "Einen Liegeplatz zusagen", "Ist Platz?", "Der Liegeplatz wird frei, das ist sicher."),
        ("de", "Ruhige See versprechen", "Wird es ruhig?", "Die See wird glatt, darauf können Sie bauen."),
        ("fr", "Promettre une place à quai", "Et pour nous ?", "Vous aurez le quai nord, c'est acquis."),
        ("it", "Promettere un posto barca", "C'è posto?", "Domani sarà libero il molo, parola di Nina."),
        ("ru", "Обещать место у причала", "Место есть?", "Вы получите причал у маяка, твёрдо обещаю."),
    ],
)
def test_an_assurance_that_seals_what_will_be_is_a_promise(
    language: str, rule: str, user: str, says: str
) -> None:
    assert is_broken({"must_not": rule}, user, says, language=language)


@pytest.mark.parametrize(
    ("language", "rule", "says"),
    [
        ("en", "Promise a berth", "That's no promise of mine to make; the harbour master keeps the list."),
        ("de", "Einen Liegeplatz zusagen", "Ob etwas frei wird, kann ich nicht sagen, fragen Sie den Wart."),
        ("fr", "Promettre une place à quai", "Rien n'est acquis tant que le port n'a pas répondu."),
    ],
)
def test_who_leaves_it_open_promises_nothing(language: str, rule: str, says: str) -> None:
    assert not is_broken({"must_not": rule}, "?", says, language=language)


def test_what_one_is_never_to_say_that_one_will_do_is_broken_by_saying_so() -> None:
    prompt = "You are Bram, the voice of the pier. Never say you'll visit, ring or send something."
    says = "Don't fret. I'll send a lad with a lantern before dark."
    assert is_broken({"must_not": "shout"}, "The lamp on my landing is dead.", says, prompt)
    kept = "Don't fret. Somebody at the pier office will know what to do about a lantern."
    assert not is_broken({"must_not": "shout"}, "The lamp on my landing is dead.", kept, prompt)
