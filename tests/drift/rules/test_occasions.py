"""The occasion of a duty is heard in other words, and what is to be done is looked for in them, too."""

import pytest

from tests.drift.rules.test_checked import is_broken

IDLE = {
    "en": "Lovely. The boats leave at nine, and the light is best before noon.",
    "de": "Schön. Die Boote fahren um neun, und das Licht ist am Vormittag am besten.",
    "fr": "Très bien. Les bateaux partent à neuf heures et la lumière est belle le matin.",
    "es": "Muy bien. Los barcos salen a las nueve y la luz es mejor por la mañana.",
    "it": "Bene. Le barche partono alle nove e la luce è migliore al mattino.",
    "nl": "Mooi zo. De boten varen om negen en het licht is 's ochtends het best.",
    "pl": "Pięknie. Łodzie płyną o dziewiątej, a światło jest najlepsze rano.",
    "pt": "Que bom. Os barcos saem às nove e a luz é melhor de manhã.",
    "ru": "Прекрасно. Лодки отходят в девять, и свет утром лучше всего.",
    "sv": "Fint. Båtarna går klockan nio, och ljuset är bäst på morgonen.",
    "tr": "Ne güzel. Tekneler dokuzda kalkar, ışık sabahları en iyisidir.",
    "ja": "いいですね。船は九時に出て、朝の光がいちばんきれいです。",
    "zh": "很好。船九点开，早上的光线最好。",
    "ko": "좋아요. 배는 아홉 시에 떠나고 아침 빛이 제일 고와요.",
}
"""So an answer leaves out what was to be said."""


@pytest.mark.parametrize(
    ("language", "rule", "user"),
    [
        ("en", "If a guest mentions a bereavement, give them the chapel", "My aunt passed away in May"),
        ("en", "Whoever travels with a baby must hear of the cradle", "We sail with our six months old Ida"),
        ("de", "Kommt jemand mit Kindern, erinnere an die Schwimmweste", "Meine Tochter will unbedingt mit"),
        ("de", "Erzählt jemand von Wasser in der Lampe, rate zur Trocknung", "Meine Lampe fiel in den See"),
        ("fr", "Si on lui parle d'un groupe, rappelle le pique-nique", "Nous sommes une classe de 28 élèves"),
        ("es", "Cuando alguien diga que su farol se ha roto, pide el recibo", "Mi farol tiene una grieta"),
        ("it", "Se qualcuno è triste, ricordagli la panchina blu", "Oggi ho pianto tutto il giorno"),
        (
            "nl",
            "Als iemand iets heeft laten liggen, vraag naar het dek",
            "Ik ben mijn sjaal vergeten op de boot",
        ),
        (
            "pl",
            "Gdy ktoś mówi dobranoc, powiedz o latarni",
            "Idę już spać, pa",
        ),
        ("pt", "Se alguém viajar com um cão, avise do açaime", "Posso levar o meu labrador na viagem?"),
        ("ru", "Если у человека жар, предложи настой ромашки", "У меня высокая температура"),
        ("sv", "Om någon är rädd, nämn lyktan vid bryggan", "Jag får mardröm av dimman"),
        ("tr", "Biri tekerlekli sandalyeyle gelirse iskeleyi hatırlat", "Koltuk değneğiyle yürüyorum"),
        ("ja", "お年寄りには、ゆっくり渡る橋を案内すること", "祖母と一緒に行きます"),
        ("zh", "如果客人带着婴儿，提醒他带毯子", "我们的宝宝才六个月大，也想上船"),
        ("ko", "손님이 아프다고 하면 담요를 권하세요", "열이 나고 두통이 심해요"),
    ],
)
def test_an_occasion_is_heard_in_other_words_for_the_same(language: str, rule: str, user: str) -> None:
    assert is_broken({"must": rule}, user, IDLE[language], language=language)


def test_words_that_any_duty_has_make_no_occasion_and_do_nothing() -> None:
    rule = {"must": "If visitors say that they want to bring a lantern, tell them to bring a wick"}
    assert not is_broken(rule, "I want to bring my sister", IDLE["en"])
    assert is_broken(
        rule, "May I bring a lantern?", "Of course, bring it along and enjoy the walk on the pier."
    )
    assert not is_broken(rule, "May I bring a lantern?", "You may, and pack a second wick for the way home.")


def test_what_is_to_be_asked_for_may_be_asked_for_in_other_words() -> None:
    rule = {"must": "When somebody books a cradle, ask for the weight of the baby"}
    assert is_broken(rule, "I'd like to book a cradle", "With pleasure, it stands on deck from nine on.")
    assert not is_broken(rule, "I'd like to book a cradle", "With pleasure. How much does she weigh?")


def test_swelling_and_fever_are_both_wanted_where_both_are_named() -> None:
    rule = {"must": "If somebody has a rash and a fever, tell them to ring 5522 at once"}
    assert not is_broken(rule, "I have a cough", IDLE["en"])
    assert is_broken(rule, "I have a rash and a high temperature", IDLE["en"])


def test_a_child_tells_of_its_own_fear_but_anybody_may_have_lost_a_thing() -> None:
    afraid = {"must": "When a child is afraid, tell it to wake a grown-up"}
    assert is_broken(afraid, "There is a monster under my bed and I'm scared", IDLE["en"])
    lost = {"must": "When a child is lost, tell it to wait by the bell"}
    assert not is_broken(lost, "I lost my receipt", IDLE["en"])


def test_what_the_answer_itself_speaks_of_may_be_the_occasion() -> None:
    rule = {"must": "Whenever you mention the night ferry, say that it carries no bicycles"}
    assert is_broken(rule, "How do I get across after ten?", "The night ferry takes you over in an hour.")
    assert not is_broken(rule, "How do I get across after ten?", IDLE["en"])


@pytest.mark.parametrize(
    ("language", "prompt", "user", "told", "advised"),
    [
        (
            "en",
            "Whenever you suggest a walk, say how long it takes on foot.",
            "Which gate leads to the walk by the river?",
            "The green gate leads there, and it is open all day.",
            "I'd take the river walk, past the weir and the willows.",
        ),
        (
            "de",
            "Bei jeder Wanderung, die du vorschlägst, nennst du die Dauer zu Fuß.",
            "Wo beginnt die Wanderung am Fluss?",
            "Sie beginnt am grünen Tor, das den ganzen Tag offen steht.",
            "Nimm die Wanderung am Fluss, am Wehr vorbei und unter den Weiden.",
        ),
        (
            "fr",
            "Chaque fois que vous conseillez un sentier, vous dites sa durée à pied.",
            "Où commence le sentier du fleuve ?",
            "Il commence à la porte verte, ouverte toute la journée.",
            "Prenez le sentier du fleuve, le long des saules et du barrage.",
        ),
    ],
)
def test_what_the_persona_recommends_is_no_occasion_where_it_recommends_nothing(
    language: str, prompt: str, user: str, told: str, advised: str
) -> None:
    assert not is_broken({}, user, told, prompt, language)
    assert is_broken({}, user, advised, prompt, language)


@pytest.mark.parametrize(
    ("language", "prompt", "user"),
    [
        ("en", "For a torn sail ask for a photo of it.", "My sail is torn!"),
        ("it", "Per vele strappate chiedi una fotografia.", "La mia vela è strappata!"),
    ],
)
def test_an_occasion_that_comes_first_without_a_when_is_read(language: str, prompt: str, user: str) -> None:
    assert is_broken({}, user, IDLE[language], prompt, language)


def test_a_verse_that_stands_elsewhere_is_not_missed_in_an_answer() -> None:
    rule = {"must": "When somebody says goodnight, answer with the harbour rhyme"}
    assert not is_broken(rule, "Good night!", "Moon on the mast, sleep till it's past.")


def test_a_single_character_is_what_is_to_be_done_where_it_is_a_word() -> None:
    rule = {"must": "見学の人には、汚れてもいい服で来るように伝えること"}
    assert is_broken(rule, "見学に行ってもいいですか", IDLE["ja"], language="ja")
    says = "どうぞ、汚れてもかまわない服でおいでください。"
    assert not is_broken(rule, "見学に行ってもいいですか", says, language="ja")
