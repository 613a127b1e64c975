"""What a turn contradicts: stored fields, the prompt, example lines and earlier turns, in ten languages."""

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.drift import calibration
from gateway.drift.text import Stretch, Text
from gateway.drift.values import contradiction as values
from gateway.drift.values.contradiction import Claims, Contradiction
from gateway.drift.values.facts import Facts
from gateway.drift.values.lexicon import lexicon
from gateway.drift.values.segmentation import clauses, pieces

ANNA: dict[str, dict[str, Any]] = {
    "en": {
        "fields": {"age": 34, "family": {"children": 2}, "job": "teacher", "residence": "Berlin"},
        "prompt": "You are Anna, a teacher from Berlin who loves cats and hates coffee.",
    },
    "de": {
        "fields": {"alter": 34, "kinder": 2, "beruf": "Lehrerin", "wohnort": "Hamburg"},
        "prompt": "Du bist Anna, eine Lehrerin aus Hamburg. Anna liebt Katzen und hasst Kaffee.",
    },
    "fr": {
        "fields": {"âge": 34, "enfants": 2, "métier": "professeur", "ville": "Lyon", "genre": "femme"},
        "prompt": "Tu es Anne, professeur à Lyon. Tu adores les chats et tu détestes le café.",
    },
    "es": {
        "fields": {"edad": 34, "hijos": 2, "trabajo": "profesora", "ciudad": "Madrid", "género": "mujer"},
        "prompt": "Eres Ana, profesora de Madrid. Te gustan los gatos y odias el café.",
    },
    "it": {
        "fields": {"età": 34, "figli": 2, "lavoro": "insegnante", "città": "Roma"},
        "prompt": "Sei Anna, insegnante di Roma. Ti piacciono i gatti e odi il caffè.",
    },
    "ru": {
        "fields": {"возраст": 34, "профессия": "учитель", "город": "Москва", "пол": "женский"},
        "prompt": "Ты Анна, учитель из Москвы. Ты любишь кошек и ненавидишь кофе.",
    },
    "pl": {
        "fields": {"wiek": 34, "dzieci": 2, "zawód": "nauczycielka", "miasto": "Kraków", "płeć": "kobieta"},
        "prompt": "Jesteś Anną, nauczycielką z Krakowa. Kochasz koty i nienawidzisz kawy.",
    },
    "tr": {
        "fields": {"yaş": 34, "meslek": "öğretmen", "memleket": "İzmir", "burç": "akrep"},
        "prompt": "Sen Anna'sın, İzmirli bir öğretmensin. Kedileri çok seversin, kahveden nefret edersin.",
    },
    "ja": {
        "fields": {"年齢": 34, "職業": "教師", "出身": "大阪", "性別": "女性"},
        "prompt": "あなたはアンナ、大阪の教師です。猫が好きで、コーヒーが嫌いです。",
    },
    "ko": {
        "fields": {"나이": 34, "직업": "교사", "고향": "부산", "성별": "여성"},
        "prompt": "당신은 안나, 부산의 교사입니다. 고양이를 좋아하고 커피를 싫어합니다.",
    },
    "zh": {
        "fields": {
            "年龄": 34,
            "家庭": {"孩子": 2},
            "职业": "老师",
            "所在地": "四川 成都",
            "性别": "女",
            "星座": "双鱼座",
        },
        "prompt": "你是安娜，成都的一名老师。你喜欢猫，讨厌咖啡。",
    },
}
NAMES = {"fr": "Anne", "es": "Ana", "ru": "Анна", "ja": "アンナ", "ko": "안나", "zh": "安娜"}


def anna(language: str = "en") -> Facts:
    stored = ANNA[language]
    return Facts(stored["fields"], stored["prompt"], (), language, NAMES.get(language, "Anna"))


def contradiction(facts: Facts, claims: Claims, user: str, answer: str) -> Contradiction | None:
    return values.weigh(facts, claims, Text(user), Text(answer)).contradiction


def learn(facts: Facts, claims: Claims, turn: int, answer: str) -> Claims:
    return values.learn(facts, claims, turn, values.own(facts, Text(answer)))


def belief(found: Contradiction | None) -> float | None:
    return None if found is None else calibration.belief(found.log_odds)


CONTRADICTING = {
    "en": "I have three children.|I'm 51 years old.|I live in Paris.|I work as a lawyer.|I love coffee!"
    "|I hate cats.|My name is Maria.",
    "de": "Ich habe drei Kinder.|Ich bin 51 Jahre alt.|Ich wohne in München.|Ich bin Anwältin.|"
    "Ich liebe Kaffee.|Ich hasse Katzen.|Ich heiße Maria.",
    "fr": "J'ai trois enfants.|J'ai 51 ans.|J'habite à Marseille.|Je suis avocat.|J'adore le café."
    "|Je déteste les chats.|Je m'appelle Marie.|Je suis un homme.",
    "es": "Tengo tres hijos.|Tengo 51 años.|Vivo en Barcelona.|Soy abogada.|Me encanta el café."
    "|No me gustan los gatos.|Me llamo María.|Soy un hombre.",
    "it": "Ho tre figli.|Ho 51 anni.|Vivo a Milano.|Odio i gatti.|Mi chiamo Maria.",
    "ru": "Мне 51 год.|Я живу в Петербурге.|Я юрист.|Я люблю кофе.|Я ненавижу кошек.|Меня зовут Мария."
    "|Я вчера ходил в магазин.",
    "pl": "Mam troje dzieci.|Mam 51 lat.|Mieszkam w Warszawie.|Jestem prawnikiem.|Nienawidzę kotów."
    "|Byłem wczoraj w sklepie.",
    "tr": "Ben 51 yaşındayım.|Ben avukatım.|Kahveye bayılırım.|Ben yengeç burcuyum.",
    "ja": "私は51歳です。|私は東京に住んでいます。|私は弁護士です。"
    "|コーヒーが大好きです。|猫は好きではありません。|俺は男だ。",
    "ko": "저는 51살입니다.|저는 서울에 살고 있어요.|저는 변호사입니다.|커피를 좋아해요.|고양이를 싫어해요.",
    "zh": "我今年五十一岁了。|我有三个孩子。|我住在北京。|我是律师。|我最喜欢咖啡了。|我讨厌猫。|我不喜欢猫。"
    "|我叫玛丽。|我是男生。|我是狮子座的。",
}
AGREEING = {
    "en": "I have two children.|I am 34 years old.|I live in Berlin, Germany."
    "|I'm a teacher.|I can't stand coffee.",
    "de": "Ich habe zwei Kinder.|Ich bin 34 Jahre alt.|Ich wohne in Hamburg.|Ich mag keinen Kaffee.",
    "fr": "J'ai 34 ans.|J'habite à Lyon.|J'adore les chats.",
    "es": "Tengo 34 años.|Vivo en Madrid.|Me gustan los gatos.",
    "it": "Ho 34 anni.|Ho due figli.",
    "ru": "Мне 34 года.|Я живу в Москве.|Я вчера ходила в магазин.",
    "pl": "Mieszkam w Krakowie.|Byłam wczoraj w sklepie.",
    "tr": "34 yaşındayım.|İzmir'de yaşıyorum.|Ben öğretmenim.|Kedileri severim.",
    "ja": "私は34歳です。|私は大阪に住んでいます。|猫が好きです。",
    "ko": "저는 34살입니다.|저는 부산에 살아요.",
    "zh": "我今年34岁。|我有两个孩子。|我在成都生活。|我喜欢猫。|我是双鱼座。|我是女生。",
}


def cases(answers: dict[str, str]) -> list[tuple[str, str]]:
    return [(language, answer) for language, joined in answers.items() for answer in joined.split("|")]


@pytest.mark.parametrize(("language", "answer"), cases(CONTRADICTING))
def test_a_clear_contradiction_is_believed(language: str, answer: str) -> None:
    found = contradiction(anna(language), (), "", answer)

    assert found is not None
    assert calibration.belief(found.log_odds) > 0.25
    assert found.clashes


@pytest.mark.parametrize(("language", "answer"), cases(AGREEING))
def test_agreement_with_what_is_stored_is_not_suspected(language: str, answer: str) -> None:
    assert (belief(contradiction(anna(language), (), "", answer)) or 0.0) < 0.06


@pytest.mark.parametrize(
    ("language", "answer"),
    [("en", "Why did the chicken cross the road?"), ("zh", "从前有座山。"), ("de", "Guten Tag!"), ("en", "")],
)
def test_a_turn_that_touches_nothing_stored_gets_no_score(language: str, answer: str) -> None:
    assert contradiction(anna(language), (), "", answer) is None


def test_a_finding_points_at_the_span_and_at_the_field() -> None:
    answer = "Oh, I have three children."
    found = contradiction(anna(), (), "Do you have kids?", answer)

    assert found is not None
    finding = found.clashes[0]
    assert (finding.name, finding.basis, found.basis) == ("number-clash", "layers.family.children", "fields")
    assert answer[finding.start : finding.end] == "three"


@pytest.mark.parametrize(
    ("language", "question", "answer"),
    [
        ("en", "Are you a doctor?", "Yes, I am."),
        ("en", "Do you like cats?", "No, not at all."),
        ("zh", "你是医生吗？", "是的，我是。"),
        ("zh", "你喜欢猫吗？", "不喜欢。"),
    ],
)
def test_a_yes_or_a_no_takes_its_meaning_from_the_question(language: str, question: str, answer: str) -> None:
    assert (belief(contradiction(anna(language), (), question, answer)) or 0.0) > 0.15


LIN = """姓名：林晓
性别：女
年龄：25岁
职业：护士
爱好：喜欢吃桃子，喜欢弹钢琴
家庭：有一个弟弟，养了一只猫"""


@pytest.mark.parametrize(
    ("question", "agreeing", "contradicting"),
    [
        ("你最喜欢吃什么水果？", "桃子呀", "当然是香蕉啦"),
        ("你会什么乐器？", "我从小就弹钢琴。", "我会弹吉他。"),
        ("你多大了？", "25岁呀", "我三十了"),
        ("你有兄弟姐妹吗？", "有啊，我有个弟弟", "没有，我是独生女。"),
        ("你有宠物吗？", "我养了一只猫", "我养了一只狗"),
    ],
)
def test_an_answer_is_held_against_what_the_question_was_about(
    question: str, agreeing: str, contradicting: str
) -> None:
    facts = Facts({}, LIN, (), "zh", "林晓")

    assert (belief(contradiction(facts, (), question, agreeing)) or 0) < 0.03
    assert (belief(contradiction(facts, (), question, contradicting)) or 0) > 0.2


def test_talk_about_somebody_else_weighs_less_than_talk_about_oneself() -> None:
    of_itself = contradiction(anna(), (), "", "I live in Paris.")
    of_a_place = contradiction(anna(), (), "", "Paris is the capital of France.")

    assert of_itself is not None
    assert of_a_place is not None
    assert of_a_place.log_odds < of_itself.log_odds


def test_an_earlier_statement_is_held_against_a_later_one() -> None:
    facts = Facts({}, "", (), "en", "")
    claims = learn(facts, (), 3, "I work at a small bakery downtown.")
    found = contradiction(facts, claims, "", "I don't work at a bakery downtown.")

    assert found is not None
    assert (found.basis, found.clashes[0].basis) == ("earlier", "turn[3]")
    assert found.clashes[0].name == "negation"


def test_the_claims_of_a_long_conversation_stay_bounded() -> None:
    facts = anna()
    claims: Claims = ()
    for turn in range(200):
        claims = learn(
            facts, claims, turn, f"I bought {turn} red lamps. I painted the fence. I sold my boat."
        )

    assert len(claims) == 64
    assert claims[-1].basis == "turn[199]"


def test_words_weigh_the_same_in_whichever_order_a_set_gives_them() -> None:
    facts = Facts(
        {}, "A lamp. A boat. A lamp. A boat. " * 4 + "A tide. A whale. " * 4 + "A rope.", (), "en", ""
    )
    stems = list(facts.index)

    assert len(stems) == 5
    assert len({facts.mass(order) for order in itertools.permutations(stems)}) == 1
    assert len({sum(facts.mass([stem]) for stem in order) for order in itertools.permutations(stems)}) > 1


def test_a_machine_may_say_that_it_is_one() -> None:
    person = contradiction(anna(), (), "", "As an AI language model, I cannot drink.")
    machine = Facts({}, "You are Tin, a robot with language model brains.", (), "en", "Tin")
    robot = contradiction(machine, (), "", "As an AI language model, I cannot drink.")

    assert person is not None
    assert "not-a-person" in [finding.name for finding in person.clashes]
    assert robot is None or "not-a-person" not in [finding.name for finding in robot.clashes]


def test_a_profile_written_as_lines_is_read_like_fields() -> None:
    facts = Facts({}, "Name: Lin\nGender: female\nAge: 25\nCity: Chengdu", (), "en", "Lin")

    assert facts.age is not None
    assert facts.age[0] == 25
    assert facts.keyed == {"gender", "place"}


def test_a_town_unknown_to_the_lists_is_told_from_its_neighbours() -> None:
    facts = Facts({"location": "辽宁 新民"}, "", (), "zh", "")

    assert (belief(contradiction(facts, (), "", "沈阳在下雪")) or 0) > 0.1
    assert (belief(contradiction(facts, (), "", "新民在下雪")) or 0) < 0.05


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=400), st.text(max_size=100), st.sampled_from(sorted(ANNA)))
def test_any_text_is_scored_with_spans_inside_it(answer: str, user: str, language: str) -> None:
    found = contradiction(anna(language), (), user, answer)

    for finding in found.clashes if found else ():
        assert 0 <= finding.start <= finding.end <= len(answer)
        assert 0 <= finding.strength <= 1


def test_a_very_long_answer_is_looked_at_from_both_ends() -> None:
    found = contradiction(anna(), (), "", "lorem ipsum dolor. " * 13_000 + "I live in Paris.")

    assert found is not None
    assert found.clashes[0].end > 240_000


def test_words_mean_the_same_when_they_are_met_again() -> None:
    text = "I can't stand New York. I had two cats in Paris; we don’t know why."
    first = lexicon("en").read(Stretch(text))

    again = lexicon("en").read(Stretch(text))

    assert (again.mentions, again.stems, again.figures) == (first.mentions, first.stems, first.figures)
    assert [(one.value, text[one.start : one.end]) for one in first.mentions if one.category == "place"] == [
        ("us/new-york", "New York"),
        ("fr/paris", "Paris"),
    ]


def test_a_clause_that_touches_nothing_known_is_passed_over() -> None:
    english = lexicon("en")
    text = "The rain falls, and I saw a whale, then two boats sank. The lamp is lit, the door is shut."
    some = clauses(english, pieces(english, Text(text)), {"lamp"})

    assert [one.text for one in some] == [" and I saw a whale,", " then two boats sank.", " The lamp is lit,"]


@pytest.mark.parametrize(
    ("key", "value", "said"), [("dislikes", "elves", "I adore elves."), ("likes", "rain", "I hate rain.")]
)
def test_a_field_that_is_called_by_a_feeling_says_what_is_felt(key: str, value: str, said: str) -> None:
    facts = Facts({key: value}, "You are Tova, a forest guide.", (), "en", "Tova")
    found = contradiction(facts, (), "What do you think of it?", said)
    assert found is not None
    assert "polarity" in {clash.name for clash in found.clashes}


@pytest.mark.parametrize("times", [1, 4, 24])
def test_what_is_learnt_of_an_answer_is_what_reading_it_anew_would_give(times: int) -> None:
    facts, answer = anna(), Text("Well, well. I live in Graz, I like tea, and you sing; do I? " * times)
    own = values.weigh(facts, (), Text("Who are you?"), answer).own
    anew = values.own(facts, answer)
    assert own is not None
    assert [(one.text, one.start) for one in own] == [(one.text, one.start) for one in anew]
    assert anew
    assert values.weigh(facts, (), Text(""), Text("I like tea. " * 200)).own is None
