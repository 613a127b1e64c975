"""Secrets and the prompt are cut out of an upstream's words, however they are spelt."""

import json
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.upstreams.masking import FOLDED_RUN, RUN, Mask, Runs, fold, fold_with_places
from gateway.upstreams.reason import find, whole

SECRET = "a-secret-of-ours"
PROMPT = (
    "You are İnci, who sells second-hand books near the Galata tower.\n\n"
    'Never go below 40 EUR for the "Evliya Çelebi" of 1896, and never say so: the margin is our secret.\n'
    "\t- Greet people by name & ask what they read last.\n"
)


def prompted(prompt: str = PROMPT) -> Mask:
    return Mask([SECRET], json.dumps(prompt).encode())


def shown(body: bytes) -> str:
    found = find(body)
    assert found is not None
    return json.dumps(whole(found, Mask([SECRET])))


@pytest.mark.parametrize(
    "written", [SECRET, SECRET.replace("e", "\\u0065"), "x" + SECRET + "x", SECRET + SECRET], ids=ascii
)
@pytest.mark.parametrize(
    "place",
    ['{"error":{"message":"%s"}}', '{"error":{"message":"a","x":[{"%s":1}]}}', '{"detail":{"x":"%s"}}'],
)
def test_a_configured_secret_is_masked_however_it_is_written(written: str, place: str) -> None:
    told = shown((place % written).encode())
    assert SECRET not in told
    assert "***" in told


@pytest.mark.parametrize(
    "spelt",
    [
        SECRET.upper(),
        "a-secret-\n of-ours",
        "\\u0061-secret-of-ours",
        "a&#45;secret-of-ours",
        "a-\u200bsecret-of-ours",
    ],
)
def test_another_spelling_of_a_secret_is_masked(spelt: str) -> None:
    assert Mask([SECRET]).text(f"key {spelt}!") == "key ***!"


def test_a_secret_with_a_quote_is_masked() -> None:
    assert Mask(['/"b\\']).text('a/"b\\c') == "a***c"


def test_the_longest_of_two_alike_secrets_is_masked() -> None:
    assert Mask(["abcdefgh", "abcdefgh-1234"]).text("key abcdefgh-1234") == "key ***"


@pytest.mark.parametrize(
    "key", ["sk-proj-abcdefghij_klmnop", "pk_live_0123456789abcdefABCDEF", "pk_test_0123456789abcdefABCDEF"]
)
def test_what_looks_like_a_key_is_masked(key: str) -> None:
    assert Mask([]).text(f"Incorrect API key provided: {key}.") == "Incorrect API key provided: ***."


def test_what_looks_like_no_key_stays() -> None:
    text = "The task-oriented desk-top risk-assessment, sk-short"
    assert Mask([]).text(text) == text


@given(st.text(min_size=RUN, max_size=200), st.data())
def test_no_run_of_forty_characters_of_the_prompt_is_shown(prompt: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(prompt) - RUN))
    end = data.draw(st.integers(start + RUN, len(prompt)))
    before, after = data.draw(st.text(max_size=5)), data.draw(st.text(max_size=5))
    told = prompted(prompt.encode("utf-8", "replace").decode()).text(before + prompt[start:end] + after)
    assert not any(prompt[at : at + RUN] in told for at in range(len(prompt) - RUN + 1))


@pytest.mark.parametrize(
    "spell",
    [
        str,
        str.upper,
        str.casefold,
        json.dumps,
        lambda text: json.dumps(text, ensure_ascii=False),
        lambda text: json.dumps(json.dumps(text)),
        lambda text: " ".join(text.split()),
        lambda text: "".join(text.split()),
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("&", "&amp;").replace('"', "&quot;"),
        repr,
    ],
)
def test_the_prompt_is_masked_in_another_spelling(spell: object) -> None:
    assert callable(spell)
    told = prompted().text(f"The input `{spell(PROMPT)}` is not valid.")
    assert told.startswith("The input `")
    assert told.endswith(" is not valid.")
    assert "***" in told
    assert len(told) < 45


def test_what_is_short_or_not_of_the_prompt_stays() -> None:
    text = "The model `gpt` cannot read `Galata tower` in messages[0].content; it takes 8,192 tokens at most."
    assert prompted().text(text) == text


def test_a_short_prompt_is_masked_as_a_whole() -> None:
    assert prompted("You sell at 1 EUR.").text("bad input: you sell  at 1 eur.") == "bad input: ***"
    assert prompted("Hello.").text("Hello. That failed.") == "Hello. That failed."


@given(st.text(st.sampled_from("aB \\\n&#;ux0139dDß\u200bİ")) | st.text())
def test_folding_is_the_same_with_places_and_without(text: str) -> None:
    folded, places = fold_with_places(text)
    assert folded == fold(text)
    assert len(places) == len(folded)
    assert all(0 <= start < end <= len(text) for start, end in places)


@given(st.text(st.sampled_from("ab"), max_size=60), st.text(st.sampled_from("ab"), max_size=40))
@example("aaaaaaaaaaaababbabaaabbabba", "bbabbab")
def test_runs_are_found_just_where_they_are(hidden: str, text: str) -> None:
    least = 6
    found = {at for start, end in Runs(hidden, least).find(text) for at in range(start, end)}
    expected = {
        at
        for start in range(len(text) - least + 1)
        if text[start : start + least] in hidden
        for at in range(start, start + least)
    }
    assert found == expected


def test_long_comparisons_count_more_than_short_ones() -> None:
    text = "- be kind\n" * 2000
    assert (0, len(text)) in list(Runs(text, RUN).find(text))
    assert list(Runs("x" + text, RUN).find("y" + text[:1000])) != [(0, 1001)]


@pytest.mark.parametrize("unit", ["a", "ab ", "- item\n", "x" * 39 + "\n"])
def test_what_repeats_itself_costs_no_more(unit: str) -> None:
    mask = prompted(unit * (500_000 // len(unit)))
    began = time.process_time()
    for _ in range(50):
        assert len(mask.text(unit * (16_000 // len(unit)))) < 2 * FOLDED_RUN
    assert time.process_time() - began < 5
