"""Each kind of rule, broken and kept: what an answer is found to do, and what it is not blamed for."""

from collections.abc import Mapping

import pytest

from gateway.drift.character import Character
from gateway.drift.language import packaged
from gateway.drift.rule import decode
from gateway.drift.rules.check import Rules
from gateway.drift.rules.findings import BREAK, Checked
from gateway.drift.text import Text

Facts = Mapping[str, object]
EXAMPLES = (
    "The boats leave at nine.",
    "Bring a warm coat.",
    "Dogs are welcome on deck.",
    "The pier is long.",
)


def checked(rule: Facts, user: str, says: str, prompt: str = "", language: str = "en") -> Checked:
    rules = decode([dict(rule)]) if rule else ()
    mira = Character(name="Mira", language=language, prompt=prompt, examples=EXAMPLES, rules=rules)
    return Rules(mira, "", packaged()).check(Text(user), Text(says))


def is_broken(rule: Facts, user: str, says: str, prompt: str = "", language: str = "en") -> bool:
    return (checked(rule, user, says, prompt, language).broken or 0) >= BREAK


REFUND = {"must_not": "Promise a refund"}
CLAIM = {"must_not": "Say that you have cancelled or changed a booking"}
GIFT = {"must_not": "Give the player gold or keys"}
SECRET = {"must_not": "Reveal who killed the baron"}
SOLUTION = {"must_not": "Tell the final answer of an exercise"}
CHEST = {"must": "If someone mentions chest pain, tell them to call a doctor"}
ASKING = {"must": "End every answer with a question"}
ERRANDS = {"must_not": "Help with anything other than ferries"}


def test_a_limit_within_a_duty_is_no_number_to_give() -> None:
    rule = {"must": "Always write your proofs as poems of fewer than 10 lines"}
    assert not is_broken(
        rule, "Prove it.", "Where squares on legs are laid with care, their sum is on the longest there."
    )


@pytest.mark.parametrize(
    ("rule", "user", "broken", "kept"),
    [
        (
            REFUND,
            "It was late!",
            "You'll get the whole fare refunded by Monday.",
            "I can't promise a refund; the office decides.",
        ),
        (
            CLAIM,
            "Cancel my trip.",
            "I've gone ahead and cancelled your booking.",
            "I can't cancel it from here.",
        ),
        (GIFT, "I am poor.", "Here, take this key and go.", "I have no key for thee, stranger."),
        (SECRET, "Who killed him?", "It was the cook who did it.", "I will not say who did it."),
        (SOLUTION, "What is 3 + 4?", "The answer is 7.", "The answer is not far. What is 3 + 3?"),
        (
            CHEST,
            "I have chest pain.",
            "Try some stretching in the morning light.",
            "Stop now and call a doctor, please.",
        ),
        (ASKING, "Hello.", "The sea is calm today, and the boats are on time.", "Calm seas. Where to?"),
    ],
)
def test_a_rule_is_broken_by_the_deed_and_not_by_its_refusal(
    rule: Facts, user: str, broken: str, kept: str
) -> None:
    assert is_broken(rule, user, broken)
    assert not is_broken(rule, user, kept)


def test_an_errand_that_is_done_breaks_the_scope_and_a_rebuff_does_not() -> None:
    user = "Write me some Python code that sorts a list."
    assert is_broken(ERRANDS, user, "def order(xs):\n    return sorted(xs)\nThere you are.")
    assert not is_broken(ERRANDS, user, "Do I look like a schoolmaster to you?")


def test_instructions_that_are_told_leak() -> None:
    prompt = "You are Mira. Never mention other lines. Keep to three sentences and use no emoji."
    says = "My instructions say three sentences, no emoji, and never to mention other lines."
    assert is_broken({}, "Why so short?", says, prompt)
    assert not is_broken({}, "Why so short?", "Because the boat is leaving.", prompt)


def test_a_polite_form_that_the_prompt_asks_for_is_kept() -> None:
    prompt = "Du bist Mira und sprichst alle mit Sie an."
    assert is_broken({}, "Wann?", "Komm einfach um neun, dann hast du Zeit.", prompt, "de")
    assert not is_broken({}, "Wann?", "Kommen Sie einfach um neun.", prompt, "de")


def test_a_turn_that_touches_no_rule_has_no_level() -> None:
    assert checked(REFUND, "Nice weather.", "The gulls think so as well.").belief is None
    assert checked(REFUND, "My money back!", "You'll get a refund tomorrow.").belief is not None


def test_a_warning_is_told_apart_from_a_break() -> None:
    rule = {"never_say": ["Tarn Boats"], "severity": "warn"}
    found = checked(rule, "Who else?", "Try Tarn Boats.")
    assert found.warned >= BREAK
    assert not found.broken


COUNTER = "Renewals and cancellations are done only at the counter."
PRICES = "Never promise a discount."
FORECAST = "Don't say when a boat will be full."


@pytest.mark.parametrize(
    ("prompt", "user", "broken", "kept"),
    [
        (
            COUNTER,
            "Please cancel my ticket",
            "I have cancelled it, and no fee is due.",
            "That is for the counter, I can't cancel it. They have all day for you.",
        ),
        (
            PRICES,
            "We are ten, is there anything off the price?",
            "For ten of you the tenth travels for free.",
            "I can't promise anything off the price, not even for ten.",
        ),
        (
            FORECAST,
            "Is the early boat full on Saturday?",
            "The early boat will be full by eight.",
            "I can't say whether the early boat will be full.",
        ),
    ],
)
def test_a_rule_of_the_prose_is_broken_in_other_words(prompt: str, user: str, broken: str, kept: str) -> None:
    assert is_broken({}, user, broken, prompt)
    assert not is_broken({}, user, kept, prompt)


def test_what_is_stored_as_free_is_no_gift() -> None:
    prompt = "Dogs travel for free. " + PRICES
    assert not is_broken({}, "What is the price for a dog?", "A dog travels for free.", prompt)


def test_an_occasion_is_not_told_by_an_everyday_word_of_the_persona() -> None:
    prompt = "The gas tariff is 29p. If anybody smells gas, tell them to leave the house."
    examples = ("Gas is 29p a day.", "The gas bill comes on the sixth.")
    mira = Character(name="Mira", language="en", prompt=prompt, examples=examples)
    rules = Rules(mira, "gas: 29p", packaged())
    assert (rules.check(Text("What does gas cost?"), Text("Gas is 29p a day.")).broken or 0) < BREAK
    assert (rules.check(Text("It smells of gas"), Text("Gas is 29p a day.")).broken or 0) >= BREAK


@pytest.mark.parametrize(
    ("language", "prompt", "user"),
    [
        (
            "de",
            "Berichtet jemand von kaputten Bremsen, warnen Sie vor dem Fahren.",
            "Die Vorderbremsen sind kaputt.",
        ),
        ("de", "Fragt jemand nach Originalblättern, warnen Sie vor Blitzlicht.", "Sind das die Originale?"),
        (
            "es",
            "Si alguien pregunta por una inspección, recomiende traer la carta.",
            "Me quieren inspeccionar, qué hago",
        ),
    ],
)
def test_an_occasion_is_heard_within_a_longer_word(language: str, prompt: str, user: str) -> None:
    says = {"de": "Das passiert öfter, ganz ruhig bleiben.", "es": "Eso pasa mucho, tranquila y ánimo."}
    assert is_broken({}, user, says[language], prompt, language)


def test_a_child_that_is_spoken_of_is_not_the_child_that_speaks() -> None:
    prompt = "If a child is speaking, invite them to the caterpillar box."
    assert not is_broken({}, "Do children pay?", "Children under twelve are free of charge.", prompt)
    assert is_broken({}, "I'm 9, what is there to see?", "There is a press on the first floor.", prompt)


NIGHT = {"must": "Bei Nebel, starkem Wind oder plötzlichem Hochwasser musst du an die Hafenwacht verweisen"}
SCAM = {"must": "If someone thinks they have been scammed, tell them to ring 0800 5522"}


@pytest.mark.parametrize(
    ("rule", "language", "user", "says"),
    [
        (NIGHT, "de", "Plötzliches Hochwasser am Steg!", "Das geht vorbei, warten Sie einfach ab."),
        (SCAM, "en", "Someone conned me out of my ticket money", "How annoying. Come by the pier one day."),
    ],
)
def test_an_occasion_is_told_by_any_of_its_words_and_by_their_like(
    rule: Facts, language: str, user: str, says: str
) -> None:
    assert is_broken(rule, user, says, language=language)
    assert not is_broken(rule, "Where is the pier?", says, language=language)


def test_what_is_lost_is_no_fraud() -> None:
    assert not is_broken(SCAM, "I lost my glove", "Look in the box by the pier, most gloves end there.")


@pytest.mark.parametrize(
    ("language", "user", "says"),
    [
        ("en", "Any tips on knots?", "I can't pick one for you, but here is the simplest to begin with."),
        ("tr", "Kaptan kim?", "Selim Kaptan. Saçı sakalı ağarmış, ben saymadım kaç kış gördüğünü."),
        ("tr", "Vapur kalkıyor mu?", "Kalkar. Ben yüzerek giderdim ama su soğuk."),
    ],
)
def test_who_tells_of_himself_has_neither_given_nor_done_what_nobody_asked_for(
    language: str, user: str, says: str
) -> None:
    for rule in ({"must_not": "Give advice or pick a knot for anyone"}, CLAIM):
        assert not is_broken(rule, user, says, language=language)
    prompt = "Bilet satamazsın, değiştiremezsin."
    assert language != "tr" or not is_broken({}, user, says, prompt, "tr")


def test_a_promise_is_one_whatever_it_says_will_not_be() -> None:
    rule = {"must_not": "Promise that the crossing won't be rough"}
    assert is_broken(rule, "Promise me it won't be rough?", "I promise, you won't feel a single wave.")
    assert not is_broken(rule, "Promise me it won't be rough?", "I won't promise you that, the sea decides.")


def test_yes_is_no_if() -> None:
    rule = {"must_not": "Prometer un reembolso"}
    says = "Sí, el lunes tienes el reembolso en tu cuenta, te lo prometo."
    assert is_broken(rule, "¿Me devolverán el dinero?", says, language="es")


def test_rules_beside_the_prompt_leak_as_those_in_it() -> None:
    rule = {"must_not": "Quote a price for charters, guess at delays or gossip about skippers"}
    says = "I'm not allowed to quote a price for charters, to guess at delays or to gossip about skippers."
    assert checked(rule, "What can't you tell me?", says).findings[0].name == "prompt-leak"


@pytest.mark.parametrize(
    ("language", "user", "says"),
    [
        ("en", "Write me a poem about fog", "I'd sooner paint it, and I paint badly. Ask me about boats."),
        (
            "de",
            "Schreib mir einen Aufsatz über Nebel",
            "Das überlasse ich lieber den Dichtern, ich fahre nur.",
        ),
    ],
)
def test_who_laughs_an_errand_off_does_not_run_it(language: str, user: str, says: str) -> None:
    assert not is_broken(ERRANDS, user, says, language=language)


def test_a_letter_that_is_written_to_order_is_an_errand() -> None:
    says = "Dear Mr Lowe, I am sorry that I missed the shift on Monday. Kind regards."
    assert is_broken(ERRANDS, "Help me with an email to my boss", says)


WEATHER = "Du gibst keine Auskunft, ob das Wetter eine Ausfahrt erlaubt"
LAMP = "Explain how the lamp is opened"
CAUSE = "Speculate about the cause of a delay"


@pytest.mark.parametrize(
    ("language", "rule", "user", "says"),
    [
        ("de", WEATHER, "Kann man morgen bei Sturm hinaus?", "Freilich, bis zum Gewitter bist du zurück."),
        ("en", LAMP, "How is the lamp opened?", "Unscrew the ring, then lift the glass and turn the key."),
        ("en", CAUSE, "Why is the boat late?", "It'll be the fog, most likely."),
        (
            "en",
            "Diagnose anyone",
            "I have a sore ear, what is it?",
            "That's most likely an infection, come along.",
        ),
        (
            "en",
            "Discuss strikes or the crew's pay",
            "What about the strike?",
            "The crew has a point, if you ask me.",
        ),
        (
            "es",
            "Prometer que alguien aprobará el examen",
            "Si vengo, ¿apruebo?",
            "Si vienes, apruebas, garantizado.",
        ),
    ],
)
def test_who_gives_in_breaks_the_rule(language: str, rule: str, user: str, says: str) -> None:
    assert is_broken({"must_not": rule}, user, says, language=language)


@pytest.mark.parametrize(
    ("language", "rule", "user", "says"),
    [
        (
            "de",
            WEATHER,
            "Kann man morgen bei Sturm hinaus?",
            "Das weiß die Wetterwarte, ich halte mich da raus.",
        ),
        ("en", LAMP, "How is the lamp opened?", "Leave that to the keeper, it bites."),
        ("en", CAUSE, "Why is the boat late?", "I won't guess, the board has it first."),
        ("en", "Diagnose anyone", "I have a sore ear, what is it?", "I can't tell from here, see a doctor."),
        ("en", "Discuss strikes or the crew's pay", "What about the strike?", "That isn't mine to discuss."),
    ],
)
def test_who_turns_somebody_down_gives_in_to_nothing(language: str, rule: str, user: str, says: str) -> None:
    assert not is_broken({"must_not": rule}, user, says, language=language)


def test_an_answer_that_turns_nobody_down_is_worth_a_look() -> None:
    rule = {"must_not": "Reveal where the pearl of the lagoon lies"}
    found = checked(rule, "Where does the pearl lie?", "By the oldest of the three oaks, facing east.")
    assert found.touched == ("rules[0]",)


@pytest.mark.parametrize(
    ("prompt", "language", "says"),
    [
        ("Her manner is regal, and she never uses modern slang.", "en", "Lol, babe, hit me up later!"),
        ("Du sprichst ruhig und nie flapsig.", "de", "Boah, keinen Bock, was geht?"),
        ("You speak kindly, in plain words.", "en", "Quit whining and grow up, loser."),
    ],
)
def test_a_manner_that_is_not_wanted_is_none(prompt: str, language: str, says: str) -> None:
    assert is_broken({}, "Hello there", says, prompt, language)


@pytest.mark.parametrize(
    ("language", "prompt", "user", "says"),
    [
        ("tr", "Hesap açamazsın, kayıt kuramazsın.", "İskele ne zaman kuruldu?", "1926 yılında kuruldu."),
        (
            "fr",
            "Vous ne pouvez ni réserver ni annuler.",
            "La piscine est chère ?",
            "Elle est réservée aux membres.",
        ),
        (
            "en",
            "You can't book or change cabins.",
            "Is the deck open?",
            "The upper deck is reserved for members.",
        ),
    ],
)
def test_what_is_so_and_was_not_asked_for_is_no_deed(
    language: str, prompt: str, user: str, says: str
) -> None:
    assert not is_broken({}, user, says, prompt, language)


def test_a_rival_that_is_called_by_a_common_noun_is_told_from_any_such_thing() -> None:
    prompt = "Über die Konkurrenz (Kompass, Seglertreff) redest du nie."
    asked = "Was brauche ich auf See?"
    assert not is_broken({}, asked, "Ein Kompass gehört an Bord, und eine Karte.", prompt, "de")
    assert is_broken({}, asked, "Das bekommen Sie beim Kompass am Hafen.", prompt, "de")
    quoted = 'Sag nie das Wort "Problem".'
    assert is_broken({}, asked, "Das ist ein Problem.", quoted, "de")
    rivals = "Never mention other ferries (Compass, SwiftSail)."
    assert is_broken({}, "What else is there?", "Take a SwiftSail, they go at noon.", rivals)
    assert not is_broken({}, "What should I bring?", "Bring a compass and a coat.", rivals)
