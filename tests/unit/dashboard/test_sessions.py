"""Sessions end when they should, and not before."""

from __future__ import annotations

from typing import Any

import pytest

from backend.dashboard.session.session import Session, name_of
from backend.dashboard.session.session_store import MemorySessions
from backend.dashboard.session.sessions import Sessions
from backend.domain.access.access_errors import KeyNotFound
from backend.domain.access.api_key import ApiKey, Credential, Principal
from backend.domain.access.role import Role
from backend.domain.errors import HistoryUnavailable, QueueUnavailable
from tests.unit.dashboard.clock_by_hand import ClockByHand

ADA = Principal("key-1", "ada", Role.OPERATOR, "acme", Credential.KEY)


class _Keys:
    """One key, which can be revoked, or be out of reach."""

    def __init__(self, clock: ClockByHand) -> None:
        self.answer: Any = ApiKey("key-1", "ada", Role.OPERATOR, "abcd", clock.now(), "x")

    def get(self, key_id: str) -> ApiKey:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer  # type: ignore[no-any-return]


class _Shaky(MemorySessions):
    """A store that can be away."""

    is_away = False

    def keep(self, name: str, text: str, seconds: float) -> None:
        self._answer()
        super().keep(name, text, seconds)

    def prolong(self, name: str, text: str, seconds: float) -> bool:
        self._answer()
        return super().prolong(name, text, seconds)

    def find(self, name: str) -> str | None:
        self._answer()
        return super().find(name)

    def drop(self, name: str) -> None:
        self._answer()
        super().drop(name)

    def _answer(self) -> None:
        if self.is_away:
            raise QueueUnavailable("away")


@pytest.fixture
def clock() -> ClockByHand:
    return ClockByHand()


@pytest.fixture
def keys(clock: ClockByHand) -> _Keys:
    return _Keys(clock)


@pytest.fixture
def store(clock: ClockByHand) -> _Shaky:
    return _Shaky(clock.monotonic)


def _sessions(store: Any, keys: Any, clock: ClockByHand) -> Sessions:
    return Sessions(store, keys, clock, idle=600, longest=lambda who: 3600)


@pytest.fixture
def sessions(store: _Shaky, keys: _Keys, clock: ClockByHand) -> Sessions:
    return _sessions(store, keys, clock)


def test_a_session_is_kept_under_the_hash_of_its_id(sessions: Sessions, store: _Shaky) -> None:
    session_id, session = sessions.open(ADA)

    assert store.find(session_id) is None
    assert Session.from_text(store.find(name_of(session_id)) or "") == session
    assert len(session_id) >= 43


def test_two_sessions_share_nothing(sessions: Sessions) -> None:
    (one_id, one), (other_id, other) = sessions.open(ADA), sessions.open(ADA)

    assert one_id != other_id
    assert one.form_token != other.form_token


def test_a_session_nobody_uses_ends(sessions: Sessions, clock: ClockByHand) -> None:
    session_id, _ = sessions.open(ADA)
    for _ in range(4):
        clock.move(300)
        assert sessions.find(session_id, in_use=True) is not None

    clock.move(601)

    assert sessions.find(session_id, in_use=True) is None


def test_a_page_left_open_keeps_no_session_alive(sessions: Sessions, clock: ClockByHand) -> None:
    session_id, _ = sessions.open(ADA)
    for _ in range(59):
        clock.move(10)
        assert sessions.find(session_id, in_use=False) is not None

    clock.move(20)

    assert sessions.find(session_id, in_use=False) is None


def test_every_session_ends_at_last(sessions: Sessions, clock: ClockByHand) -> None:
    session_id, _ = sessions.open(ADA)
    for _ in range(11):
        clock.move(300)
        assert sessions.find(session_id, in_use=True) is not None

    clock.move(301)

    assert sessions.find(session_id, in_use=True) is None


def test_signing_out_ends_it_in_every_process_within_seconds(
    store: _Shaky, keys: _Keys, clock: ClockByHand
) -> None:
    here, there = _sessions(store, keys, clock), _sessions(store, keys, clock)
    session_id, _ = here.open(ADA)
    assert there.find(session_id, in_use=True) is not None

    here.close(session_id)
    clock.move(3)

    assert here.find(session_id, in_use=True) is None
    assert there.find(session_id, in_use=True) is None


def test_a_process_that_has_just_looked_does_not_bring_back_what_another_has_ended(
    store: _Shaky, keys: _Keys, clock: ClockByHand
) -> None:
    here, there = _sessions(store, keys, clock), _sessions(store, keys, clock)
    session_id, _ = here.open(ADA)
    there.find(session_id, in_use=True)
    clock.move(60)
    assert there.find(session_id, in_use=False) is not None
    clock.move(1)

    here.close(session_id)

    assert there.find(session_id, in_use=True) is None
    assert store.find(name_of(session_id)) is None
    assert there.find(session_id, in_use=True) is None


@pytest.mark.parametrize("answer", [KeyNotFound("gone"), "revoked"])
def test_a_session_ends_with_its_key(
    sessions: Sessions, keys: _Keys, clock: ClockByHand, answer: Any
) -> None:
    session_id, _ = sessions.open(ADA)
    keys.answer = (
        ApiKey("key-1", "ada", Role.OPERATOR, "abcd", clock.now(), "x", revoked_at=clock.now())
        if answer == "revoked"
        else answer
    )
    clock.move(11)

    assert sessions.find(session_id, in_use=True) is None


def test_it_goes_on_while_nobody_can_tell_about_its_key(
    sessions: Sessions, keys: _Keys, clock: ClockByHand
) -> None:
    session_id, _ = sessions.open(ADA)
    keys.answer = HistoryUnavailable("away")
    clock.move(60)

    assert sessions.find(session_id, in_use=True) is not None


def test_it_goes_on_in_its_process_while_redis_is_away(
    sessions: Sessions, store: _Shaky, clock: ClockByHand
) -> None:
    store.is_away = True
    session_id, _ = sessions.open(ADA)
    clock.move(60)
    assert sessions.find(session_id, in_use=True) is not None

    sessions.close(session_id)

    assert sessions.find(session_id, in_use=True) is None


def test_an_id_that_nobody_gave_out_opens_nothing(sessions: Sessions) -> None:
    assert sessions.find("made-up", in_use=True) is None
