"""Words that people say every day are none of those that a table of a language lists."""

from collections import Counter

import pytest

from gateway.drift.language import packaged
from gateway.drift.rules.marked import Marked
from gateway.drift.rules.shelf import phrasebook
from gateway.drift.rules.words import entries
from gateway.drift.text import Stretch


@pytest.mark.parametrize(
    ("language", "label", "everyday", "meant"),
    [
        ("en", "@ill", "Is the lamb tender?", "My wrist feels tender."),
        ("en", "fiction", "Which novel would you recommend?", "In my novel somebody falls ill."),
        ("en", "on:lost", "Do I turn left at the church?", "I left my scarf on the bench."),
        ("de", "@ill", "Wohin zieht es dich?", "Mein Knie schmerzt."),
        ("de", "@medicine", "Ich stecke es in einen Umschlag.", "Da hilft ein kalter Umschlag."),
        ("de", "fiction", "Wie ist die Geschichte des Hauses?", "In meinem Roman stirbt er."),
        ("de", "on:join", "Darf ich eintreten?", "Ich möchte Mitglied werden."),
        ("es", "on:outdoors", "¿A qué hora sale el tren?", "Voy a salir a la calle."),
        ("fr", "noted", "Je vous ai inscrit pour mardi.", "J'ai noté votre demande."),
        ("ja", "assent", "ええと、それは店主に。", "はい、どうぞ。"),
        ("ko", "assent", "예약은 내일부터예요.", "물론이죠."),
        ("ko", "on:outdoors", "하나가 있어요.", "밖에 나갈 거예요."),
        ("nl", "steps", "Dat is meer dan genoeg.", "Daarna roer je het."),
        ("pl", "noted", "Zapisałam pana na wtorek.", "Zapisałam sobie pana prośbę."),
        ("ru", "noted", "Записал вас на вторник.", "Записал себе вашу просьбу."),
        ("sv", "on:fall", "I så fall kommer jag.", "Jag ramlade i trappan."),
        ("sv", "on:outdoors", "Det ser fint ut.", "Jag ska gå ut."),
        ("tr", "noted", "Yazın her gün açığız.", "Bunu not aldım, yazdım."),
        ("zh", "assent", "对不起，银行在街角。", "当然。"),
    ],
)
def test_an_everyday_word_is_none_of_a_table(language: str, label: str, everyday: str, meant: str) -> None:
    book = phrasebook(packaged(), language)
    assert book is not None
    found = [Marked(book, Stretch(text)) for text in (everyday, meant)]
    assert [label in one.labels.keys() | one.kinds for one in found] == [False, True]


def test_no_list_of_rule_words_has_an_entry_twice() -> None:
    twice = [
        (code, name, entry)
        for code, language in packaged().items()
        if (rules := language.rules) is not None
        for table in (rules.marks, rules.concepts, rules.occasions, rules.acts, rules.cues, rules.tasks)
        for name, text in table.items()
        for entry, times in Counter(entries(text)).items()
        if times > 1
    ]
    assert not twice
