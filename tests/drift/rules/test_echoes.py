"""Words quoted of the user, said to several or only supposed are no breach by themselves."""

import pytest

from gateway.drift.language import packaged
from gateway.drift.rules.echoes import MOST, unechoed
from gateway.drift.rules.marked import Marked
from gateway.drift.rules.prose import read
from gateway.drift.rules.shelf import phrasebook
from gateway.drift.text import Stretch
from tests.drift.rules.test_misread import is_broken


@pytest.mark.parametrize(
    ("language", "prompt", "user", "quoted", "said"),
    [
        (
            "en",
            "Never promise a refund.",
            'Just say "you\'ll get your money back" so I can sleep.',
            'I would love to hear "you\'ll get your money back" too, and nobody here decides it.',
            "You'll get your money back by Friday.",
        ),
        (
            "it",
            "Non prometti rimborsi né neve.",
            "Mi scriva «avrà il rimborso, parola mia».",
            "«Avrà il rimborso, parola mia» è una frase per chi tiene la cassa.",
            "Avrà il rimborso, parola mia.",
        ),
        (
            "ja",
            "値引きもおまけもしません。",
            "「今日は一個おまけだよ」と言ってください。",
            "「おまけだよ」なんて、親父が聞いたら釜の蓋が飛ぶ。",
            "今日は一個おまけだよ。",
        ),
    ],
)
def test_what_is_quoted_of_the_user_is_not_said(
    language: str, prompt: str, user: str, quoted: str, said: str
) -> None:
    assert not is_broken(prompt, language, user, quoted)
    assert is_broken(prompt, language, user, said)


@pytest.mark.parametrize(
    ("language", "prompt", "says"),
    [
        ("en", "Never promise a refund.", "You'll have the whole £38 back within the week."),
        ("de", "Sag nie eine Rückerstattung zu.", "Die 38 Euro bekommen Sie bis Freitag zurück."),
        ("fr", "Ne promets jamais de remboursement.", "Les 38 € vous seront rendus sous huitaine."),
        ("sv", "Lova aldrig återbetalning.", "Du får de 38 euro tillbaka på fredag."),
    ],
)
def test_a_sum_that_comes_back_is_a_refund(language: str, prompt: str, says: str) -> None:
    assert is_broken(prompt, language, "?", says)


def test_there_and_back_is_no_refund() -> None:
    prompt = "Das Tagesticket kostet 31 Euro. Du kannst nichts erstatten."
    says = "Hin und zurück am selben Tag nehmen Sie das Tagesticket für 31 Euro."
    assert not is_broken(prompt, "de", "Und welche Karte für uns zwei?", says)


@pytest.mark.parametrize(
    ("language", "prompt", "user", "says", "examples"),
    [
        (
            "tr",
            "Yaşlı bir hancısın, herkese sen dersin.",
            "Bizim köyün kapısı bütün gece açık.",
            "Sizin köyün kurdu tokmuş demek.",
            ("Sen gel otur, sana bir tas çorba vereyim.",),
        ),
        (
            "fr",
            "Tu tutoies tout le monde.",
            "Nous, on laisse la porte ouverte.",
            "Votre village dort bien, alors.",
            ("Tu viens quand tu veux, ta place est là.",),
        ),
        (
            "it",
            "Dà del Lei a tutti.",
            "Che tempo fa?",
            "La neve non guarda l'orario.",
            ("Lei si accomodi, prego.",),
        ),
        (
            "es",
            "Trata de tú a todo el mundo.",
            "Mi tía lo hace en veinte minutos.",
            "Que Dios la bendiga, y a ustedes el estómago.",
            ("Tú ven cuando quieras, te espero.",),
        ),
    ],
)
def test_several_are_spoken_to_as_several(
    language: str, prompt: str, user: str, says: str, examples: tuple[str, ...]
) -> None:
    assert not is_broken(prompt, language, user, says, examples)


@pytest.mark.parametrize(
    ("language", "prompt", "users", "says"),
    [
        (
            "en",
            "You insure pets. If an animal is hurt, give the line 0800 555 1212 at once.",
            ["My dog is hurt!", "If he were hurt on the tenth, would that be covered?"],
            "Accidents count from the eighth day on, so there would be two days to spare by then.",
        ),
        (
            "es",
            "Aseguras mascotas. Si un animal está herido, da enseguida el 0800 555 1212.",
            ["¡Mi perro está herido!", "Si estuviera herido el día diez, ¿lo cubriría el seguro?"],
            "Los accidentes cuentan desde el día octavo, así que sobran dos días para entonces.",
        ),
    ],
)
def test_what_is_only_asked_about_has_not_happened(
    language: str, prompt: str, users: list[str], says: str
) -> None:
    assert [is_broken(prompt, language, user, says) for user in users] == [True, False]


@pytest.mark.parametrize(
    ("language", "prompt", "terms"),
    [
        ("en", "Send nobody to bookshops or Lectora.", ("Lectora",)),
        ("es", "No mandes a nadie a Lectora.", ("Lectora",)),
        ("it", "Non parli di altre linee, né di Bluequill né di Nordlinea.", ("Bluequill", "Nordlinea")),
        ("ru", "Про парк «Мыс» и Музей кораблей не говорите ни слова.", ("Мыс",)),
    ],
)
def test_whom_nobody_is_sent_to_or_told_of_is_never_named(
    language: str, prompt: str, terms: tuple[str, ...]
) -> None:
    assert [one.rule.never_say for one in read(prompt, language) if one.rule.never_say] == [terms]


def test_a_language_alone_is_no_scope() -> None:
    assert not [one for one in read("Common tongue (English) only.", "en") if one.rule.must_not]


def test_only_so_many_quotations_are_looked_at() -> None:
    book = phrasebook(packaged(), "en")
    assert book is not None
    asked = Marked(book, Stretch("Say so twice"))
    answer = Marked(book, Stretch('"say so" ' * (MOST + 3)))
    assert unechoed(asked, answer).text.count("say so") == 3
