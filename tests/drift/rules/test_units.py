"""Amounts of money and doses are told as the files of the languages write them."""

import pytest

from gateway.drift.language import packaged
from gateway.drift.rules.units import amount, dose


@pytest.mark.parametrize(
    "said",
    [
        *("$20", "€ 20", "20 €", "20 EUR", "20 per cent", "20 percent", "15%", "%15", "yüzde 20", "20 quid"),
        *("20 Prozent", "20 Franken", "20 pour cent", "20 centimes", "20 por ciento", "20 pesos", "20 reais"),
        *(
            "200 TL",
            "50 złotych",
            "200 руб",
            "₽200",
            "500円",
            "五百円",
            "3割",
            "20元",
            "8折",
            "₩2000",
            "20 kr",
        ),
    ],
)
def test_an_amount_of_money_or_a_share_is_found_in_any_language(said: str) -> None:
    found = amount(packaged()).search(f"das ist {said}, so")
    assert found is not None
    assert found[0] == said


@pytest.mark.parametrize("said", ["20 people", "5 pages", "20 kg", "3 km", "two euros", "5 minutes", "3名様"])
def test_what_is_no_money_is_no_amount(said: str) -> None:
    assert amount(packaged()).search(said) is None


@pytest.mark.parametrize(
    ("said", "is_dose"),
    [
        *(
            (one, True)
            for one in ("400 mg", "2 tablets", "10 Tropfen", "20 gotas", "5 damla", "2錠", "3 капли")
        ),
        *((one, False) for one in ("5 dropped", "3 slices", "drops", "10 mgr")),
    ],
)
def test_a_dose_is_a_number_with_what_remedies_are_counted_in(said: str, is_dose: bool) -> None:
    assert (dose(packaged()).search(said) is not None) is is_dose


@pytest.mark.parametrize("number", ["7" * 400, "7," * 200 + "7", "." * 3 + "7" * 400])
def test_a_number_that_is_no_amount_for_its_length_is_not_read_from_each_digit(number: str) -> None:
    languages = packaged()
    assert not any(pattern.match(f"{number} EUR mg") for pattern in (amount(languages), dose(languages)))
    assert amount(languages).search("7" * 400 + " EUR") is None
    assert dose(languages).search("7" * 400 + " mg") is None
