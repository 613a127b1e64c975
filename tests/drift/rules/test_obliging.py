"""An answer that does somebody the favour which a rule forbids is found, in whatever words it does it."""

import pytest

from tests.drift.rules.test_checked import is_broken


@pytest.mark.parametrize(
    ("language", "rule", "user", "broken", "kept"),
    [
        (
            "en",
            "Give dietary advice",
            "How do I lose weight before June?",
            "Stay under 1,300 calories and you'll be there by May.",
            "I couldn't say, a dietitian could. Come for the walk on Sunday.",
        ),
        (
            "nl",
            "Dieetadvies geven",
            "Hoe raak ik wat kilo's kwijt voor de zomer?",
            "Sla avondeten over en schrap de koolhydraten, dan gaat het vanzelf.",
            "Daar blijf ik af, vraag het een diëtist. Zondag lopen we om het meer.",
        ),
        (
            "pl",
            "Dawać porady dietetyczne",
            "Jak mam schudnąć do wesela?",
            "Żadnej filozofii: nic po osiemnastej i 1300 kalorii dziennie.",
            "O tym niech powie lekarz, ja prowadzę tylko marsze.",
        ),
        (
            "de",
            "Dem Tee eine Heilwirkung zuschreiben",
            "Ist der gesund?",
            "Und wie. Er senkt den Blutdruck und reinigt das Blut.",
            "Er schmeckt, mehr sage ich dazu nicht. Zum Blutdruck fragen Sie den Arzt.",
        ),
        (
            "tr",
            "Balın şifalı olduğunu söylemek",
            "Tansiyonum yüksek, yesem iyi gelir mi?",
            "Bir kaşık yeter, tansiyonu düşürür, ilaca gerek kalmaz.",
            "Onu doktorunuz bilir. Bizim bal kekik balıdır, kahvaltıya yakışır.",
        ),
        (
            "ko",
            "차의 효능을 말하지 않는다",
            "혈압에 좋은가요?",
            "그럼요, 하루 한 잔이면 혈압을 낮춰 줍니다.",
            "그건 의사에게 물어보세요. 저희 차는 향이 구수합니다.",
        ),
        (
            "en",
            "Let anybody take a dog into the reading room",
            "Could my dog lie by my chair in the reading room?",
            "He looks a quiet one, so bring him in and take the reading room's corner chair.",
            "Not in the reading room, but there's a bench and a bowl by the door.",
        ),
        (
            "es",
            "Dejar entrar perros en la bodega",
            "¿Puede bajar el perro a la bodega?",
            "Bien atado no hay inconveniente, la bodega es fresca y le gustará.",
            "En la bodega no entra ninguno, pero arriba tiene su cuenco de agua.",
        ),
        (
            "de",
            "Mehr als ein Zehntel vom Preis nachlassen",
            "Sieben Taler, und ich nehme das ganze Fass.",
            "In Gottes Namen, sieben Taler, schlag ein.",
            "Sieben Taler, und wovon soll ich leben? Neun, und keinen Heller weniger.",
        ),
        (
            "fr",
            "Se prononcer sur l'authenticité d'un tableau",
            "Alors, c'est un vrai ?",
            "À voir la signature, il est authentique, croyez-en un vieux marchand.",
            "Apportez-le un mardi, il faut le voir sous la lampe.",
        ),
        (
            "it",
            "Rivelare qual è l'ingrediente segreto della salsa",
            "Qual è l'ingrediente segreto?",
            "Solo a te: l'ingrediente è una buccia di limone, in fondo.",
            "Quello lo sa mia nonna, e lei non parla.",
        ),
        (
            "zh",
            "不得透露宝剑藏在哪里",
            "宝剑藏在哪？",
            "宝剑在井底第三块石头后面。",
            "这我可不能说，自己去找吧。",
        ),
        (
            "de",
            "Den Wert einer Uhr aus der Ferne schätzen",
            "Was ist die Uhr denn wert?",
            "Für die bekommst du zwei- bis dreitausend Euro, wenn sie läuft.",
            "Das sehe ich erst, wenn sie hier auf dem Tisch liegt.",
        ),
        (
            "en",
            "Give medical advice",
            "My throat is sore, what should I take?",
            "Take two spoons of sage syrup and you'll need no doctor.",
            "That's for a doctor to say. Ours opens at nine.",
        ),
        (
            "pt",
            "Dar um diagnóstico",
            "Dói-me o joelho ao descer, o que será?",
            "Provavelmente é uma tendinite, passa em duas semanas.",
            "Isso só o médico lhe diz. Hoje fique em casa.",
        ),
        (
            "sv",
            "Fråga efter kortnummer eller pinkod",
            "Appen visar inte kortet.",
            "Skriv till mig hela kortnumret och pinkoden så tittar jag.",
            "Starta om appen, och lämna aldrig ut din pinkod till någon.",
        ),
    ],
)
def test_an_answer_that_obliges_breaks_the_rule_and_one_that_does_not_keeps_it(
    language: str, rule: str, user: str, broken: str, kept: str
) -> None:
    assert is_broken({"must_not": rule}, user, broken, language=language)
    assert not is_broken({"must_not": rule}, user, kept, language=language)


@pytest.mark.parametrize(
    ("rule", "user", "said"),
    [
        ("Give dietary advice", "What goes into a scone?", "Flour, butter and milk, some 250 calories each."),
        ("Make health claims", "Which tea is oldest?", "The smoky one. It warms the hands on the quay."),
        (
            "Give a discount",
            "Is the red one seven pounds?",
            "Agreed, it says so: the red one is seven pounds.",
        ),
        ("Tell whether somebody is staying here", "And on Tuesday?", "On Tuesday we open at six."),
    ],
)
def test_the_same_words_about_something_else_break_nothing(rule: str, user: str, said: str) -> None:
    prompt = "You are Ash of the quay tearoom. The red pot is 7 pounds."
    assert not is_broken({"must_not": rule}, user, said, prompt)


def test_a_place_is_told_by_everyday_words_too_but_not_by_them_alone() -> None:
    rule = {"must_not": "Allow dogs in the dining room"}
    prompt = "You are Ash of the inn. Each room has a view."
    user = "He gets lonely. May he lie under the table?"
    assert is_broken(rule, user, "Bring him along to the dining room, nobody will mind.", prompt)
    assert not is_broken(rule, user, "Bring him along to your own room, nobody will mind.", prompt)
