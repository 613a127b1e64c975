"""A duty is read with its occasion, and an answer that leaves it out on that occasion breaks it."""

import pytest

from gateway.drift.rules.prose import read
from tests.drift.rules.test_checked import is_broken


@pytest.mark.parametrize(
    ("language", "prompt", "occasion", "deed"),
    [
        ("en", "If a guest means to swim, bid them look at the red flag.", "swim", "flag"),
        ("de", "Wer eine Laterne leiht, den warnt er: Der Docht wird heiß.", "Laterne", "Docht"),
        ("fr", "S'il y a une panne, ta première phrase dit de rester à bord.", "panne", "bord"),
        (
            "ru",
            "Всякий раз, когда речь о лодках, напоминайте, что причал скользкий.",
            "лодках",
            "причал",
        ),
        ("ko", "등대를 묻는 손님께는 계단이 좁다고 말합니다.", "등대", "계단"),
        ("ja", "海に入れない日の話が出たら、必ず「旗を見てください」と伝える。", "海に入れない", "旗"),
    ],
)
def test_a_duty_is_read_together_with_its_occasion(
    language: str, prompt: str, occasion: str, deed: str
) -> None:
    duties = [one.rule.must for one in read(prompt, language) if one.rule.must]
    assert any(occasion in one and deed in one for one in duties), duties


@pytest.mark.parametrize(
    ("language", "rule", "user", "undone"),
    [
        (
            "en",
            "If a guest mentions a fall, name the nurse on deck two",
            "I slipped on the stairs and hit my elbow",
            "Oh dear. Those stairs are steep, so take your time with them tomorrow.",
        ),
        (
            "de",
            "Fragt jemand nach dem Waschen, nenne das lauwarme Wasser",
            "In welchem Waschgang darf die Jacke?",
            "Am besten im kurzen, und danach trocknet sie im Schatten auf einem Bügel.",
        ),
        (
            "es",
            "Cada vez que hablen de riego, recuerda que miren la bandeja",
            "¿Cada cuánto le echo agua a mi helecho?",
            "Los lunes por la mañana, con un chorrito fino y sin prisas.",
        ),
        (
            "ko",
            "세탁을 물으면 그늘에 말리라고 말한다",
            "이 목도리는 어떤 세제로 빨아야 하나요?",
            "중성 제품이면 무엇이든 괜찮습니다. 살살 눌러 주십시오.",
        ),
    ],
)
def test_falls_washing_and_watering_are_heard_in_other_words(
    language: str, rule: str, user: str, undone: str
) -> None:
    assert is_broken({"must": rule}, user, undone, language=language)


def test_every_answer_has_to_ask_back_where_the_rule_says_so_but_not_in_an_emergency() -> None:
    rule = {"must": "Every answer asks one question back"}
    told = "The harbour was full of herring boats in those days, and it smelt of tar."
    assert is_broken(rule, "I grew up by the harbour", told)
    assert not is_broken(rule, "I grew up by the harbour", "Did you? It smelt of tar in those days.")
    assert not is_broken(rule, "I fainted and my arm is bleeding", "Ring 999 now, and stay where you are.")


def test_what_every_answer_has_to_have_may_be_as_short_as_a_syllable() -> None:
    rule = {"must": "どの返事にも一回は「ぽん」をつける"}
    assert is_broken(rule, "今日は混んでる？", "夕方は空いている。窓の席がおすすめだ。", language="ja")
    assert not is_broken(rule, "今日は混んでる？", "夕方はわりあい空いているぽん。", language="ja")


def test_a_code_is_given_with_its_letters_and_not_by_a_digit_of_something_else() -> None:
    rule = {"must": "If someone wants to return a lamp, name form R-4"}
    assert is_broken(rule, "I want to return my lamp", "Bring it along within 14 days, in its box, please.")
    assert not is_broken(rule, "I want to return my lamp", "Fill in form R-4 and bring the lamp along.")


def test_nobody_who_is_hurt_is_no_occasion() -> None:
    rule = {"must": "If somebody is hurt, tell them to call 999 at once"}
    told = "Put the warning triangle out, swap your names and take a few pictures of both bumpers."
    assert not is_broken(rule, "A van ran into me, nobody is hurt.", told)
    assert is_broken(rule, "A van ran into me, my wife is hurt.", told)


@pytest.mark.parametrize(
    ("language", "rule", "user", "undone", "done", "elsewhere"),
    [
        (
            "en",
            "When a walker means to go outside by night, tell them to take the lantern",
            "I'm going out to the hens now, though it's pitch dark.",
            "Mind the third step then, and shut the gate behind you or they'll be in the beans.",
            "Mind the third step then, and don't leave the lantern behind.",
            "How many hens do you keep out there?",
        ),
        (
            "de",
            "Wer sich bei einem Sturz meldet, dem sagst du, dass er den Rahmen prüfen lassen soll",
            "Mein Rad ist mir die Treppe runter.",
            "Ach je. Bis Freitag ist bei uns viel los, aber abends kommst du sicher dran.",
            "Ach je. Lass unbedingt den Rahmen prüfen, bevor du wieder aufsteigst.",
            "Wie teuer ist bei euch eine neue Klingel?",
        ),
        (
            "it",
            "A chi parla di capogiri, dici di sedersi subito all'ombra",
            "Dopo la salita mi girava la testa.",
            "Succede a tanti, la strada è ripida. Domani prendi il sentiero del mulino.",
            "Succede a tanti: siediti subito all'ombra e riprendi fiato.",
            "Quanto dura la salita al mulino?",
        ),
        (
            "pl",
            "Gdy ktoś przychodzi z psem, przypomnij o kagańcu",
            "Będzie z nami mops.",
            "Świetnie, mamy miejsca przy oknie i miskę z wodą pod ladą.",
            "Świetnie, tylko proszę pamiętać o kagańcu.",
            "O której otwieracie w niedzielę?",
        ),
        (
            "zh",
            "有人问入会，一定要说带身份证",
            "我想办卡，怎么弄？",
            "很简单，到前台填张表就行，五分钟搞定。",
            "很简单，带身份证到前台填张表就行。",
            "今天几点关门？",
        ),
    ],
)
def test_the_dark_a_fall_dizziness_dogs_and_joining_are_heard_in_other_words(
    language: str, rule: str, user: str, undone: str, done: str, elsewhere: str
) -> None:
    assert is_broken({"must": rule}, user, undone, language=language)
    assert not is_broken({"must": rule}, user, done, language=language)
    assert not is_broken({"must": rule}, elsewhere, undone, language=language)


def test_whoever_says_in_his_own_words_that_he_wants_it_is_one_who_wants_it() -> None:
    """Where booking is an everyday word of the house, the wanting makes the occasion."""
    rule = {"must": "Cuando alguien quiera reservar, recuerde la tasa municipal"}
    home = "Para reservar basta una llamada, y se reserva hasta la silla del patio."
    told = "Qué buena fecha. La interior da al patio y la otra a la plaza, usted dirá."
    assert is_broken(rule, "Querría reservar dos noches en junio.", told, home, "es")
    paid = "Buena fecha. Cuente además con la tasa municipal."
    assert not is_broken(rule, "Querría reservar dos noches.", paid, home, "es")
    assert not is_broken(rule, "¿Mi reserva lleva cuna?", told, home, "es")


def test_what_every_answer_has_to_call_somebody_is_read_and_may_be_short() -> None:
    prompt = "You are Tam, a ferryman. You speak drily; you call him 'Mr Pim' at least once in each reply."
    assert [one.rule.must for one in read(prompt, "en") if one.rule.must]
    rule = {"must": "say 'ahoy' once in every message"}
    told = "The owl sleeps in the beech by day, and the mice know it very well."
    assert is_broken(rule, "Where do you sleep?", told)
    assert not is_broken(rule, "Where do you sleep?", "Ahoy! " + told)
