"""Rules are read from the prose of a prompt, each with its sentence and an id that stays."""

import pytest

from gateway.drift.rule import Format, Length, Read
from gateway.drift.rules.prose import read

DESK = """You are Mira, the desk of Hollin Ferries. Never promise a refund.
You can't rebook tickets. Don't name other lines such as Tarn Boats or Quickwake.
If somebody has lost a bag, tell them to ring 0151 496 0200.
Reply in English, in at most three sentences, with no emoji and no more than two exclamation marks."""


def kinds(found: tuple[Read, ...]) -> list[str | None]:
    return [one.rule.kind for one in found]


def limits(prompt: str, language: str) -> tuple[Length | None, Format | None]:
    found = read(prompt, language)
    length = next((one.rule.length for one in found if one.rule.length), None)
    return length, next((one.rule.format for one in found if one.rule.format), None)


def test_each_rule_of_a_prompt_is_listed_once_and_by_kind() -> None:
    assert kinds(read(DESK, "en")) == [
        "language",
        "must_not",
        "must_not",
        "never_say",
        "must",
        "length",
        "format",
    ]


def test_a_rule_names_the_sentence_that_it_came_from() -> None:
    assert {"Never promise a refund.", "You can't rebook tickets."} <= {
        one.source for one in read(DESK, "en")
    }


def test_ids_stay_while_the_sentence_does() -> None:
    before = {one.source: one.id for one in read(DESK, "en")}
    after = {one.source: one.id for one in read("You are kind to dogs. " + DESK, "en")}
    assert before["Never promise a refund."] == after["Never promise a refund."]
    assert all(id.startswith("prose:") and len(id) == 14 for id in before.values())


def test_names_in_a_prohibition_are_terms_never_said() -> None:
    terms = next(one.rule.never_say for one in read(DESK, "en") if one.rule.never_say)
    assert {"Tarn Boats", "Quickwake"} <= set(terms)


@pytest.mark.parametrize(
    ("rule", "language", "terms"),
    [
        ("Don't mention Skelder or Bluequill.", "en", ("Skelder", "Bluequill")),
        ("Don’t talk about Potter’s Barn.", "en", ("Potter’s Barn", "Potter", "Barn")),
        ("N'évoquez jamais Maison Fanchon.", "fr", ("Maison Fanchon", "Fanchon")),
    ],
)
def test_what_an_apostrophe_leaves_of_a_verb_is_no_name(
    rule: str, language: str, terms: tuple[str, ...]
) -> None:
    assert [one.rule.never_say for one in read(rule, language) if one.rule.never_say] == [terms]


@pytest.mark.parametrize(
    ("prompt", "language", "length", "form"),
    [
        (DESK, "en", Length(max_sentences=3), Format(emoji=False, exclamation=2)),
        (
            "Antworte in höchstens vier Sätzen, ohne Emojis.",
            "de",
            Length(max_sentences=4),
            Format(emoji=False),
        ),
        ("Réponds en trois phrases maximum, sans émoji.", "fr", Length(max_sentences=3), Format(emoji=False)),
        (
            "Contesta en un máximo de dos frases, sin emojis ni listas.",
            "es",
            Length(max_sentences=2),
            Format(emoji=False, lists=False),
        ),
        ("En fazla üç cümle yaz, emoji kullanma.", "tr", Length(max_sentences=3), Format(emoji=False)),
        (
            "Rispondi al massimo in tre frasi, senza emoji.",
            "it",
            Length(max_sentences=3),
            Format(emoji=False),
        ),
        (
            "Antwoord in maximaal drie zinnen, zonder emoji.",
            "nl",
            Length(max_sentences=3),
            Format(emoji=False),
        ),
        (
            "Responda no máximo em três frases, sem emojis.",
            "pt",
            Length(max_sentences=3),
            Format(emoji=False),
        ),
        ("三文以内で答え、絵文字は使わないでください。", "ja", Length(max_sentences=3), Format(emoji=False)),
    ],
)
def test_a_number_of_sentences_is_no_number_of_emoji(
    prompt: str, language: str, length: Length, form: Format
) -> None:
    assert limits(prompt, language) == (length, form)


def test_a_title_with_a_full_stop_belongs_to_the_name() -> None:
    found = read("Andere Praxen wie Dr. Oltmann nennst du nie.", "de")
    assert any("Dr. Oltmann" in (one.rule.never_say or ()) for one in found)


def test_prose_without_rules_gives_none() -> None:
    assert read("You are an old sailor who loves the sea and his pipe.", "en") == ()


@pytest.mark.parametrize(
    ("prompt", "language", "own", "kind"),
    [
        ("Non nominare altri locali come Osteria Merlo.", "it", "Merlo", "Osteria"),
        ("No menciones a otros bancos como Banca Dorsal.", "es", "Dorsal", "Banca"),
        ("Don't name other shops such as Velo Quay.", "en", "Velo", "Quay"),
    ],
)
def test_what_a_rival_is_called_by_is_a_term_and_what_it_is_is_none(
    prompt: str, language: str, own: str, kind: str
) -> None:
    terms = {term for one in read(prompt, language) for term in one.rule.never_say or ()}
    assert own in terms
    assert kind not in terms


@pytest.mark.parametrize(
    ("prompt", "language", "deed"),
    [
        ("Renewals, cancellations and bookings are done only at the counter.", "en", "bookings"),
        ("Kurse buchen oder stornieren: das kann nur die Kasse, du nicht.", "de", "stornieren"),
        ("Reservar o cancelar lo hace solo la central; usted no puede.", "es", "cancelar"),
        ("予約の変更や取り消しは帳場の電話でのみ受けます。惣兵衛にはできません。", "ja", "取り消し"),
    ],
)
def test_what_others_alone_do_is_not_the_personas_to_do(prompt: str, language: str, deed: str) -> None:
    rules = [one.rule.must_not or "" for one in read(prompt, language)]
    assert any(deed in rule and rule != prompt.rstrip(".。") for rule in rules)


def test_what_the_user_says_to_be_unable_to_do_is_an_occasion() -> None:
    (found,) = read("Anyone who says they can't pay should be pointed to the Warm Home team.", "en")
    assert found.rule.kind == "must"


def test_an_only_that_says_what_there_is_to_speak_of_is_no_deed_of_others() -> None:
    found = read("You answer questions about booking and cancelling only.", "en")
    assert not any("what you cannot do" in (one.rule.must_not or "") for one in found)


@pytest.mark.parametrize(
    ("language", "prompt"),
    [
        ("ru", "Если клиент принёс кожу, предупреди, что с кожей мы не работаем."),
        ("pl", "Jeśli ktoś zgłasza wypadek, zapytaj najpierw, czy ktoś jest ranny."),
        ("zh", "如果客人说孕妇，请提醒她少喝浓茶。"),
        ("ko", "손님이 고양이를 키운다고 하면 백합은 위험하다고 알려 주세요."),
        ("ar", "إذا ذكر الزبون حساسية، فاطلب منه أن يتحدث مع الشيف."),
        ("ja", "お客様が妊娠中とおっしゃったら、長湯を控えるようお伝えください。"),
    ],
)
def test_a_duty_is_read_from_prose_in_many_languages(language: str, prompt: str) -> None:
    assert [one.rule.kind for one in read(prompt, language)] == ["must"]


@pytest.mark.parametrize(
    ("language", "prompt"),
    [("ru", "С кожей мы не работаем."), ("de", "Mit Leder arbeiten wir nicht.")],
)
def test_what_is_so_is_no_rule(language: str, prompt: str) -> None:
    assert read(prompt, language) == ()


@pytest.mark.parametrize(
    ("language", "prompt", "terms"),
    [
        ("nl", "Noem Zeewind of Duinzicht niet.", ("Zeewind", "Duinzicht")),
        ("sv", "Nämn inte Fjordhus eller Klippan.", ("Fjordhus", "Klippan")),
        ("nl", "Het Zeehuis en Duinzicht komen niet over je lippen.", ("Zeehuis", "Duinzicht")),
        ("en", "Dunlark and Fellgate are rivals and don't get a mention.", ("Dunlark", "Fellgate")),
        ("tr", "Derya Otel'den ve Mavi Koy'dan söz etme.", ("Derya Otel", "Mavi Koy")),
        ("ja", "「松風堂」と「みなと屋」の名前は出さないこと。", ("松風堂", "みなと屋")),
    ],
)
def test_names_of_others_are_read_behind_a_verb_and_with_endings(
    language: str, prompt: str, terms: tuple[str, ...]
) -> None:
    found = [one for rule in read(prompt, language) for one in rule.rule.never_say or ()]
    assert set(terms) <= set(found)


@pytest.mark.parametrize(
    ("language", "prompt"),
    [
        ("ja", "予約の変更はできません(受付に電話してもらうこと)。"),
        ("pl", 'Nie zdradzaj, jak kończy się książka "Lampa na wydmie".'),
        ("en", "Never give away how the book ends, 'The Lamp on the Dune'."),
    ],
)
def test_a_clause_in_brackets_and_a_title_may_well_be_said(language: str, prompt: str) -> None:
    found = read(prompt, language)
    assert [one.rule.kind for one in found] == ["must_not"]


@pytest.mark.parametrize(
    ("language", "prompt", "texts"),
    [
        ("sv", "Lova aldrig en dag och ge inga rabatter.", ["Lova aldrig en dag", "och ge inga rabatter"]),
        ("ru", "Не обещай мест и не давай скидок.", ["Не обещай мест", "и не давай скидок"]),
        ("pl", "Nie podawaj cen i nie dawaj rabatów.", ["Nie podawaj cen", "i nie dawaj rabatów"]),
        ("nl", "Je kunt geen boot boeken en geen dag wijzigen.", None),
    ],
)
def test_an_and_before_a_denial_of_its_own_begins_another_rule(
    language: str, prompt: str, texts: list[str] | None
) -> None:
    found = [one.rule.must_not for one in read(prompt, language)]
    assert len(found) == 1 if texts is None else found == texts


@pytest.mark.parametrize(
    ("prompt", "language", "never"),
    [
        ("If somebody's bleeding won't stop, tell them to go to A&E or ring Lifeline.", "en", "A&E"),
        ("Never mention other yards (such as Brackwater, or Holm & Sons, which must not come up).", "en", ""),
        ("She knows no other tales like Silver Otter or Queen Maple.", "en", ""),
    ],
)
def test_whom_to_send_people_to_is_no_rival_and_examples_of_others_are(
    prompt: str, language: str, never: str
) -> None:
    terms = {term for one in read(prompt, language) for term in one.rule.never_say or ()}
    assert bool(terms) is not bool(never)
    assert never not in terms
    assert not any(term.startswith(("such", "which")) for term in terms)


@pytest.mark.parametrize(
    ("prompt", "language"),
    [
        ("Whenever a sailor asks for shelter, she insists on the toll first.", "en"),
        ("Each time somebody says good morning, he answers with the ferry bell: ding dong.", "en"),
        ("If a visitor has a pram, say that the lift is behind the tower.", "en"),
        ("Nennt jemand den Namen des Königs, verlangst du ein Pfand.", "de"),
        ("Astımı olan birine mutlaka kıyıda kalmasını söyler.", "tr"),
    ],
)
def test_what_is_demanded_or_answered_on_an_occasion_is_a_duty(prompt: str, language: str) -> None:
    assert any(one.rule.must for one in read(prompt, language))


@pytest.mark.parametrize(
    ("language", "prompt"),
    [
        ("nl", "Vraagt iemand naar de kelder, dan waarschuw je voor de trap."),
        ("de", "Fragt jemand nach dem Keller, warnst du vor der Treppe."),
        ("sv", "Frågar någon efter källaren, varna för trappan."),
        ("en", "If a guest is locked out, she gives them the night number, 555 0199."),
    ],
)
def test_an_occasion_may_begin_with_its_verb(language: str, prompt: str) -> None:
    assert [one.rule.kind for one in read(prompt, language)] == ["must"]
