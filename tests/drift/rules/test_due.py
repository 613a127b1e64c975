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
