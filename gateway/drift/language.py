"""A language is data: everything that the scorer knows of one stands in `languages/<code>.toml`."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, cached_property
from importlib import resources
from importlib.machinery import SourceFileLoader
from importlib.resources.abc import Traversable
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import msgspec

from gateway.drift.rule_words import RuleWords
from gateway.drift.scripts import LATIN, SCRIPTS, script
from gateway.drift.tables import (
    Country,
    Figures,
    Names,
    Numbers,
    Words,
    Writing,
)
from gateway.drift.wordings import Breaks, Nature, Phrases

ANY = "any"
"""The file of what is the same in every language."""


class Language(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """One language; what is left out is not known of it."""

    code: str = ""
    """ISO 639-1: the name of the file."""
    name: str
    writing: Writing = Writing()
    words: Words = Words()
    numbers: Numbers = Numbers()
    figures: Figures = Figures()
    keys: dict[str, str] = {}
    """Names of fields whose values are known, by category."""
    topics: dict[str, str] = {}
    """Words by which a question asks for a category."""
    values: dict[str, dict[str, str]] = {}
    """The words for each value of a category."""
    towns: dict[str, str] = {}
    """Places of their own, by the place that they lie in."""
    country: Country = Country()
    names: Names = Names()
    phrases: Phrases = Phrases()
    persona: Nature = Nature()
    breaks: Breaks = Breaks()
    rules: RuleWords | None = None
    """`None` where rules are not read in it; those of format, length and language hold for any."""

    @property
    def script(self) -> str:
        return self.writing.scripts[0]

    @property
    def is_unspaced(self) -> bool:
        """Tell whether runs of characters say more than words do."""
        return not self.writing.spaced or bool(self.writing.particles)

    @property
    def has_whole_words(self) -> bool:
        """Tell whether patterns of breaks are held against whole words."""
        whole = self.breaks.whole_words
        return not self.is_unspaced if whole is None else whole


class Languages(Mapping[str, Language]):
    """All languages of a folder, by their codes and in the order of these, with `any` first."""

    def __init__(self, languages: Iterable[Language]) -> None:
        ranked = sorted(languages, key=lambda language: (language.code != ANY, language.code))
        self._all = {language.code: language for language in ranked}
        self._first = {one.script: one.code for one in ranked if one.writing.stands_for_script}

    def __getitem__(self, code: str) -> Language:
        return self._all[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    @cached_property
    def written(self) -> dict[str, list[str]]:
        """The languages of each script but Latin, those that use it beside their own among them."""
        found: dict[str, list[str]] = {one.name: [] for one in SCRIPTS}
        for language in self.values():
            for name in language.writing.scripts:
                if name != LATIN:
                    found[name].append(language.code)
        return found

    def script(self, code: str) -> str:
        """Name the script of a language; one that is not known is taken to be written in Latin letters."""
        return self._all[code].script if code in self._all else LATIN

    def scripts(self, codes: Iterable[str]) -> frozenset[str]:
        """Name the scripts that texts in these languages are written in."""
        known = (self._all[code].writing.scripts if code in self._all else (LATIN,) for code in codes)
        return frozenset(name for names in known for name in names)

    def alike(self, codes: Iterable[str]) -> frozenset[str]:
        """Give the languages that a short text in one of these cannot be told from."""
        groups = [frozenset(text.split()) for text in self._all[ANY].writing.alike] if ANY in self else []
        return frozenset(one for group in groups if not group.isdisjoint(codes) for one in group)

    def standing_for(self, script: str) -> str | None:
        """Give the language that a text in a script is taken for where nothing else is known."""
        return self._first.get(script)

    @property
    def default(self) -> str:
        """Give what a text is taken for where nothing tells its language: the one that stands for Latin."""
        return self._first.get(LATIN, ANY)

    def is_unspaced(self, code: str) -> bool:
        return code in self._all and self._all[code].is_unspaced

    def spoken(self, text: str, declared: str) -> str:
        """Give the declared language by its code, unless the text is clearly in another script."""
        code = primary(declared)
        found = script(text)
        if found is None or found == self.script(code):
            return code
        return self._first.get(found, self.default)


def primary(declared: str) -> str:
    """Give the language of a tag: `en` of `en-GB`."""
    return declared.lower().partition("-")[0]


class _Kept(SourceFileLoader):
    """Reads a file of TOML as Python reads its own: what stands in it is kept beside it as bytecode.

    To read all languages anew takes 75 ms, and so 4. A file that has changed is read anew, and where
    nothing can be written, each time.
    """

    def source_to_code(self, data: Any, path: Any, *, _optimize: int = -1) -> CodeType:  # type: ignore[override]
        return compile(f"tables = {tomllib.loads(bytes(data).decode())!r}", path, "exec", dont_inherit=True)

    def tables(self) -> dict[str, Any]:
        module = ModuleType(self.name)
        try:
            self.exec_module(module)
            found: dict[str, Any] = module.tables
        except (EOFError, ValueError, TypeError, AttributeError, ImportError):
            # A disk may have been full when the bytecode was written; the file itself tells what is wrong.
            return tomllib.loads(Path(self.path).read_text("utf-8"))
        return found


def read(folder: Traversable | Path) -> Languages:
    """Read every language of a folder. Raises `ValueError` with the file's name where one is not right."""
    found = []
    for file in folder.iterdir():
        if file.name.endswith(".toml"):
            code = file.name.removesuffix(".toml")
            try:
                language = msgspec.convert(_tables(code, file), Language, str_keys=True)
                _ = language.numbers.listed
            except (msgspec.DecodeError, ValueError) as error:
                raise ValueError(f"{file.name}: {error}") from None
            found.append(msgspec.structs.replace(language, code=code))
    return Languages(found)


def _tables(code: str, file: Traversable | Path) -> dict[str, Any]:
    if isinstance(file, Path):
        return _Kept(code, str(file)).tables()
    return tomllib.loads(file.read_text("utf-8"))


@cache
def packaged() -> Languages:
    """Read the languages that come with the package, once."""
    return read(resources.files("gateway.drift").joinpath("languages"))
