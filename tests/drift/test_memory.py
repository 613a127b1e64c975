"""A memory works out what it does not know, and holds no more than it has room for."""

from gateway.drift.memory import Memory


def test_a_value_is_worked_out_once() -> None:
    asked: list[str] = []

    def length(word: str) -> int:
        asked.append(word)
        return len(word)

    memory = Memory(length, 8)
    assert [memory[word] for word in ("door", "key", "door")] == [4, 3, 4]
    assert asked == ["door", "key"]


def test_it_never_holds_more_than_its_room() -> None:
    memory: Memory[int, int] = Memory(lambda key: key * 2, 3)
    assert [memory[key] for key in range(10)] == [key * 2 for key in range(10)]
    assert len(memory) <= 3
    for key in range(10):
        memory.keep(key, 0)
        assert len(memory) <= 3


def test_it_keeps_only_what_it_is_told_to() -> None:
    memory = Memory(str.upper, 8, lambda key, _: len(key) < 4)
    assert (memory["key"], memory["harbour"]) == ("KEY", "HARBOUR")
    assert list(memory) == ["key"]
