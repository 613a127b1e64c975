"""Languages are data: a new one comes from a file alone, and a wrong file is refused with its name."""

import re
import shutil
from importlib import resources
from pathlib import Path

import pytest

from gateway.drift import language, rule
from gateway.drift.character import Character
from gateway.drift.language import Languages, packaged
from gateway.drift.profile import Profile
from gateway.drift.proper_names import proper_names
from gateway.drift.rules import units
from gateway.drift.rules.beyond import is_beyond
from gateway.drift.rules.limits import Segment
from gateway.drift.rules.marked import Marked
from gateway.drift.rules.names import named
from gateway.drift.rules.shelf import phrasebook
from gateway.drift.rules.terms import Forms, Terms, skeleton
from gateway.drift.score import Score
from gateway.drift.scorer import BEGINNING, score
from gateway.drift.text import Stretch
from gateway.drift.values.lexicon import lexicon

CODE = "qv"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packaged languages, and one more."""
    copied = tmp_path_factory.mktemp("languages")
    for file in resources.files("gateway.drift").joinpath("languages").iterdir():
        if file.is_file():
            (copied / file.name).write_bytes(file.read_bytes())
    shutil.copy(Path(__file__).with_name("invented.toml"), copied / f"{CODE}.toml")
    return copied


@pytest.fixture(scope="module")
def vasha(folder: Path) -> Profile:
    character = Character(
        name="Vasha",
        language=CODE,
        prompt="Tor som Vasha, uchtar. Halomash mirra, braskash gavra.",
        examples=(
            "Mu halomam kessela ni ormin.",
            "Dai, mu vadam ni oldrim!",
            "Tora zik vidam.",
            "Ka le dro!",
        ),
        fields={"ormar": 34, "domar": "oldrim"},
    )
    return Profile(character, language.read(folder))


def told(profile: Profile, user: str, answer: str) -> Score:
    return score(profile, BEGINNING, user, answer)[0]


@pytest.mark.parametrize(
    ("user", "answer", "basis"),
    [
        ("", "Mu imam tvara ormin dro mu vadam ni kessela.", "layers.domar"),
        ("Koli ormin?", "Mu imam 52 ormin.", "layers.ormar"),
        ("", "Mu imam 52 ri.", "layers.ormar"),
        ("", "Mu halomam gavra.", "prompt"),
        ("", "Mu braskam mirra.", "prompt"),
    ],
)
def test_an_invented_language_contradicts_what_is_stored(
    vasha: Profile, user: str, answer: str, basis: str
) -> None:
    turn = told(vasha, user, answer)
    assert turn.values is not None
    assert turn.values > 0.2
    assert basis in [signal.basis for signal in turn.signals]


@pytest.mark.parametrize("answer", ["Mu vadam ni oldrim.", "Mu imam 34 ormin.", "Mu halomam mirra."])
def test_it_agrees_with_what_is_stored(vasha: Profile, answer: str) -> None:
    assert (told(vasha, "", answer).values or 0.0) < 0.05


def test_a_model_that_speaks_of_itself_in_it_is_a_break(vasha: Profile) -> None:
    assert told(vasha, "", "Kato strojnik mu zik imam halomar.").verdict == "out-of-character"
    assert told(vasha, "", "Kado tor kato strojnik vadam?").verdict != "out-of-character"


def test_a_persona_may_be_a_machine_by_its_own_description_in_it(folder: Path) -> None:
    robot = Profile(Character(language=CODE, prompt="Tor som strojak."), language.read(folder))
    assert told(robot, "", "Mu som strojnik.").verdict != "out-of-character"


def test_a_rule_in_it_is_broken_and_kept(folder: Path) -> None:
    rules = rule.decode([{"must_not": "Obetar vratka"}])
    strict = Profile(Character(language=CODE, prompt="Tor som Vasha.", rules=rules), language.read(folder))
    assert (told(strict, "", "Mu obetam vratka.").rules or 0) >= 0.5
    assert (told(strict, "", "Mu zik obetam vratka.").rules or 0) < 0.5


def test_figures_in_it_are_read_by_its_file_alone(folder: Path) -> None:
    read = lexicon(CODE, language.read(folder)).read
    said = "Zavor po pelko, 20 pro tvara, polu chasin, 10 drobna."
    figures = [(one.kind, one.value) for one in read(Stretch(said)).figures]
    assert figures == [("time", 300), ("time", 100), ("hour", 0.5), ("vsk", 0.5)]


def test_names_in_it_are_read_and_found_by_its_file_alone(folder: Path) -> None:
    languages = language.read(folder)
    book = phrasebook(languages, CODE, prompts=True)
    assert book is not None
    reading = Marked(book, Stretch("Zikas nomar (Osta Skelder zu Bron ut tae Tov. Kassan), mun Vasha"))
    found = [forms for *_, forms in named(reading, 0, len(reading.text))]
    assert found == [["Osta Skelder zu Bron", "Skelder", "Bron"], ["Tov. Kassan", "Kassan"], ["Vasha"]]
    inflected = Terms(["Kasin"], Forms.of(proper_names(languages), (), ["umu"], book.fleeting))
    assert inflected.find("Mu halomam Kasnumu.", *skeleton("Mu halomam Kasnumu.")) == [(11, 18)]
    told_so, quoted = (Marked(book, Stretch(text)) for text in ("Vratka nemog.", "Vratka nemog’ta."))
    assert is_beyond(told_so, Segment(0, 12))
    assert not is_beyond(quoted, Segment(0, 15))
    rules = rule.decode([{"never_say": ["Skelder"]}])
    strict = Profile(Character(language=CODE, prompt="Tor som Vasha.", rules=rules), languages)
    assert (told(strict, "", "Mu halomam Skelderumim.").rules or 0) >= 0.5
    assert not told(strict, "", "Mu halomam Skelderumom.").rules


def test_times_days_and_prices_in_it_are_told_by_its_file_alone(folder: Path) -> None:
    languages = language.read(folder)
    assert units.clock(languages).fullmatch("5 uro")
    assert units.year(languages).fullmatch("1986")
    assert units.year(languages).match("1986 veska") is None
    book = phrasebook(languages, CODE)
    assert book is not None
    assert book.worded.search("Po pelkotvara veska.")
    figures = lexicon(CODE, languages).read(Stretch("Po 5 ze gelan, domar cis 7.")).figures
    assert [(one.kind, one.value) for one in figures] == [("date", 105), ("label:domar", "7")]


def test_a_language_does_not_know_what_another_folder_says() -> None:
    assert CODE not in packaged()
    stranger = Profile(Character(language=CODE, prompt="Tor som Vasha, uchtar.", fields={"domar": "oldrim"}))
    assert told(stranger, "", "Mu vadam ni kessela.").values is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('name = "Vash"\n[words]\nselfish = "mu"', "unknown field `selfish`"),
        ('name = "Vash"\n[numbers]\nwords = "pelko"', "`pelko` has no value"),
        ("name = ", "Invalid value"),
        ("", "missing required field `name`"),
    ],
)
def test_a_wrong_file_is_refused_with_its_name(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "qv.toml").write_text(text, "utf-8")
    with pytest.raises(ValueError, match=f"qv.toml: .*{re.escape(reason)}"):
        language.read(tmp_path)


def test_every_packaged_language_is_whole() -> None:
    """Patterns compile, words that they name exist, and words are in lower case, as they are looked for."""
    profile = Profile(Character())
    for code, one in packaged().items():
        wordings = profile.patterns.by_language[code]
        assert len(wordings.compiled) == len(one.breaks.patterns)
        assert all(wordings.guard)
        assert bool(one.breaks.stems) == bool(one.breaks.patterns)
        words = [words for values in one.values.values() for words in values.values()]
        words += [one.words.self, one.words.other, one.words.negations, one.words.stop, *one.topics.values()]
        assert [word for word in " ".join(words).split() if word != word.lower()] == []


def test_one_language_stands_for_each_script() -> None:
    stands = [one.script for one in packaged().values() if one.writing.stands_for_script]
    assert sorted(stands) == sorted({one.script for one in packaged().values()})


@pytest.mark.parametrize(
    ("text", "declared", "code"),
    [
        ("Good evening, captain", "de-AT", "de"),
        ("Добрый вечер, капитан", "uk", "uk"),
        ("Добрый вечер, капитан", "en", "ru"),
        ("今晩は、いい夜ですね、船長さん", "zh", "ja"),
        ("Good evening, captain", "ja", "en"),
        ("", "ko", "ko"),
        ("…", "TR", "tr"),
    ],
)
def test_a_declared_language_stands_unless_the_text_is_in_another_script(
    text: str, declared: str, code: str
) -> None:
    assert packaged().spoken(text, declared) == code


def test_languages_are_the_same_whatever_the_folder_lists_first(folder: Path) -> None:
    assert list(language.read(folder))[:3] == ["any", "ar", "as"]
    assert Languages(reversed(list(packaged().values()))).written == packaged().written


def test_a_file_that_has_changed_is_read_anew(tmp_path: Path) -> None:
    file = tmp_path / "qv.toml"
    file.write_text('name = "Vash"\n', "utf-8")
    assert [language.read(tmp_path)[CODE].name for _ in range(2)] == ["Vash", "Vash"]
    file.write_text('name = "Vasha"\nkeys = {ormar = "age"}\n', "utf-8")
    assert [language.read(tmp_path)[CODE].name for _ in range(2)] == ["Vasha", "Vasha"]
    assert language.read(tmp_path)[CODE].keys == {"ormar": "age"}


@pytest.mark.parametrize(
    "kept", [b"", b"\xe3", b"\xe9\xff\xff\xff\x7f\x00", b"N"], ids=["no", "cut", "odd", "none"]
)
def test_bytecode_that_is_not_whole_is_not_gone_by(
    tmp_path: Path, kept: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    (tmp_path / "qv.toml").write_text('name = "Vash"\n', "utf-8")
    language.read(tmp_path)
    (bytecode,) = tmp_path.rglob("qv.*.pyc")
    bytecode.write_bytes(bytecode.read_bytes()[:16] + kept)
    assert language.read(tmp_path)[CODE].name == "Vash"
