"""A sheet neither loses nor doubles what was counted, whenever its writer dies."""

from collections import Counter
from typing import Any

from gateway.metrics.sheet import Layout, Sheet

LAYOUT = Layout(width=3, room=16)


class DeadError(Exception):
    """The writer is gone."""


class Dying:
    """Memory whose writer dies at the store of a number."""

    def __init__(self, memory: memoryview, left: list[int]) -> None:
        self._memory = memory
        self._left = left

    def __setitem__(self, at: Any, value: Any) -> None:
        if self._left[0] == 0:
            raise DeadError
        self._left[0] -= 1
        self._memory[at] = value

    def __getitem__(self, at: Any) -> Any:
        return self._memory[at]

    def cast(self, form: Any) -> "Dying":
        return Dying(self._memory.cast(form), self._left)


def count(sheet: Sheet, name: str) -> None:
    sheet.numbers[sheet.place((name, "x"))] += 1.0


def counted(sheet: Sheet) -> float:
    return sum(record.numbers[0] for record in sheet.read())


def test_each_label_set_has_its_own_counts() -> None:
    sheet = Sheet(memoryview(bytearray(LAYOUT.size)), LAYOUT)
    for name in "abca":
        count(sheet, name)
    found = {record.labels: record.numbers[0] for record in sheet.read() if record.labels}
    assert found == {("a", "x"): 2, ("b", "x"): 1, ("c", "x"): 1}


def test_an_empty_label_is_a_label() -> None:
    sheet = Sheet(memoryview(bytearray(LAYOUT.size)), LAYOUT)
    sheet.numbers[sheet.place(("",))] += 1.0
    assert [record.labels for record in sheet.read()] == [None, ("",)]


def test_the_least_used_fall_to_the_others_and_are_counted() -> None:
    sheet = Sheet(memoryview(bytearray(LAYOUT.size)), LAYOUT)
    for at in range(100):
        count(sheet, f"rare-{at}")
        count(sheet, "common")
    records = {record.labels: record for record in sheet.read()}
    assert counted(sheet) == 200
    assert records[("common", "x")].numbers[0] == 100
    assert len(records) == LAYOUT.room + 1
    assert records[None].fallen == 101 - LAYOUT.room
    assert records[None].numbers[0] == records[None].fallen


def test_a_successor_goes_on_where_the_last_writer_left() -> None:
    memory = memoryview(bytearray(LAYOUT.size))
    first = Sheet(memory, LAYOUT)
    count(first, "a")
    second = Sheet(memory, LAYOUT)
    second.own()
    count(second, "a")
    count(second, "b")
    assert Counter({record.labels: record.numbers[0] for record in second.read() if record.labels}) == {
        ("a", "x"): 2,
        ("b", "x"): 1,
    }


def test_a_death_at_any_store_loses_and_doubles_nothing() -> None:
    names, stores, died = 40, 0, True
    while died:
        memory, left = memoryview(bytearray(LAYOUT.size)), [stores]
        dying: Any = Dying(memory, left)
        sheet, done, died = Sheet(dying, LAYOUT), 0, False
        try:
            for at in range(names):
                count(sheet, f"name-{at}")
                done += 1
        except DeadError:
            died = True
        seen = counted(Sheet(memory, LAYOUT))
        heir = Sheet(memory, LAYOUT)
        heir.own()
        assert seen == counted(heir) == done, f"after {stores} stores"
        count(heir, "after")
        assert counted(heir) == done + 1
        stores += 1
    assert stores > 5 * names


def test_labels_that_are_too_long_are_cut() -> None:
    sheet = Sheet(memoryview(bytearray(LAYOUT.size)), LAYOUT)
    count(sheet, "é" * 1000)
    (labels,) = [record.labels for record in sheet.read() if record.labels]
    assert labels[0].startswith("é" * 100)
