"""The bounded cache: what it keeps, and what it forgets."""

from gateway.cache import Cache


def test_a_cache_forgets_what_was_not_used_for_longest() -> None:
    cache: Cache[int, str] = Cache(2)
    cache.keep(1, "a")
    cache.keep(2, "b")
    assert cache.recall(1) == "a"
    cache.keep(3, "c")
    assert (cache.recall(1), cache.recall(2), cache.recall(3)) == ("a", None, "c")


def test_a_cache_is_bounded_by_what_its_values_weigh() -> None:
    cache: Cache[int, str] = Cache(10, len)
    cache.keep(1, "four")
    cache.keep(2, "five!")
    cache.keep(2, "six!!!")
    assert cache.recall(1) == "four"
    cache.keep(3, "three")
    assert (cache.recall(1), cache.recall(2), cache.recall(3)) == ("four", None, "three")
    cache.keep(4, "longer than the room")
    assert cache.recall(4) is not None


def test_what_is_dropped_makes_room() -> None:
    cache: Cache[int, str] = Cache(8, len)
    cache.keep(1, "four")
    cache.keep(2, "more")
    cache.drop(1)
    cache.drop(1)
    cache.keep(3, "last")
    assert list(cache) == [2, 3]


def test_stale_values_are_dropped_and_the_others_stay() -> None:
    cache: Cache[int, str] = Cache(8, len)
    for key, value in enumerate(("four", "more", "even")):
        cache.keep(key, value)
    cache.drop_where(lambda value: value.startswith("m"))
    assert list(cache) == [2]
    cache.keep(4, "odd")
    assert list(cache) == [2, 4]


def test_an_empty_cache_has_all_its_room() -> None:
    cache: Cache[int, str] = Cache(4, len)
    cache.keep(1, "four")
    cache.clear()
    assert (len(cache), 1 in cache) == (0, False)
    cache.keep(2, "more")
    assert cache.recall(2) == "more"
