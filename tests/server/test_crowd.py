"""Strangers and callers with a key may be connected, and make room in an order."""

import resource

import pytest

from gateway.server.crowd import DEFAULT_MOST, OTHER_FILES, Crowd, room


class Caller:
    def __init__(self) -> None:
        self.is_cut = False

    def cut(self) -> None:
        self.is_cut = True


def entered(crowd: Crowd, count: int) -> list[Caller]:
    callers = [Caller() for _ in range(count)]
    assert [crowd.enter(caller) for caller in callers] == [True] * count
    return callers


def test_of_four_places_three_are_for_strangers() -> None:
    crowd = Crowd(4)
    callers = entered(crowd, 5)
    assert [caller.is_cut for caller in callers] == [True, True, False, False, False]
    assert len(crowd) == 3


def test_those_with_a_key_are_not_cut() -> None:
    crowd = Crowd(4)
    known = entered(crowd, 2)
    for caller in known:
        crowd.vouch(caller)
    strangers = entered(crowd, 3)
    assert [caller.is_cut for caller in strangers] == [True, False, False]
    assert not any(caller.is_cut for caller in known)


def test_a_full_house_of_those_with_a_key_has_no_room() -> None:
    crowd = Crowd(2)
    known = entered(crowd, 1)
    crowd.vouch(known[0])
    known += entered(crowd, 1)
    crowd.vouch(known[1])
    late, later = Caller(), Caller()
    assert not crowd.enter(late)
    assert not crowd.enter(later)
    assert late.is_cut
    assert len(crowd) == 3
    crowd.leave(later)
    crowd.leave(known[0])
    assert crowd.enter(Caller())


def test_who_was_cut_or_has_left_is_vouched_for_in_vain() -> None:
    crowd = Crowd(4)
    gone = entered(crowd, 1)[0]
    crowd.leave(gone)
    crowd.vouch(gone)
    assert len(crowd) == 0


def test_room_is_what_open_files_allow(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 1128))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: asked.append(limits))
    assert room(0) == (1128 - OTHER_FILES) // 2
    assert room(100) == 100
    assert asked == [(1128, 1128)] * 2


def test_a_limit_that_is_not_granted_is_not_counted_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_number: int, _limits: tuple[int, int]) -> None:
        raise ValueError("not granted")

    monkeypatch.setattr(resource, "getrlimit", lambda _: (528, resource.RLIM_INFINITY))
    monkeypatch.setattr(resource, "setrlimit", refuse)
    assert room(1000) == 200
    assert "max_connections is lowered to 200" in caplog.text


def test_room_has_an_end_where_open_files_have_none(monkeypatch: pytest.MonkeyPatch) -> None:
    unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    monkeypatch.setattr(resource, "getrlimit", lambda _: unlimited)
    assert room(0) == DEFAULT_MOST
