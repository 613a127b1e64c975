"""Comparisons: the smallest difference where it is found in time, else a coarser one that is true as well."""

import asyncio
from typing import Any

import jsonpatch
import pytest

from gateway.errors import Refusal
from gateway.personas import difference
from gateway.personas.comparison import Comparing, Task
from gateway.personas.model import Content, Draft, Profile
from gateway.turnstile import AT_ONCE, WAITING, Turnstile


def task(old: str, new: str, **layers: Any) -> Task:
    before = {"prompt": old, "layers": {}}
    after = {"prompt": new, "layers": layers}
    return Task(before, after, draft(old, {}), draft(new, layers))


def draft(prompt: str, layers: dict[str, Any]) -> Draft:
    return Draft(Profile(slug="a", name="A"), Content(prompt=prompt, layers=layers))


async def test_a_process_of_its_own_finds_the_smallest_difference() -> None:
    old, new = "One.\nTwo.\nThree.", "One.\nTwo!\nThree."
    found = await Comparing().compare(task(old, new, mask={"mood": "dry"}))
    assert jsonpatch.apply_patch({"prompt": old, "layers": {}}, found.patch) == {
        "prompt": new,
        "layers": {"mask": {"mood": "dry"}},
    }
    assert "-  Two." in found.text.split("\n")
    assert "+  Two!" in found.text.split("\n")


async def test_what_takes_too_long_is_told_more_coarsely_and_holds_up_nobody() -> None:
    old, new = "\n".join("ab" * 12_000), "\n".join("ba" * 12_000 + "c")
    comparing = asyncio.ensure_future(Comparing().compare(task(old, new)))
    looks = 0
    while not comparing.done():
        await asyncio.sleep(0.001)
        looks += 1
    found = await comparing
    # The loop goes on meanwhile: where it did the work itself, it would come by a few times alone.
    assert looks > 100
    assert found.text.startswith("@@ -")
    assert jsonpatch.apply_patch({"prompt": old, "layers": {}}, found.patch)["prompt"] == new


@pytest.mark.parametrize(
    ("old", "new"), [("a\nb\nc", "a\nx\nc"), ("a", "a\nb"), ("a\nb", "b"), ("a", "b"), ("a\na\na", "a")]
)
def test_a_coarse_difference_leads_from_one_text_to_the_other(old: str, new: str) -> None:
    lines = difference.coarse(old, new).split("\n")
    gone = [line[1:] for line in lines[1:] if line.startswith("-")]
    come = [line[1:] for line in lines[1:] if line.startswith("+")]
    start = int(lines[0].split("-")[1].split(",")[0]) - 1
    whole = old.split("\n")
    assert whole[start : start + len(gone)] == gone
    assert "\n".join([*whole[:start], *come, *whole[start + len(gone) :]]) == new
    assert difference.coarse(old, old) == ""


async def test_a_turnstile_lets_few_of_a_workspace_through_and_others_pass() -> None:
    turnstile, done, inside = Turnstile(), asyncio.Event(), 0

    async def work(workspace: str) -> None:
        nonlocal inside
        async with turnstile.through(workspace):
            inside += 1
            await done.wait()

    tasks = [asyncio.ensure_future(work("one")) for _ in range(AT_ONCE + WAITING)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert inside == AT_ONCE
    with pytest.raises(Refusal) as caught:
        await work("one")
    assert (caught.value.status, caught.value.headers) == (429, {"retry-after": "1"})
    async with turnstile.through("two"):
        pass
    done.set()
    await asyncio.gather(*tasks)
    assert inside == AT_ONCE + WAITING
    assert not turnstile._inside
    assert not turnstile._places
