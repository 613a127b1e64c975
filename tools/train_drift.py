"""Train the drift scorer's weights: `python -m tools.train_drift --data DIR`, the same bytes every time."""

import argparse
import collections
import json
import random
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gateway.drift import calibration
from gateway.drift.language import packaged
from gateway.drift.voice import heads, lines, model, stylometry
from gateway.drift.voice.model import OTHER, Vocabulary
from gateway.drift.voice.stylometry import BUCKETS, Measures
from tools import coherence

SEED = 20261122
FOLDS = 4
LEAST_SLOPE = 0.1
REGISTERS = {
    "drama": 1.0,
    "llm-roleplay-strong": 4.0,
    "llm-roleplay-weak": 1.0,
    "llm-persona-chat": 1.0,
    "human-social-media": 0.5,
}
"""The weight of a line in character; there is far more drama than of what models play."""
HEAD_FEATURES = (
    ("assistant", ("assistant", "likeness", "kinship", "surprise"), 10.0),
    ("other", ("likeness", "likeness-shift", "kinship", "surprise", "typography", "length"), 100.0),
)
"""The features that each head may go by, and the ridge that it is fitted with."""
SHORT = frozenset({"han", "kana", "hangul"})
"""Scripts in which a text has fewer characters."""
OUT = Path(__file__).parent.parent / "gateway" / "drift" / "data"
END = re.compile(r"[.!?…।؟](?:[\"”»\')」』]*)(?=\s|$)|[。！？]|\n")
Row = dict[str, Any]
Array = NDArray[Any]


def load(folder: Path) -> list[Row]:
    """Every row of `generic_LL.jsonl` and `character_LL.jsonl`, in the order of the names."""
    rows = []
    for path in sorted(folder.glob("*_*.jsonl")):
        kind = path.name.partition("_")[0]
        lines_of_file = path.read_text("utf-8").splitlines()
        rows += [{**json.loads(line), "is_assistant": kind == "generic"} for line in lines_of_file]
    return rows


def cut(text: str, length: int, start: int = 0) -> str:
    """Cut about so many characters from there on, to the end of a sentence where there is one."""
    text = text[start:]
    if len(text) <= length:
        return text.strip()
    ends = [match.end() for match in END.finditer(text[: length * 2])]
    good = [end for end in ends if length * 0.6 <= end <= length * 1.2]
    return text[: good[-1] if good else length].strip()


def pieces(row: Row, draw: random.Random, count: int = 4) -> list[str]:
    """Cuts of a text, as long as answers are, so that length tells nothing."""
    text, short = row["text"], packaged().script(row["language"]) in SHORT
    found = []
    for _ in range(count):
        length = max(25, min(600, int(draw.lognormvariate(5.0, 0.7)))) // (2 if short else 1)
        start = 0
        if draw.random() < 0.35 and len(text) > 2 * length:
            ends = [match.end() for match in END.finditer(text[: len(text) - length])]
            start = draw.choice(ends) if ends else 0
        found.append(cut(text, length, start))
    return [piece for piece in dict.fromkeys(found) if len(piece) > 8]


class Sparse:
    """Rows of bucket numbers, each row as a vector of the same value in all of its buckets."""

    def __init__(self, rows: list[Array]) -> None:
        self.rows = rows
        self.values = [1 / np.sqrt(len(row) + 1) for row in rows]

    def logistic(self, labels: Array, shares: Array, epochs: int = 12, rate: float = 0.5) -> Any:
        """Weights and intercept of a logistic regression by AdaGrad (Duchi et al. 2011), in fixed batches."""
        chosen, bias = np.zeros(BUCKETS), 0.0
        squares, bias_square = np.full(BUCKETS, 1e-3), 1e-3
        draw = np.random.Generator(np.random.PCG64(SEED))
        for _ in range(epochs):
            order = draw.permutation(len(self.rows))
            for at in range(0, len(order), 32):
                batch = order[at : at + 32]
                index = np.concatenate([self.rows[i] for i in batch])
                lengths = [len(self.rows[i]) for i in batch]
                values = np.repeat([self.values[i] for i in batch], lengths)
                owner = np.repeat(np.arange(len(batch)), lengths)
                margin = np.bincount(owner, chosen[index] * values, len(batch)) + bias
                error = (1 / (1 + np.exp(-margin)) - labels[batch]) * shares[batch]
                unique, inverse = np.unique(index, return_inverse=True)
                slope = np.bincount(inverse, error[owner] * values) + 1e-5 * chosen[unique]
                squares[unique] += slope**2
                chosen[unique] -= rate * slope / np.sqrt(squares[unique])
                bias_square += error.sum() ** 2
                bias -= rate * error.sum() / np.sqrt(bias_square)
        return chosen, bias


def shares(labels: Array, given: Array) -> Array:
    """Weights of the rows, so that both classes weigh the same and the mean is 1."""
    out = given.copy()
    for side in (True, False):
        if (labels == side).any():
            out[labels == side] *= len(labels) / 2 / given[labels == side].sum()
    return out


class Table(NamedTuple):
    """A language's table as it is stored: bytes and what they are multiplied with."""

    language: str
    surprise: Any
    bits: float
    assistant: Any
    """`None` where nothing could be learnt."""
    step: float
    bias: float
    reliance: float

    def vocabulary(self) -> Vocabulary:
        learnt = self.assistant if self.assistant is not None else np.zeros(BUCKETS, np.int8)
        parts = [(self.surprise, self.bits), (learnt, self.step)]
        surprise, assistant = (part.astype(np.float32) * np.float32(scale) for part, scale in parts)
        return model.table(self.language, surprise, assistant, self.bias, self.reliance)


class Learnt(NamedTuple):
    """A language's table, made of all its rows, and four more, each made without a fourth of them."""

    whole: Table
    folds: list[Vocabulary]


def learn(language: str, rows: list[Row]) -> Learnt:
    """The tables of one language."""
    draw = random.Random(f"{SEED} {language}")
    cuts = [(row, piece) for row in rows for piece in pieces(row, draw)]
    texts = [stylometry.measure(piece, unspaced=packaged().is_unspaced(language)) for _, piece in cuts]
    labels = np.array([row["is_assistant"] for row, _ in cuts])
    given = np.array([REGISTERS.get(row.get("register", ""), 1.0) for row, _ in cuts])
    groups = np.array([fold(row) for row, _ in cuts])
    surprise = surprises(texts)
    nothing = table(language, surprise)
    people = {row["character"] for row, _ in cuts if not row["is_assistant"]}
    if labels.sum() < 60 or len(people) < 3:
        return Learnt(nothing, [nothing.vocabulary()] * FOLDS)
    sparse, margins, parts = Sparse([text.tokens for text in texts]), np.zeros(len(cuts)), []
    for number in range(FOLDS):
        inside = np.flatnonzero(groups != number)
        part = Sparse([sparse.rows[i] for i in inside])
        chosen, bias = part.logistic(labels[inside], shares(labels[inside], given[inside]))
        parts.append((chosen, bias))
        for i in np.flatnonzero(groups == number):
            margins[i] = chosen[sparse.rows[i]].sum() * sparse.values[i] + bias
    slope, shift = platt(margins, labels, shares(labels, given))
    if slope < LEAST_SLOPE:
        return Learnt(nothing, [nothing.vocabulary()] * FOLDS)
    parts.append(sparse.logistic(labels, shares(labels, given)))
    made = [table(language, surprise, chosen, bias + shift / slope, slope) for chosen, bias in parts]
    return Learnt(made[-1], [one.vocabulary() for one in made[:-1]])


def table(
    language: str, surprise: Any, assistant: Any = None, bias: float = 0.0, reliance: float = 0.0
) -> Table:
    """Tables rounded to bytes."""
    bits = float(np.float32(surprise.max() / 255))
    rounded, step = None, 0.0
    if assistant is not None:
        step = float(np.float32(np.abs(assistant).max() / 127))
        rounded = np.round(assistant / step).astype(np.int8)
    return Table(
        language,
        np.round(surprise / bits).astype(np.uint8),
        bits,
        rounded,
        step,
        float(bias),
        float(reliance),
    )


def surprises(texts: list[Measures]) -> Any:
    """Bits of each word: minus the logarithm of its share, as if each had been seen half a time more."""
    counts = np.full(BUCKETS, 0.5)
    for text in texts:
        counts[text.tokens] += text.counts
    return -np.log2(counts / counts.sum())


def fold(row: Row) -> int:
    """Give the row's fourth: all of a character, or all answers to a question, stay together."""
    text: str = row["character"] if not row["is_assistant"] else row["question"]
    return sum(text.encode()) % FOLDS


def platt(margins: Array, labels: Array, given: Array, ridge: float = 20.0) -> tuple[float, float]:
    """Slope and shift that turn margins into log odds (Platt 1999), drawn to nothing where rows are few."""
    design = np.stack([margins, np.ones(len(margins))], 1)
    slope, shift = newton(design, labels, given, np.array([ridge, ridge]))
    return float(slope), float(shift)


def newton(design: Array, labels: Array, given: Array, ridge: Array, steps: int = 30) -> Array:
    """Logistic regression by Newton's method, with a ridge for each column."""
    chosen = np.zeros(design.shape[1])
    for _ in range(steps):
        share = 1 / (1 + np.exp(-np.clip(design @ chosen, -30, 30)))
        slope = design.T @ ((share - labels) * given) + ridge * chosen
        curve = (design * (share * (1 - share) * given)[:, None]).T @ design + np.diag(ridge)
        chosen = chosen - np.linalg.solve(curve, slope)
    return chosen


class Case(NamedTuple):
    """One turn to learn from."""

    measured: Any
    label: str
    """`in`, `assistant` or `other`."""
    register: str
    language: str
    known: int
    """The number of the character's lines that it is held against."""


def cases(language: str, rows: list[Row], learnt: Learnt) -> list[Case]:
    """Turns made of the rows: a character's line, an assistant's answer, another character's line."""
    draw = random.Random(f"{SEED} cases {language}")
    people: dict[str, list[Row]] = collections.defaultdict(list)
    for row in rows:
        if not row["is_assistant"]:
            people[row["character"]].append(row)
    assistants = [row for row in rows if row["is_assistant"]]
    made = []
    for name in sorted(people):
        own, part = people[name], fold(people[name][0])
        same = [row for row in rows if not row["is_assistant"] and row["register"] == own[0]["register"]]
        others = [row for row in same if row["character"] != name]
        aside = [row for row in assistants if fold(row) == part] or assistants
        for _ in range(min(8, len(own))):
            made += some(draw, learnt.folds[part], own, others, aside)
    return made


def some(
    draw: random.Random, vocabulary: Vocabulary, own: list[Row], others: list[Row], assistants: list[Row]
) -> list[Case]:
    """Up to three turns against the same lines of one character, of like length."""

    def read(text: str, beside: str = "") -> Measures:
        return stylometry.measure(text, unspaced=vocabulary.is_unspaced, beside=beside)

    target = draw.choice(own)
    rest = [row for row in own if row["question"] != target["question"] and row["text"] != target["text"]]
    draw.shuffle(rest)
    number = draw.choice([0, 2, 3, 4, 6, 6, 8, 10])
    is_short = packaged().script(vocabulary.language) in SHORT
    size = max(25, min(600, int(draw.lognormvariate(5.2, 0.6)))) // (2 if is_short else 1)
    chosen = list({row["question"]: row for row in rest}.values())[:number]
    examples = [read(cut(row["text"], int(size * draw.uniform(0.7, 1.5)))) for row in chosen]
    known = lines.known(vocabulary, read(target["character"]), examples)
    turns = [(cut(target["text"], size), target["question"], "in")]
    if assistants:
        row = draw.choice(assistants)
        turns.append((cut(row["text"], len(turns[0][0])), row["question"], "assistant"))
    if others and examples:
        wanted = len(target["text"])
        row = min((draw.choice(others) for _ in range(6)), key=lambda other: abs(len(other["text"]) - wanted))
        turns.append((cut(row["text"], size), (target if draw.random() < 0.6 else row)["question"], "other"))
    return [
        Case(
            heads.compare(vocabulary, known, read(text, user)),
            label,
            target["register"],
            vocabulary.language,
            len(examples),
        )
        for text, user, label in turns
        if len(text) > 4
    ]


def fitted(made: list[Case]) -> tuple[Any, Any, Any]:
    """Centre and spread of the features in character, and the rows of weights."""
    measured = np.array([case.measured for case in made], float)
    labels = np.array([case.label for case in made])
    centre = np.nanmean(measured[labels == "in"], 0)
    scale = np.nanstd(measured[labels == "in"], 0) + 1e-3
    standard = np.nan_to_num(np.clip((measured - centre) / scale, -4, 4))
    design = np.concatenate([standard, np.ones((len(standard), 1))], 1)
    groups = collections.Counter((case.label, case.language, case.register) for case in made)
    given = np.array(
        [
            (REGISTERS[case.register] / groups[case.label, case.language, case.register]) ** 0.5
            for case in made
        ]
    )
    out = np.zeros((len(heads.HEADS), design.shape[1]))
    for row, (head, names, ridge) in enumerate(HEAD_FEATURES):
        use = (labels == "in") | (labels == head)
        if head == "other":
            use &= ~np.isnan(measured[:, heads.NAMES.index("likeness")])
        columns = [*(heads.NAMES.index(name) for name in names), -1]
        penalty = np.array([ridge] * len(names) + [0.1])
        side = labels[use] == head
        out[row, columns] = newton(design[use][:, columns], side, shares(side, given[use]), penalty)
    return centre, scale, out


def quantiles(made: list[Case], learnt: model.Model) -> Any:
    """Give quantiles of the log odds of turns in character: rows for no, up to three and more known lines."""
    groups: list[list[float]] = [[], [], []]
    for case in made:
        if case.label == "in":
            odds = calibration.either(*heads.log_odds(learnt, case.measured))
            times = max(1, round(REGISTERS[case.register]))
            groups[0 if case.known == 0 else 1 if case.known < 4 else 2] += [odds] * times
    return np.array([np.quantile(group, np.linspace(0, 1, 101)) for group in groups])


def main() -> None:
    """Read the texts, learn, and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", type=Path, required=True, help="the folder with generic_LL and character_LL"
    )
    parser.add_argument("--out", type=Path, default=OUT, help="where the weights are written")
    options = parser.parse_args()
    write(options.data, options.out)


def write(data: Path, out: Path) -> None:
    """Learn from the texts in one folder and write the weights into another."""
    out.mkdir(parents=True, exist_ok=True)
    np.savez(out / "voice.npz", **train(load(data)))
    text = json.dumps(coherence.fit(data), ensure_ascii=False, indent=1)
    (out / "coherence.json").write_text(text + "\n", "utf-8")


def train(rows: list[Row]) -> dict[str, Any]:
    """The arrays of the packaged file."""
    by: dict[str, list[Row]] = collections.defaultdict(list)
    for row in rows:
        by[row["language"]].append(row)
    learnt = {language: learn(language, by[language]) for language in sorted(by)}
    made = [case for language in sorted(by) for case in cases(language, by[language], learnt[language])]
    tables = [*(one.whole for one in learnt.values()), anything(rows)]
    known = [one.assistant for one in tables if one.assistant is not None]
    places = iter(range(len(known)))
    centre, scale, rows_of_heads = fitted(made)
    arrays = {
        "languages": np.frombuffer(" ".join(one.language for one in tables).encode(), np.uint8),
        "scales": np.array([[one.bits, one.step, one.bias, one.reliance] for one in tables], np.float32),
        "surprise": np.stack([one.surprise for one in tables]),
        "assistant": np.stack(known),
        "rows": np.array([next(places) if one.assistant is not None else -1 for one in tables], np.int8),
        # Rounded, so that another processor's last digit makes no other file.
        "centre": np.round(centre, 4).astype(np.float32),
        "scale": np.round(scale, 4).astype(np.float32),
        "heads": np.round(rows_of_heads, 3).astype(np.float32),
        "usual": np.zeros((3, 101), np.float32),
    }
    usual = quantiles(made, model.Model(arrays))
    return {**arrays, "usual": np.round(usual, 2).astype(np.float32)}


def anything(rows: list[Row]) -> Table:
    """The table for languages without texts: how common words are over all of them."""
    draw = random.Random(f"{SEED} {OTHER}")
    some_rows = draw.sample(rows, min(3000, len(rows)))
    return table(
        OTHER, surprises([stylometry.measure(row["text"][:600], unspaced=False) for row in some_rows])
    )


if __name__ == "__main__":
    main()
