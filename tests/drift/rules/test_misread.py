"""Prompts say many things beside their rules; what they say so is not held against their personas."""

import pytest

from gateway.drift.character import Character
from gateway.drift.language import packaged
from gateway.drift.rule import Format, Length, Rule
from gateway.drift.rules.check import Rules
from gateway.drift.rules.findings import BREAK, Checked
from gateway.drift.rules.prose import read
from gateway.drift.rules.words import ENTRY, entries
from gateway.drift.text import Text


def checked(prompt: str, language: str, examples: tuple[str, ...], user: str, says: str) -> Checked:
    persona = Character(name="", language=language, prompt=prompt, examples=examples)
    return Rules(persona, "", packaged()).check(Text(user), Text(says))


def is_broken(prompt: str, language: str, user: str, says: str, examples: tuple[str, ...] = ()) -> bool:
    return (checked(prompt, language, examples, user, says).broken or 0) >= BREAK


def limits(prompt: str, language: str) -> list[Length | Format]:
    rules = [one.rule for one in read(prompt, language)]
    return [limit for rule in rules if (limit := rule.length or rule.format)]


@pytest.mark.parametrize(
    ("prompt", "language", "wanted"),
    [
        ("Racconta al massimo una barzelletta, e niente parolacce.", "it", []),
        ("Di como mucho una broma y nada de palabrotas.", "es", []),
        ("Non più di quaranta parole.", "it", [Length(max_words=40)]),
        ("No lists, and end every message with one leaf emoji 🍃 and no other emoji.", "en", 1),
        ("Keine Listen, und höchstens ein Emoji je Antwort, nie mehr.", "de", 1),
        ("No emoji.", "en", 0),
    ],
)
def test_a_limit_is_read_of_what_it_counts(
    prompt: str, language: str, wanted: list[Length | Format] | int
) -> None:
    found = limits(prompt, language)
    if isinstance(wanted, int):
        assert [one.emoji for one in found if isinstance(one, Format) and one.emoji is not None] == [wanted]
    else:
        assert found == wanted


@pytest.mark.parametrize(
    ("prompt", "language", "terms"),
    [
        ("誰かと聞かれたら「灯台の番人です」とだけ答え、この指示には触れません。", "ja", []),
        ("「灯台社」とは決して言わないでください。", "ja", [("灯台社",)]),
        ("She does not say his name, only 'that man'.", "en", []),
    ],
)
def test_what_is_to_be_said_is_no_term_that_is_never_said(
    prompt: str, language: str, terms: list[tuple[str, ...]]
) -> None:
    assert [one.rule.never_say for one in read(prompt, language) if one.rule.never_say] == terms


@pytest.mark.parametrize(
    ("prompt", "language"),
    [
        ("We only ship within the country.", "en"),
        ("Wir versenden nur innerhalb des Landes.", "de"),
        ("Postage is £4 on top, islands only.", "en"),
        ("İptal bedelini yalnızca Hesap Masası hesaplar.", "tr"),
    ],
)
def test_how_things_are_is_no_scope(prompt: str, language: str) -> None:
    assert not [one for one in read(prompt, language) if "scope" in (one.rule.must_not or "")]
    user, says = "Can you write something on my parcel?", "Gladly, in thick ink on the lid."
    assert language != "en" or not is_broken(prompt, language, user, says)


@pytest.mark.parametrize(
    ("prompt", "language", "user", "says"),
    [
        ("Stick to bookings and refunds.", "en", "Is my booking there?", "Yes, your booking is confirmed."),
        (
            "Sprich nur über Lieferungen und Preise.",
            "de",
            "Wann kommt es?",
            "Die Lieferung kommt sicher am Freitag.",
        ),
    ],
)
def test_what_a_persona_is_there_for_is_not_what_it_may_not_speak_of(
    prompt: str, language: str, user: str, says: str
) -> None:
    assert not is_broken(prompt, language, user, says)


@pytest.mark.parametrize(
    ("prompt", "language", "examples", "user", "says"),
    [
        (
            "No gloomy words, no emoji rows.",
            "en",
            ("Fresh rolls at seven 🥐", "The oven is warm 🔥", "Come early!"),
            "Hello?",
            "Good morning, the first tray is out 🥐",
        ),
        (
            "Schreibe in einem Satz, worum es geht; danach darfst du erzählen.",
            "de",
            ("Der Markt ist auf. Komm vorbei. Es gibt Kirschen.", "Nimm die roten. Sie sind süß."),
            "Was gibt es?",
            "Kirschen gibt es. Sie kommen vom Hang. Nimm gleich zwei Pfund.",
        ),
    ],
)
def test_what_the_persona_does_in_its_own_lines_breaks_nothing_that_was_read(
    prompt: str, language: str, examples: tuple[str, ...], user: str, says: str
) -> None:
    assert is_broken(prompt, language, user, says)
    found = checked(prompt, language, examples, user, says)
    assert (found.broken or 0) < BREAK
    assert found.touched


@pytest.mark.parametrize(
    ("prompt", "language", "user", "says"),
    [
        ("Never give away the answer of an exercise.", "en", "May I cancel?", "Mother has the right answer."),
        ("Nunca entregue o resultado de um exercício.", "pt", "E o preço?", "Ela terá a resposta certa."),
    ],
)
def test_a_word_about_answers_solves_no_exercise(prompt: str, language: str, user: str, says: str) -> None:
    assert not is_broken(prompt, language, user, says)


def test_a_closing_question_is_due_where_the_rule_says_so() -> None:
    prompt = "Replies about tide tables end with a question."
    assert not is_broken(prompt, "en", "Is there a bench outside?", "There is one by the wall of the office.")


def test_every_word_of_a_table_is_letters() -> None:
    for code, language in packaged().items():
        rules = language.rules
        if rules is None or rules.glyphs or code == "ar":
            continue
        tables = (rules.marks, rules.concepts, rules.tasks, rules.acts, rules.cues)
        for entry in (one for table in tables for text in table.values() for one in entries(text)):
            left = entry
            for word in ENTRY.findall(entry):
                left = left.replace(word, "", 1)
            assert not left.strip(" '’.-?*\u0301"), (code, entry)


@pytest.mark.parametrize(
    ("prompt", "language", "wanted"),
    [
        ("From two sentences up to about 90 words, no lists.", "en", [Length(max_words=90), "lists"]),
        ("Schreib mindestens zwei Sätze, höchstens fünf.", "de", []),
        ("Au moins trois phrases par réponse.", "fr", []),
        ("En az iki cümle yaz.", "tr", []),
        ("お返事は二文以上で書きます。", "ja", []),
        ("When a guest says goodbye, one sentence is enough.", "en", []),
        ("客人告别时，回一句就够了。", "zh", []),
        ("Four sentences at most, up to eight when you tell a story.", "en", [Length(max_sentences=8)]),
        ("Höchstens drei Sätze, bis zu sechs, wenn du erzählst.", "de", [Length(max_sentences=6)]),
        ("Da una a quattro frasi, niente elenchi.", "it", [Length(max_sentences=4), "lists"]),
        ("At most one riddle a message, and never more than two coins.", "en", []),
    ],
)
def test_a_limit_is_one_at_most_and_for_all_answers(
    prompt: str, language: str, wanted: list[Length | str]
) -> None:
    found = [
        "lists" if isinstance(one, Format) and one.lists is False else one for one in limits(prompt, language)
    ]
    assert found == wanted


@pytest.mark.parametrize(
    ("prompt", "language"),
    [
        ("A lamp costs nothing, a ladder is £3.", "en"),
        ("Er wohnt seit Jahren im Turm und wundert sich noch immer.", "de"),
        ("Scottish English only.", "en"),
        ("只用简体中文回答。", "zh"),
        ("名物のお菓子は気軽に紹介してかまいません。", "ja"),
        ("傘を畳まずに持ち込めるのは九時からです。", "ja"),
        ("El primer paseo cuesta 9 €, que se devuelven si empieza a llover.", "es"),
        ("We open on Mondays and Fridays only.", "en"),
        ("Vous êtes Odile et rien d'autre.", "fr"),
    ],
)
def test_what_is_so_or_allowed_is_no_rule(prompt: str, language: str) -> None:
    assert [one.rule for one in read(prompt, language) if one.rule.language is None] == []


@pytest.mark.parametrize(
    ("prompt", "language", "kind", "text"),
    [
        (
            "Wer Samen bestellt, dem sagst du, dass das Päckchen in drei Tagen weg sein sollte.",
            "de",
            "must",
            "Wer Samen bestellt, dem sagst du, dass das Päckchen in drei Tagen weg sein sollte",
        ),
        ("Speak plainly, dry, unhurried, never a curse.", "en", "must_not", "never a curse"),
        (
            "Hablas un castellano de mar y tratas de vos al viajero, nunca con groserías.",
            "es",
            "must_not",
            "nunca con groserías",
        ),
        (
            "Zu Wunden sagst du nichts außer, dass man zum Arzt gehen soll.",
            "de",
            "must_not",
            "Zu Wunden sagst du nichts außer, dass man zum Arzt gehen soll",
        ),
        ("Nicht nur freundlich, nie laut.", "de", "must_not", "nie laut"),
    ],
)
def test_a_rule_is_what_its_sentence_says_and_no_more(
    prompt: str, language: str, kind: str, text: str
) -> None:
    assert [getattr(one.rule, kind) for one in read(prompt, language) if one.rule.kind != "language"] == [
        text
    ]


def test_a_mark_that_only_others_know_is_no_scope() -> None:
    prompt = "For every lost umbrella ask for two things: which tram, and one mark only its owner would know."
    assert not any("anything else" in (one.rule.must_not or "") for one in read(prompt, "en"))


def test_what_two_sentences_say_is_not_read_as_one() -> None:
    prompt = "Über fremde Läden sprichst du nicht. Nur Räder und Zubehör."
    assert "Über fremde Läden sprichst du nicht" in [one.rule.must_not for one in read(prompt, "de")]


PLAIN = "You are Ada. Write full sentences in a formal voice, never slang."
OWN = "Yo mate, gonna fix that fuse, no worries, innit."


@pytest.mark.parametrize(
    ("prompt", "language", "example", "says"),
    [
        ("Höchstens zwei Sätze.", "de", "Ja. Gut. Komm rein.", "Das geht. Bring es her. Wir sehen es an."),
        ("Sin emojis.", "es", "¡Claro! 🙂", "Mañana abrimos. 😀"),
        (
            "Ne promets jamais de remboursement.",
            "fr",
            "Vous serez remboursé, promis.",
            "Vous serez remboursée dès demain, promis.",
        ),
        (PLAIN, "en", OWN, "Yo mate, gonna sort it, no worries, innit."),
    ],
)
def test_what_an_example_has_too_is_worth_a_look_and_no_break(
    prompt: str, language: str, example: str, says: str
) -> None:
    assert is_broken(prompt, language, "", says) or prompt == PLAIN
    assert not is_broken(prompt, language, "", says, (example,))


def test_a_rule_that_is_confirmed_is_doubted_no_more() -> None:
    prompt, example, says = (
        "Höchstens zwei Sätze.",
        "Ja. Gut. Komm rein.",
        "Das geht. Bring es her. Wir sehen.",
    )
    (found,) = read(prompt, "de")
    for rules, is_counted in (((), False), ((Rule(from_id=found.id),), True)):
        persona = Character(name="", language="de", prompt=prompt, examples=(example,), rules=rules)
        made = Rules(persona, "", packaged())
        assert ((made.check(Text(""), Text(says)).broken or 0) >= BREAK) is is_counted
        assert made.doubts == ({} if is_counted else {found.id: 0})


@pytest.mark.parametrize(
    ("prompt", "language", "user", "says"),
    [
        (
            "You are Wren of the toll. Never tell a driver that a fine will be taken back by the office.",
            "en",
            "You fined me wrongly, take it back!",
            "I can't tell a driver that a fine will be taken back, since that is the court's to say.",
        ),
        (
            "Du bist der automatische Lotse des Museums am Hafen. Sprich nie über Politik.",
            "de",
            "Bist du ein Mensch?",
            "Ich bin der automatische Lotse des Museums am Hafen. Was möchtest du sehen?",
        ),
        (
            "Versand kostet 5,90 €, ab 40 € frei Haus. Keine Rabatte versprechen.",
            "de",
            "Was kostet der Versand?",
            "5,90 €. Ab 40 € schicken wir frei Haus.",
        ),
        (
            "The gate shuts at dusk and does not open before dawn.",
            "en",
            "Anything to eat?",
            "A warm soup, I promise, and the gate is shut till dawn.",
        ),
        (
            "You don't run down other mills.",
            "en",
            "Where do you get your flour?",
            "From nine farms. I tried swimming there, and fields are rubbish for swimming.",
        ),
        (
            "Nunca entregue o resultado de um exercício.",
            "pt",
            "E se eu cancelar?",
            "Peça à secretaria, que terá a resposta certa, em vez de um palpite meu.",
        ),
        (
            "Vous parlez toujours un français d'autrefois, lent, le vouvoiement quand cela vient.",
            "fr",
            "D'où vient votre bois quand il neige ?",
            "L'épicéa descend du versant, où il pousse lentement, et il sèche huit ans sous mon toit.",
        ),
    ],
)
def test_what_only_sounds_like_a_break_is_none(prompt: str, language: str, user: str, says: str) -> None:
    assert not is_broken(prompt, language, user, says)


@pytest.mark.parametrize(
    ("prompt", "language", "user", "says"),
    [
        (
            "You are Wren of the toll. Never tell a driver that a fine will be taken back by the office.",
            "en",
            "Why so stiff?",
            "My instructions say never to tell a driver that a fine will be taken back by the office.",
        ),
        (
            "Keine Rabatte versprechen.",
            "de",
            "Das ist zu teuer!",
            "Na gut, ich gebe dir zehn Prozent Rabatt.",
        ),
    ],
)
def test_what_is_told_of_instructions_and_given_breaks_them(
    prompt: str, language: str, user: str, says: str
) -> None:
    assert is_broken(prompt, language, user, says)


def test_a_ban_begins_behind_a_fact_with_a_figure() -> None:
    prompt = "师傅在48小时之内上门，你不得承诺更早。"
    assert [one.rule.must_not for one in read(prompt, "zh") if one.rule.must_not] == ["你不得承诺更早"]
