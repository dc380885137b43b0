"""Opens, finds and ends sessions. While Redis is away, those that this process knows go on."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog

from backend.dashboard.session.session import Session, name_of
from backend.dashboard.session.session_store import MemorySessions, SessionStore
from backend.domain.access.access_errors import KeyNotFound
from backend.domain.access.api_key import Credential, Principal
from backend.domain.errors import MigrationError, Unavailable
from backend.domain.ports import Clock
from backend.services.access.key_service import KeyService

log = structlog.get_logger("tally.dashboard")

#: Seconds between looks at the store and at the key, and between marks that a session is in use.
_LOOK_EVERY, _ASK_EVERY, _MARK_EVERY = 2.0, 10.0, 60.0
_MOST_KNOWN = 10_000


@dataclass(slots=True)
class _Known:
    looked_at: float
    asked_at: float
    marked_at: float


class Sessions:
    """The sessions of one deployment, as one process sees them."""

    def __init__(
        self,
        store: SessionStore,
        keys: KeyService,
        clock: Clock,
        *,
        idle: float,
        longest: Callable[[Principal], float],
    ) -> None:
        self._store = store
        self._keys = keys
        self._clock = clock
        self._idle = idle
        self._longest = longest
        self._memory = MemorySessions(clock.monotonic)
        self._known: dict[str, _Known] = {}

    def open(self, who: Principal) -> tuple[str, Session]:
        """A new session and its id, which nobody but its bearer is told."""
        now, session_id = self._clock.now(), secrets.token_urlsafe(32)
        ends_at = now + timedelta(seconds=self._longest(who))
        session = Session(who, secrets.token_urlsafe(32), now, ends_at)
        self._keep(name_of(session_id), session)
        return session_id, session

    def find(self, session_id: str, *, in_use: bool) -> Session | None:
        """The session with this id, if it still is one; ``in_use``: a person did something."""
        name = name_of(session_id)
        text, known = self._memory.find(name), self._known_of(name)
        if text is None or self._clock.monotonic() - known.looked_at > _LOOK_EVERY:
            text = self._look(name, text)
        session = Session.from_text(text) if text else None
        if (
            session is None
            or session.ends_at <= self._clock.now()
            or not self._is_good(session, name)
        ):
            self.close(session_id)
            return None
        if in_use and self._clock.monotonic() - known.marked_at > _MARK_EVERY:
            return self._prolonged(name, session)
        return session

    def close(self, session_id: str) -> None:
        """Ends it."""
        name = name_of(session_id)
        self._memory.drop(name)
        self._known.pop(name, None)
        try:
            self._store.drop(name)
        except Unavailable as error:
            log.warning("session.not_dropped", error=str(error))

    def _known_of(self, name: str) -> _Known:
        if len(self._known) > _MOST_KNOWN:
            self._known.clear()
        never = float("-inf")
        return self._known.setdefault(name, _Known(never, never, self._clock.monotonic()))

    def _keep(self, name: str, session: Session) -> None:
        text, seconds = session.to_text(), self._keep_here(name, session)
        try:
            self._store.keep(name, text, seconds)
        except Unavailable as error:
            log.warning("session.kept_here_only", error=str(error))

    def _prolonged(self, name: str, session: Session) -> Session | None:
        """The session, from now on; None when another process has ended it since the last look."""
        seconds = self._keep_here(name, session)
        try:
            is_kept = self._store.prolong(name, session.to_text(), seconds)
        except Unavailable as error:
            log.warning("session.kept_here_only", error=str(error))
            return session
        if not is_kept:
            self._memory.drop(name)
            self._known.pop(name, None)
        return session if is_kept else None

    def _keep_here(self, name: str, session: Session) -> float:
        """For how many seconds it is kept."""
        seconds = min(self._idle, (session.ends_at - self._clock.now()).total_seconds())
        self._memory.keep(name, session.to_text(), seconds)
        now = self._clock.monotonic()
        self._known[name] = _Known(now, now, now)
        return seconds

    def _look(self, name: str, remembered: str | None) -> str | None:
        try:
            text = self._store.find(name)
        except Unavailable:
            return remembered
        now = self._clock.monotonic()
        if text is not None:
            self._known_of(name).looked_at = now
            self._memory.keep(name, text, self._idle)
        return text

    def _is_good(self, session: Session, name: str) -> bool:
        """Whether the key that opened it still opens doors; taken to be so while nobody can tell."""
        known, now = self._known_of(name), self._clock.monotonic()
        if session.principal.credential is not Credential.KEY or now - known.asked_at < _ASK_EVERY:
            return True
        known.asked_at = now
        try:
            return self._keys.get(session.principal.id).is_good(self._clock.now())
        except KeyNotFound:
            return False
        except (Unavailable, MigrationError):
            return True
