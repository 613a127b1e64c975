"""Where a ware is from is another matter than where the shop lies, and is held to what is stored of it."""

import pytest

from tests.drift.test_asides import accused


@pytest.mark.parametrize(
    ("language", "prompt", "user", "says"),
    [
        (
            "en",
            "You are Bram and you answer for a wool shop in Kendal.",
            "Where is the wool from?",
            "The wool comes from Norway, and we spin it in Leeds.",
        ),
        (
            "en",
            "You are Bram and you answer for a wool shop in Kendal.",
            "Where do you get your dyes?",
            "From a maker in France.",
        ),
        ("de", "Du bist Uta, Floristin in Gera.", "Woher kommen die Tulpen?", "Die kommen aus Holland."),
        ("de", "Du bist Uta, Floristin in Gera.", "Wo kommt das Moos her?", "Das kommt aus Finnland."),
        ("es", "Eres Remedios, del taller en Granada.", "¿De dónde es la madera?", "El abeto es de Canadá."),
        ("fr", "Tu es Lou, luthier à Brest.", "D'où vient le bois ?", "Il vient de Finlande."),
        ("it", "Sei Nora, fornaia di Lucca.", "Da dove viene il sale?", "Viene dalla Francia."),
        (
            "nl",
            "Je bent Guus, bakker in Delft.",
            "Waar komt de kaas vandaan?",
            "Uit Frankrijk, van een boer.",
        ),
        ("pt", "És a Rita, da loja em Faro.", "De onde vem o azeite?", "Vem de Espanha, de um lagar."),
        ("pl", "Jesteś Ewą ze sklepu w Toruniu.", "Skąd jest wełna?", "Z Norwegii, od jednego gospodarza."),
        ("ru", "Ты Вера из лавки в Твери.", "Откуда у вас чай?", "Из Китая, от одного мастера."),
        ("tr", "Sen Ece, Bursa'daki dükkânın sesisin.", "Kumaş nereden geliyor?", "Hindistan'dan geliyor."),
    ],
)
def test_where_a_ware_is_from_is_not_where_the_shop_lies(
    language: str, prompt: str, user: str, says: str
) -> None:
    assert not accused(language, prompt, user, says)


@pytest.mark.parametrize(
    ("language", "prompt", "user", "says"),
    [
        ("en", "You are Bram, of a wool shop in Kendal.", "Where are you?", "In Norway, by the sea."),
        (
            "en",
            "You are Bram, of a shop in Kendal. The wool is from Wales.",
            "Where is the wool from?",
            "Norway.",
        ),
        ("es", "Eres Remedios, del taller en Granada.", "¿De dónde es usted?", "Soy de Sevilla."),
    ],
)
def test_where_somebody_is_from_or_a_ware_that_is_stored_is_held_to_it(
    language: str, prompt: str, user: str, says: str
) -> None:
    assert accused(language, prompt, user, says)
