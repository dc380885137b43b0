"""API keys: makes, lists, rotates and revokes them, and tells who bears a token."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from backend.domain.access.access_errors import KeyNotFound, NotAuthenticated
from backend.domain.access.api_key import ApiKey, Principal, fingerprint_of, hint_of, token_of
from backend.domain.access.api_key_ports import ApiKeyStore, TokenVerifier
from backend.domain.access.role import Role
from backend.domain.errors import InvalidOption, Unavailable
from backend.domain.jobs.options.quota import checked_tenant
from backend.domain.ports import Clock
from backend.services.access.key_cache import KeyCache
from backend.telemetry.logs.logger import Logger

log = Logger("tally.keys")

_TOUCH_EVERY = timedelta(seconds=60)
_LONGEST_TOKEN = 8192
_LONGEST_NAME = 200


class NewKey(NamedTuple):
    """A key that was just made, with its token: the only time anybody sees it."""

    key: ApiKey
    token: str


class KeyService:
    """The keys of one deployment.

    ``settings_keys`` maps tokens of the settings to whom they stand for: they are good without
    Postgres, so that the first key can be made and an outage be handled.
    """

    def __init__(
        self,
        store: ApiKeyStore,
        clock: Clock,
        *,
        new_id: Callable[[], str],
        randomness: Callable[[int], bytes],
        settings_keys: Sequence[tuple[str, Principal]] = (),
        verifier: TokenVerifier | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._new_id = new_id
        self._randomness = randomness
        self._settings_keys = [(fingerprint_of(token), who) for token, who in settings_keys]
        self._verifier = verifier
        self._cache = KeyCache(store, clock.monotonic)
        self._touched: dict[str, datetime] = {}

    def authenticate(self, token: str, address: str = "") -> Principal:
        """Who bears a token. Raises `NotAuthenticated`, or `Unavailable` when it cannot be told now."""
        if not token or len(token) > _LONGEST_TOKEN:
            raise NotAuthenticated("a bearer token is needed")
        fingerprint = fingerprint_of(token)
        who = self._of_settings(fingerprint) or self._of_jwt(token)
        if who is not None:
            return who
        key, now = self._cache.find(fingerprint), self._clock.now()
        if key is None or not hmac.compare_digest(key.token_sha256, fingerprint):
            raise NotAuthenticated("this token is not good")
        if not key.is_good(now):
            raise NotAuthenticated("this token is not good")
        self._note_use(key, now, address)
        return key.principal

    def knows(self, token: str) -> bool:
        """Whether a token is known to be good without asking the record."""
        fingerprint = fingerprint_of(token)
        return self._of_settings(fingerprint) is not None or self._cache.knows(fingerprint)

    def create(
        self,
        name: str,
        role: Role,
        *,
        by: str,
        expires_at: datetime | None = None,
        tenant: str | None = None,
        job_types: Collection[str] | None = None,
    ) -> NewKey:
        """Makes a key; its token is in the answer and nowhere else.

        ``job_types`` are the only ones that its bearer may have run; None: all that the role may.
        Raises `InvalidOption` for a name that a good key has already.
        """
        now = self._clock.now()
        good = (key for key in self._store.list(with_revoked=False) if key.is_good(now))
        if any(key.name == name.strip() for key in good):
            raise InvalidOption(
                f"there is a key called {name.strip()!r}; the audit log would not tell them apart, so "
                "give another name, or rotate that one",
                field="name",
            )
        return self._made(
            now, name, role, by=by, expires_at=expires_at, tenant=tenant, job_types=job_types
        )

    def _made(
        self,
        now: datetime,
        name: str,
        role: Role,
        *,
        by: str,
        expires_at: datetime | None,
        tenant: str | None,
        job_types: Collection[str] | None,
    ) -> NewKey:
        if not name.strip() or len(name) > _LONGEST_NAME:
            raise InvalidOption(f"a key needs a name of 1 to {_LONGEST_NAME} characters")
        if tenant is not None:
            checked_tenant(tenant)
        if job_types is not None and not job_types:
            raise InvalidOption("job_types must name one at least", field="job_types")
        if expires_at is not None and expires_at <= now:
            raise InvalidOption("expires_at must be in the future", field="expires_at")
        token = token_of(self._randomness(32))
        key = ApiKey(
            id=self._new_id(),
            name=name.strip(),
            role=role,
            token_hint=hint_of(token),
            created_at=now,
            created_by=by,
            tenant=tenant,
            job_types=None if job_types is None else tuple(sorted(set(job_types))),
            expires_at=expires_at,
            token_sha256=fingerprint_of(token),
        )
        self._store.add(key)
        return NewKey(key, token)

    def list(self, *, with_revoked: bool = False) -> Sequence[ApiKey]:
        """The keys, the newest first."""
        return self._store.list(with_revoked=with_revoked)

    def get(self, key_id: str) -> ApiKey:
        """One key; raises `KeyNotFound`."""
        key = self._store.get(key_id)
        if key is None:
            raise KeyNotFound(f"there is no key {key_id!r}", key_id=key_id)
        return key

    def rotate(self, key_id: str, *, by: str, overlap: timedelta) -> NewKey:
        """A new key in the place of another, which ends after ``overlap``."""
        old, now = self.get(key_id), self._clock.now()
        if not old.is_good(now):
            raise InvalidOption(f"key {key_id} has ended; make a new one", field="id")
        new = self._made(
            now,
            old.name,
            old.role,
            by=by,
            tenant=old.tenant,
            job_types=old.job_types,
            expires_at=_end_of_heir(old, now),
        )
        self._store.expire(key_id, now + overlap)
        self._cache.forget()
        return new

    def revoke(self, key_id: str, *, by: str) -> ApiKey:
        """Ends a key for good, everywhere within five seconds; one that is revoked stays so."""
        key, now = self.get(key_id), self._clock.now()
        if not self._store.revoke(key_id, now, by):
            return key
        self._cache.forget()
        return replace(key, revoked_at=now, revoked_by=by)

    def _of_settings(self, fingerprint: bytes) -> Principal | None:
        """Compares with every one, so that the time taken tells nothing."""
        found = None
        for known, who in self._settings_keys:
            if hmac.compare_digest(known, fingerprint):
                found = who
        return found

    def _of_jwt(self, token: str) -> Principal | None:
        if self._verifier is None or token.count(".") != 2:  # noqa: PLR2004 - a JWT's three parts
            return None
        return self._verifier.principal_of(token)

    def _note_use(self, key: ApiKey, now: datetime, address: str) -> None:
        last = self._touched.get(key.id, key.last_used_at)
        if self._cache.is_resting() or (last is not None and now - last < _TOUCH_EVERY):
            return
        self._touched[key.id] = now
        try:
            self._store.touch(key.id, now, address)
        except Unavailable as error:
            log.warning("key.use_not_noted", key=key.id, error=str(error))


def _end_of_heir(old: ApiKey, now: datetime) -> datetime | None:
    """It lives as long as the old one did; one that would outlive the calendar ends with it."""
    if old.expires_at is None:
        return None
    try:
        return now + (old.expires_at - old.created_at)
    except OverflowError:
        return old.expires_at
