"""A memory works out what it does not know, and holds no more than it has room for."""

import gc
import tracemalloc
from pathlib import Path
from threading import Thread

import gateway.drift
from gateway.drift.language import packaged
from gateway.drift.memory import Memory, Room, weight
from gateway.drift.rules.identifier import Leanings
from gateway.drift.rules.shelf import phrasebook


def _remembering(room: Room, most: int = 100) -> Memory[str, str]:
    return Memory(lambda word: word, most, room=room)


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


def test_memories_share_a_room_which_is_taken_from_who_has_learnt_nothing_for_longest() -> None:
    room = Room(3_000)
    first, second, third = (_remembering(room) for _ in range(3))
    for number in range(5):
        _ = first[f"a{number}"], second[f"b{number}"]
    _ = first["again"]
    while second:
        _ = third[f"c{len(third)}"]
        assert room.taken <= 3_000
    assert len(first) == 6
    # What was forgotten is worked out anew.
    assert second["b1"] == "b1"


def test_a_memory_that_takes_all_the_room_forgets_itself() -> None:
    room = Room(1_000)
    memory = _remembering(room)
    assert memory["x" * 2_000] == "x" * 2_000
    assert (len(memory), room.taken) == (0, 0)


def test_memories_that_are_gone_leave_their_room_to_others() -> None:
    room = Room(10_000)
    for _ in range(50):
        memory = _remembering(room)
        for number in range(20):
            _ = memory[f"{number}"]
    assert room.taken <= 10_000
    assert len(memory) == 20


def test_a_full_memory_gives_its_room_back() -> None:
    room = Room(1_000_000)
    memory: Memory[int, int] = Memory(lambda key: key, 3, room=room)
    for key in range(100):
        _ = memory[key]
    assert room.taken <= 3 * (100 + 2 * 28)


def test_words_of_languages_share_a_room_with_phrases() -> None:
    room = Room(40_000)
    leanings, memory = Leanings((5,), (1, 2, 3), room), _remembering(room, 10_000)
    said = ["the", "ferry", "crosses", "12", "water"]
    before = leanings.of(said), leanings.together(said)
    while room.taken < 39_000:
        _ = memory[f"{len(memory)}"]
    many = [f"{a}{b}" for a in "abcdefgh" for b in "abcdefghijklmnopqrst"]
    leanings.of(many)
    assert room.taken <= 40_000
    assert not memory
    assert (leanings.of(said), leanings.together(said)) == before


def test_a_room_stays_true_while_threads_learn_and_forget() -> None:
    room = Room(20_000)
    memories = [_remembering(room, 40) for _ in range(4)]

    def learn() -> None:
        for number in range(3_000):
            memory = memories[number % 4]
            assert memory[f"{number}"] == f"{number}"

    threads = [Thread(target=learn) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 0 < room.taken <= 20_000


def test_what_is_known_of_words_weighs_no_less_than_it_takes() -> None:
    # A book of its own remembers nothing yet; where much is remembered a dictionary may grow by far more.
    book = phrasebook.__wrapped__(packaged(), "en")
    assert book is not None
    book.word("first")
    words = [f"{a}{b}ing" for a in ("cross", "never", "ferry", "talk", "price") for b in range(200)]
    gc.collect()
    tracemalloc.start()
    found = list(map(book.word, words))
    # Other threads of the tests' process may take memory at the same time.
    here = tracemalloc.Filter(True, str(Path(gateway.drift.__file__).parent / "*"))
    taken = sum(trace.size for trace in tracemalloc.take_snapshot().filter_traces([here]).traces)
    tracemalloc.stop()
    assert sum(weight(word) + 100 for word in found) >= taken * 0.9
