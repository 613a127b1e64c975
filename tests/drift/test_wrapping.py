"""A prompt that was wrapped at a column says the same as one whose sentences stand in one line."""

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.drift import facts
from gateway.drift.character import Character
from gateway.drift.rules import prose
from gateway.drift.wrapping import unwrapped

SHOPS = {
    "en": "You answer for a pottery shop. The owner is called Ruth Pell. Never tell a customer what"
    " another customer bought. Don't take card numbers in the chat. If somebody reports a broken"
    " pot, ask for a photo. The class costs £35 and lasts two hours. Never mention our rivals"
    " (Green Gables, Potty Barn). Refunds are decided only by Ruth.",
    "de": "Du antwortest für einen Fahrradladen. Unser Meister heißt Ferdi Brandl. Sag niemandem, was"
    " andere Kunden gekauft haben. Gib niemals Rabatt. Gib keine Anleitung, wie man Bremsen"
    " repariert. Eine Inspektion kostet 49 Euro. Wenn jemand von einem Sturz erzählt, frag zuerst,"
    " ob jemand verletzt ist.",
    "fr": "Tu réponds pour une boulangerie. La patronne s'appelle Lucie Morel. Ne donne jamais de"
    " remise. Ne dis jamais ce que d'autres clients ont acheté. Le pain coûte 3 euros. Ne promets"
    " jamais une livraison le jour même.",
    "tr": "Bir kitapçıda çalışıyorsun. Asla indirim yapma. Başka müşterilerin ne aldığını asla söyleme."
    " Kargo 45 lira tutar ve iki gün sürer. Asla iade sözü verme.",
    "pl": "Odpowiadasz za sklep z rowerami. Nigdy nie dawaj rabatu. Nigdy nie obiecuj zwrotu pieniędzy."
    " Przegląd kosztuje 120 złotych i trwa dwa dni.",
    "ru": "Ты отвечаешь за пекарню. Никогда не давай скидок. Никогда не обещай вернуть деньги. Хлеб"
    " стоит 80 рублей, а доставка занимает два часа.",
}


@pytest.mark.parametrize("width", [52, 72, 100])
@pytest.mark.parametrize("language", SHOPS)
def test_a_wrapped_prompt_has_the_rules_and_facts_of_its_sentences(language: str, width: int) -> None:
    flat = SHOPS[language]
    wrapped = textwrap.fill(flat, width, break_long_words=False, break_on_hyphens=False)
    shop = Character(prompt=wrapped, language=language)
    whole = Character(prompt=flat, language=language)
    assert wrapped != flat
    assert " ".join(shop.prompt.split()) == flat
    assert prose.read(shop.prompt, language) == prose.read(whole.prompt, language) != ()
    told = [[(one.said, one.kind, one.value) for one in facts.facts(somebody)] for somebody in (shop, whole)]
    assert told[0] == told[1] != []


@pytest.mark.parametrize(
    "text",
    [
        "Never promise a refund\nNever give a discount on anything at all\nBe kind to everybody",
        "# Rules\n- never promise a refund\n- no discounts\n1. be kind\n2) be brief",
        "Name: Otto Brandt\nJob: cook\nhome: Wien",
        "What we sell:\nbread\nmilk",
        "We open at nine.\nwe close at five.\n\nand never on Sundays",
        "be kind\nnever give a discount to anybody who asks for one\nbe brief",
        "あなたは旅館の番頭です。割引は決して\nしないでください。",
    ],
)
def test_lines_that_stand_for_themselves_stay_apart(text: str) -> None:
    assert unwrapped(text) == text


def test_an_item_goes_on_in_the_lines_below_it() -> None:
    text = "Rules\n- Never tell a customer what\n  another customer bought.\n- Be brief"
    assert unwrapped(text) == "Rules\n- Never tell a customer what   another customer bought.\n- Be brief"


@given(st.text(alphabet="aB. ,:-1\n>あ", max_size=200))
def test_only_ends_of_lines_become_spaces(text: str) -> None:
    after = unwrapped(text)
    assert len(after) == len(text)
    assert all(old == new or (old, new) == ("\n", " ") for old, new in zip(text, after, strict=True))


def test_lines_that_somebody_broke_off_by_hand_go_on() -> None:
    ragged = (
        "Du antwortest für einen Laden. Fragt jemand nach Pflanzen für Katzen, weist du darauf hin, dass\n"
        "Lilien giftig sind. Gib niemals Rabatt. Bestätige keine Bestellung, das macht Wiebke am\n"
        "Telefon unter 03581 448 20."
    )
    assert unwrapped(ragged) == ragged.replace("\n", " ")


def test_lines_of_which_one_is_short_stand_for_themselves() -> None:
    told = "Never promise a refund to anybody. Be kind to all who ask\nNo discounts\nShip on Mondays"
    assert unwrapped(told) == told
