"""Train the language identifier: `python -m tools.train_languages --data DIR --catalogs DIR`.

`--data` holds `generic_LL.jsonl` and `character_LL.jsonl`, as for the drift scorer. `--catalogs` is a folder
into which the wheels of django, django-oscar, django-allauth and wagtail (BSD-3-Clause, MIT) were unpacked:
their translations are prose in languages of which there are few answers. The weights hold hashed n-grams and
no text.
"""

import argparse
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gateway.drift.rules import identifier
from gateway.drift.rules.identifier import BITS, ORDERS, SCALE

LANGUAGES = [
    "en",
    "de",
    "fr",
    "es",
    "it",
    "pt",
    "nl",
    "tr",
    "pl",
    "cs",
    "sk",
    "hu",
    "ro",
    "sv",
    "da",
    "nb",
    "fi",
    "hr",
    "sl",
    "ca",
    "id",
    "vi",
    "lt",
    "lv",
    "et",
    "ru",
    "uk",
    "bg",
    "sr",
]
SPELT = {"sr": ("sr",)}
OUT = Path(__file__).parent.parent / "gateway" / "drift" / "data" / "languages.npz"
PRIOR = 0.4
"""Count each n-gram as seen so many times in each language."""
FLOOR = 5.0
"""Log odds are cut at this, so that no single n-gram decides."""
MOST = 1_500_000
"""Characters of one language that are learnt from."""
SEED = 20261127
_MESSAGE = re.compile(r'^msgstr(?:\[\d\])? ((?:"(?:[^"\\]|\\.)*"\s*)+)', re.MULTILINE)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_HOLE = re.compile(r"%\(\w+\)[sd]|%[sd]|\{[^{}]*\}|<[^<>]*>|&\w+;|\\[nrt]|https?://\S+|\S+@\S+|\S*[_/\\]\S*")


def catalogued(folder: Path, language: str) -> Iterator[str]:
    """Translated messages of a language, without placeholders and markup."""
    for path in sorted(folder.rglob("*.po")):
        written = path.parts[path.parts.index("locale") + 1] if "locale" in path.parts else ""
        name, _, region = written.partition("_")
        if (name != language and not (name == "no" and language == "nb")) or region.lower() == "latn":
            continue
        text = path.read_text("utf-8", "replace")
        if language == "en":
            text = text.replace("msgid", "msgstr")
        for found in _MESSAGE.finditer(text):
            message = "".join(_QUOTED.findall(found[1])).replace('\\"', '"')
            message = _HOLE.sub(" ", message)
            if len(message) >= 12:
                yield message


def answered(folder: Path, language: str) -> Iterator[str]:
    """Read what models and characters said in a language, code left out."""
    for kind in ("character", "generic"):
        path = folder / f"{kind}_{language}.jsonl"
        if path.exists():
            for line in path.read_text("utf-8").splitlines():
                yield re.sub(r"```.*?(?:```|$)|`[^`\n]*`", " ", json.loads(line)["text"], flags=re.DOTALL)


def sample(texts: list[str], most: int, draw: random.Random) -> str:
    """Take so many characters of the texts, in a mixed order."""
    texts = list(dict.fromkeys(texts))
    draw.shuffle(texts)
    joined, size = [], 0
    for text in texts:
        joined.append(text)
        size += len(text)
        if size >= most:
            break
    return " \n ".join(joined)


def counted(text: str) -> NDArray[np.float64]:
    """Count how often each bucket occurs."""
    counts = np.zeros(1 << BITS, np.float64)
    words = re.sub(r"\s+", " ", identifier.plain(text))
    for start in range(0, len(words), identifier.LONGEST):
        piece = " " + words[start : start + identifier.LONGEST] + " "
        for order, found in zip(ORDERS, identifier.buckets(piece[: identifier.LONGEST]), strict=True):
            del order
            counts += np.bincount(found, minlength=1 << BITS)
    return counts


def train(data: Path, catalogs: Path) -> tuple[list[str], NDArray[np.int8]]:
    """The languages, and their weights by bucket."""
    draw = random.Random(SEED)
    rates = []
    for language in LANGUAGES:
        said = sample(list(answered(data, language)), MOST, draw)
        listed = sample(
            list(catalogued(catalogs, language)), MOST // 3 if len(said) > 200_000 else MOST, draw
        )
        # What was said is nearer to what will be read than what is on buttons.
        parts = [
            (counted(text), weight) for text, weight in ((said, 2.0), (listed, 1.0)) if len(text) > 10_000
        ]
        rate = sum(weight * counts / counts.sum() for counts, weight in parts) / sum(w for _, w in parts)
        size = sum(counts.sum() for counts, _ in parts)
        rates.append((rate * size + PRIOR) / (size + PRIOR * (1 << BITS)))
        print(language, len(said), len(listed))
    logs = np.log(np.array(rates).T)
    weights = logs - logs.mean(axis=1, keepdims=True)
    weights[-1] = 0
    return list(LANGUAGES), np.rint(np.clip(weights, -FLOOR, FLOOR) * SCALE).astype(np.int8)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--catalogs", type=Path, required=True)
    arguments = parser.parse_args()
    languages, weights = train(arguments.data, arguments.catalogs)
    # The gateway reads a bucket's row where it stands in the file.
    np.savez(OUT, languages=np.array(" ".join(languages)), weights=np.ascontiguousarray(weights))
    print(OUT, OUT.stat().st_size)


if __name__ == "__main__":
    main()
