"""An assistant's stock phrases are a break, and what drifts does not become usual."""

import pytest

from gateway.drift.character import Character
from gateway.drift.profile import Profile
from gateway.drift.scorer import BEGINNING, score

SMITH = (
    "Steel listens, if thou hit it right.",
    "Nay, hot iron first, talk later.",
    "Hold the tongs, lad.",
    "Aye.",
)


@pytest.mark.parametrize(
    ("language", "answer"),
    [
        ("en", "Great question. The blade is ready. Let me know if there is more."),
        ("de", "Gute Frage! Die Klinge ist fertig. Bei weiteren Fragen bin ich da."),
        ("fr", "Excellente question. La lame est prête. N’hésite pas à revenir."),
        ("es", "Buena pregunta. La hoja está lista. No dudes en volver."),
        ("tr", "Güzel bir soru. Bıçak hazır. Nasıl yardımcı olabilirim?"),
        ("ja", "良い質問ですね。刃はできています。お気軽にどうぞ。"),
    ],
)
def test_two_phrases_of_an_assistant_are_a_break(language: str, answer: str) -> None:
    profile = Profile(Character(name="Smith", language=language, prompt="A smith."))
    result, _ = score(profile, BEGINNING, "", answer)
    assert result.verdict == "out-of-character"
    assert {signal.name for signal in result.signals} >= {"assistant-phrase"}


def test_one_phrase_may_be_chance_and_those_of_the_examples_are_the_personas() -> None:
    one, _ = score(Profile(Character(name="Smith")), BEGINNING, "", "Let me know if the edge is dull.")
    assert "assistant-phrase" not in {signal.name for signal in one.signals}
    own = Profile(Character(name="Smith", examples=("Great question, lad! Let me know if it bends.",)))
    told, _ = score(own, BEGINNING, "", "Great question. Let me know if it cracks.")
    assert "assistant-phrase" not in {signal.name for signal in told.signals}


def test_an_assistants_turns_are_not_learnt_however_often_they_come() -> None:
    profile = Profile(Character(name="Smith", prompt="Thou art a smith of few words.", examples=SMITH))
    answer = (
        "There are several key considerations when choosing a material:\n\n1. **Durability**: Carbon steel "
        "offers excellent edge retention.\n2. **Maintenance**: Stainless steel resists corrosion.\n\n"
        "Overall, the best option depends on the intended use and your individual requirements."
    )
    course = BEGINNING
    for _ in range(6):
        result, course = score(profile, course, "What should I buy?", answer)
        assert result.verdict in ("drifting", "out-of-character")
    assert course.lines is None


def test_one_phrase_is_a_break_where_the_rest_is_an_assistants_too() -> None:
    profile = Profile(Character(name="Smith", prompt="Thou art a smith of few words.", examples=SMITH))
    told, _ = score(
        profile, BEGINNING, "", "A sharp edge needs regular care. It is important to dry it well."
    )
    assert "assistant-phrase" in {signal.name for signal in told.signals}
    kept, _ = score(profile, BEGINNING, "", "Aye, lad. Let me know if the hot iron listens, tongs in hand.")
    assert "assistant-phrase" not in {signal.name for signal in kept.signals}
