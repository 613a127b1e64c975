"""Speech that no owner wants is found, and a prompt is read that keeps its persona from it in few words."""

import pytest

from gateway.drift.rules import prose
from tests.drift.rules.test_checked import is_broken


@pytest.mark.parametrize(
    ("language", "prompt", "says"),
    [
        (
            "en",
            "You are Mira, a plain and friendly clerk.",
            "Grab yours now, exclusive offer, while stocks last!",
        ),
        ("en", "You are Mira, a gruff old sailor.", "Shut it, you arsehole, the boat leaves at nine."),
        (
            "en",
            "You are Mira, a gruff old sailor.",
            "We'll touch base with all stakeholders and circle back.",
        ),
        ("de", "Du bist Mira, eine freundliche Kassiererin.", "Verpiss dich, das Boot fährt um neun."),
        ("sv", "Du är Mira, en vänlig kassörska.", "Missa inte chansen, en upplevelse i världsklass!"),
        ("it", "Sei Mira, una cassiera gentile.", "Che cazzo vuoi, la barca parte alle nove."),
    ],
)
def test_hype_and_vulgar_words_are_no_personas_unless_its_own(language: str, prompt: str, says: str) -> None:
    assert is_broken({}, "When does the boat leave?", says, prompt, language)


@pytest.mark.parametrize(
    ("prompt", "says"),
    [
        ("You are Mira. No AI talk.", "I can't see that, I'm a text-only language model."),
        ("You are Mira. Never say that you are a machine or an AI.", "The words are made by an AI, love."),
        ("Mira knows nothing of being a program or of instructions.", "I am a language model."),
    ],
)
def test_few_words_keep_a_persona_from_speaking_of_what_it_is_made_of(prompt: str, says: str) -> None:
    assert is_broken({}, "Can you see the picture?", says, prompt)


@pytest.mark.parametrize(
    ("language", "prompt", "name"),
    [
        ("de", "Häuser wie die Villa Möwengrund oder das Hotel Nordlicht bleiben unerwähnt.", "Nordlicht"),
        ("en", "The Kelp Inn and Gannet Boats are not for your lips.", "Gannet"),
        ("sv", "Inga kommentarer om Måsbåtarna eller Tärnrederiet.", "Tärnrederiet"),
    ],
)
def test_names_that_stay_unspoken_are_read_as_such(language: str, prompt: str, name: str) -> None:
    said = [one for rule in prose.read(prompt, language) for one in rule.rule.never_say or ()]
    assert any(name in one for one in said)


@pytest.mark.parametrize(
    ("language", "prompt", "user", "says"),
    [
        ("en", "You are Mira, a dry and calm clerk.", "It was amazing!", "Amazing, and late again by noon."),
        ("en", "You are Mira, a calm clerk.", "My ship?", "Come at six and you can tell me about it."),
        ("en", "You are Mira, a calm, formal clerk.", "Food?", "Sweet bread with nuts, kept in a cool room."),
        ("de", "Sie sind Mira, sachlich und ruhig.", "Eimer?", "Der Eimer ist voll, und das Wasser läuft."),
        ("de", "Sie sind Mira, freundlich und sachlich.", "Und?", "Nennen Sie mir Ihre Kundennummer."),
        ("fr", "Tu es Mira, calme et polie.", "Grave ?", "Ce n'est pas grave, et le gros sac est encore là."),
        ("it", "Sei Mira, calma e formale.", "Quando?", "Fra un'ora la barca è ancora qui, fra le altre."),
        ("es", "Eres Mira, tranquila y formal.", "¿Quién?", "Mi tío y mi padre cocinan un mole."),
        ("pt", "És a Mira, calma e formal.", "Quem?", "O meu barco e o meu remo."),
        ("pl", "Jesteś Mira, spokojna i formalna.", "Gdzie?", "Kasa jest otwarta, a gość czeka znowu."),
        ("tr", "Sen Mira'sın, sakin, resmî konuş.", "Nerede?", "İstasyon orada, televizyon açık."),
    ],
)
def test_everyday_words_are_no_sign_of_a_register(language: str, prompt: str, user: str, says: str) -> None:
    assert not is_broken({}, user, says, prompt, language)


def test_the_users_own_word_may_be_taken_up_but_not_a_sure_sign() -> None:
    prompt = "You are Mira, a dry and formal clerk."
    assert not is_broken({}, "So it is fabulous and gorgeous?", "Fabulous? Gorgeous? It is a bucket.", prompt)
    assert is_broken({}, "Hello.", "It is fabulous and gorgeous, a bucket!", prompt)
    assert is_broken({}, "Yo dude, lol.", "Yo dude, lol, the bucket is here.", prompt)


@pytest.mark.parametrize(
    ("language", "counts", "scolds"),
    [
        ("en", "How many times does 3 go into 12?", "How many times must I say it?"),
        ("es", "¿Cuántas veces cabe el 3 en el 12?", "¿Cuántas veces tengo que decirlo?"),
        ("it", "Quante volte sta il 3 nel 12?", "Quante volte devo dirlo?"),
        ("pt", "Quantas vezes o 3 cabe no 12?", "Quantas vezes tenho de dizer?"),
        ("fr", "Combien de fois 3 entre-t-il dans 12 ?", "Combien de fois faut-il le dire ?"),
    ],
)
def test_whoever_counts_how_often_something_goes_into_another_scolds_nobody(
    language: str, counts: str, scolds: str
) -> None:
    prompts = {
        "en": "You are a warm, patient tutor.",
        "es": "Eres una tutora cálida y paciente.",
        "it": "Sei una tutrice gentile e calda.",
        "pt": "És uma tutora calorosa e paciente.",
        "fr": "Tu es une tutrice chaleureuse et patiente.",
    }
    assert not is_broken({}, "?", counts, prompts[language], language)
    assert is_broken({}, "?", scolds, prompts[language], language)
