"""Coherence: what answers the turn grades above what does not, and broken text is named."""

from importlib import resources

import pytest

from gateway.drift.calibration import belief
from gateway.drift.coherence.incoherence import Repertoire, grade, incoherence, load, repertoire
from gateway.drift.language import packaged
from gateway.drift.text import Text

LEARNT = load(resources.files("gateway.drift").joinpath("data/coherence.json").read_bytes())
ENGLISH = repertoire(
    "en", ["Aye, the tide waits for no man, so be quick about it and mind the rope."], LEARNT, packaged()
)


def log_odds(user: str, answer: str, heard: Repertoire = ENGLISH) -> float:
    return incoherence(Text(user), Text(answer), heard, LEARNT).log_odds


def names(user: str, answer: str, heard: Repertoire = ENGLISH, earlier: tuple[str, ...] = ()) -> set[str]:
    return {
        found.name for found in incoherence(Text(user), Text(answer), heard, LEARNT, earlier=earlier).flaws
    }


PAIRS = [
    (
        "en",
        "What is the best way to bake sourdough bread?",
        "Bake the sourdough hot, and steam the bread well.",
        "The parliament was dissolved on a Thursday in March.",
    ),
    (
        "de",
        "Wie lange muss ich Kartoffeln kochen?",
        "Kartoffeln kochst du zwanzig Minuten, mein Lieber.",
        "Der Zug nach Hamburg fährt heute leider nicht mehr.",
    ),
    (
        "ru",
        "Какая рыба водится в Волге?",
        "В Волге водится щука, сом и другая рыба.",
        "Театр закрывается на ремонт до самой весны.",
    ),
    (
        "tr",
        "İstanbul'da hangi müzeleri gezmeliyim?",
        "İstanbul'da önce deniz müzesini gez, müzeler güzeldir.",
        "Yarın sabah ekmek alırken komşuya selam söyle.",
    ),
    (
        "ja",
        "京都で一番美しい寺はどこですか？",
        "京都の寺なら、やはり清水寺が一番美しいでしょう。",
        "明日の朝は魚を焼いて食べるつもりだ。",
    ),
    ("zh", "北京有哪些好吃的烤鸭店？", "北京的烤鸭店嘛，前门那家最好吃。", "明天我要去河边钓鱼，你别等我。"),
    (
        "ko",
        "서울에서 가장 높은 건물은 무엇인가요?",
        "서울에서 가장 높은 건물은 잠실에 있지.",
        "내일 아침에는 생선을 구워 먹을 생각이다.",
    ),
    ("th", "อาหารไทยจานไหนอร่อยที่สุด", "อาหารไทยที่อร่อยที่สุดคือแกงเขียวหวาน", "พรุ่งนี้รถไฟไปเชียงใหม่หยุดวิ่ง"),
    (
        "el",
        "Ποιο είναι το καλύτερο νησί για διακοπές;",
        "Για διακοπές το καλύτερο νησί είναι η Νάξος.",
        "Το τρένο άργησε πάλι σήμερα το πρωί.",
    ),
    ("hi", "भारत की सबसे लंबी नदी कौन सी है?", "भारत की सबसे लंबी नदी गंगा है।", "कल सुबह बाज़ार बंद रहेगा।"),
]


@pytest.mark.parametrize(("language", "user", "own", "other"), PAIRS)
def test_an_answer_to_the_turn_is_more_coherent(language: str, user: str, own: str, other: str) -> None:
    heard = repertoire(language, [own], LEARNT, packaged())
    assert log_odds(user, own, heard) + 1 < log_odds(user, other, heard)
    assert not names(user, own, heard)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("empty", "  \n"),
        ("garbage", "Aye, the bread is ready.<|im_end|>"),
        ("garbage", "Aye, the bread is ready.\n### Human: and the wine?"),
        ("garbage", "The cafÃ© is closed, and the bread \ufffd with it."),
        ("repetition", "The bread, the bread, " * 20),
        ("repetition", "I bake the bread in the morning. " * 5),
        ("repetition", "Breaaaaaaaaaaaaaaaaaaaaaaad!"),
        (
            "language",
            "Der Bäcker hat das Brot und die Brötchen schon gebacken, und wir essen sie mit der Butter.",
        ),
        ("language", "Пекарь уже испёк хлеб, и мы едим его с маслом."),
        (
            "cut",
            "Bread, " * 3
            + "flour and water and salt make a dough that rises overnight, " * 4
            + "and then the",
        ),
        ("cut", "Run this:\n```\nbake --bread"),
    ],
)
def test_what_is_wrong_is_named(name: str, answer: str) -> None:
    user = "What do you know about the bread of the baker in the village?"
    assert name in names(user, answer)
    assert log_odds(user, answer) > log_odds(user, "The baker of the village bakes good bread.")


def test_the_users_language_is_no_foreign_one() -> None:
    user = "Was hat der Bäcker in dem Dorf heute mit dem Brot und den Brötchen gemacht?"
    answer = "Der Bäcker hat das Brot und die Brötchen schon gebacken, und wir essen sie mit der Butter."
    assert "language" not in names(user, answer)
    assert "language" not in names(
        "Как дела с хлебом, скажи мне прямо?", "Хлеб испечён, и дела с ним хороши."
    )


def test_a_persona_may_speak_the_language_of_its_examples() -> None:
    heard = repertoire("en", ["Пекарь испёк хлеб, и мы едим его с маслом."], LEARNT, packaged())
    assert "language" not in names("What about the bread?", "Хлеб давно уже испечён и съеден.", heard)


def test_repeating_an_earlier_answer_is_named() -> None:
    line = "The tide turns at nine, and we will not wait for you a minute longer than that."
    assert "repeats-earlier" in names("When does the tide turn?", line, earlier=(line,))
    assert "repeats-earlier" not in names("When does the tide turn?", line, earlier=("It turns at nine.",))


@pytest.mark.parametrize(
    "answer", ["Ha!", "No.", "...", "!!!", "🙂", "\ud83d", "a" * 100_000, "\n" * 50 + "x"]
)
def test_any_text_gets_a_grade(answer: str) -> None:
    for user in ("", "Hi", "?", "日本", "x" * 50_000):
        assert 1 <= grade(belief(log_odds(user, answer))) <= 5


def test_grades_fall_as_belief_rises() -> None:
    grades = [grade(at / 100) for at in range(101)]
    assert grades == sorted(grades, reverse=True)
    assert (grades[0], grades[5], grades[50], grades[100]) == (5.0, 4.5, 3.0, 1.0)
    assert belief(0.0) == pytest.approx(0.05)
