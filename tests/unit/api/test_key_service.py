"""Who bears a token: keys on record, keys of the settings, and what happens while the record is away."""

from __future__ import annotations

import itertools
import os
from datetime import UTC, datetime, timedelta

import pytest

from backend.domain.access.access_errors import KeyNotFound, NotAuthenticated
from backend.domain.access.api_key import (
    TOKEN_HEAD,
    Credential,
    Principal,
    fingerprint_of,
    token_of,
)
from backend.domain.access.role import Role
from backend.domain.errors import HistoryUnavailable, InvalidOption
from backend.services.access.key_service import KeyService
from backend.telemetry.logs.redaction import masked_text
from tests.unit.api.key_shelf import HandClock, KeyShelf

_OF_SETTINGS = "a-token-of-the-settings"
_EMERGENCY = Principal("bootstrap", "bootstrap", Role.ADMIN, None, Credential.SETTINGS)


@pytest.fixture
def shelf() -> KeyShelf:
    return KeyShelf()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def keys(shelf: KeyShelf, clock: HandClock) -> KeyService:
    numbers = itertools.count(1)
    return KeyService(
        shelf,
        clock,
        new_id=lambda: f"key-{next(numbers)}",
        randomness=os.urandom,
        settings_keys=[(_OF_SETTINGS, _EMERGENCY)],
    )


def test_a_token_stands_for_whom_its_key_was_made(keys: KeyService) -> None:
    made = keys.create("billing", Role.PRODUCER, by="root", tenant="blue")

    who = keys.authenticate(made.token)

    assert who == Principal("key-1", "billing", Role.PRODUCER, "blue", Credential.KEY)


@pytest.mark.parametrize("tenant", ["", "a\nb"])
def test_a_key_is_bound_to_a_tenant_that_there_can_be(keys: KeyService, tenant: str) -> None:
    with pytest.raises(InvalidOption, match="a tenant must be"):
        keys.create("billing", Role.PRODUCER, by="root", tenant=tenant)

    assert keys.list(with_revoked=True) == []


def test_nothing_that_is_kept_gives_the_token_away(keys: KeyService, shelf: KeyShelf) -> None:
    made = keys.create("billing", Role.PRODUCER, by="root")

    kept = shelf.keys["key-1"]

    assert made.token not in repr(kept)
    assert kept.token_sha256 == fingerprint_of(made.token)
    assert made.token.endswith(kept.token_hint)
    assert len(kept.token_hint) == 4


def test_a_token_has_256_bits_of_chance_and_is_masked_in_logs() -> None:
    tokens = {token_of(os.urandom(32)) for _ in range(100)}

    assert len(tokens) == 100
    assert all(token.startswith(TOKEN_HEAD) for token in tokens)
    assert all(len(token) == len(TOKEN_HEAD) + 43 for token in tokens)
    assert token_of(b"\xff" * 32) != token_of(b"\xff" * 31 + b"\xfe")
    assert not any(token in masked_text(f"the token {token} was sent") for token in tokens)


@pytest.mark.parametrize("token", ["", "nonsense", "tally_key_" + "x" * 43, "a.b.c", "x" * 10_000])
def test_an_unknown_token_opens_nothing(keys: KeyService, token: str) -> None:
    with pytest.raises(NotAuthenticated):
        keys.authenticate(token)


def test_a_key_that_ended_opens_nothing(keys: KeyService, clock: HandClock) -> None:
    made = keys.create("x", Role.VIEWER, by="root", expires_at=clock.now() + timedelta(seconds=60))
    keys.authenticate(made.token)

    clock.seconds = 60

    with pytest.raises(NotAuthenticated):
        keys.authenticate(made.token)


def test_a_key_that_another_process_revoked_opens_nothing_after_five_seconds(
    keys: KeyService, shelf: KeyShelf, clock: HandClock
) -> None:
    made = keys.create("x", Role.VIEWER, by="root")
    keys.authenticate(made.token)
    shelf.revoke(made.key.id, clock.now(), "root")

    clock.seconds = 5.01

    with pytest.raises(NotAuthenticated):
        keys.authenticate(made.token)


def test_a_key_that_this_process_revoked_opens_nothing_at_once(keys: KeyService) -> None:
    made = keys.create("x", Role.VIEWER, by="root")
    keys.authenticate(made.token)

    keys.revoke(made.key.id, by="root")

    with pytest.raises(NotAuthenticated):
        keys.authenticate(made.token)


def test_the_record_is_asked_once_in_five_seconds(
    keys: KeyService, shelf: KeyShelf, clock: HandClock
) -> None:
    made = keys.create("x", Role.VIEWER, by="root")
    keys.authenticate(made.token)
    asked = shelf.asked

    for _ in range(100):
        clock.seconds += 0.04
        keys.authenticate(made.token)

    assert shelf.asked == asked


def test_its_use_is_noted_once_a_minute(
    keys: KeyService, shelf: KeyShelf, clock: HandClock
) -> None:
    made = keys.create("x", Role.VIEWER, by="root")
    keys.authenticate(made.token, "10.0.0.1")
    clock.seconds = 30
    keys.authenticate(made.token, "10.0.0.2")
    assert shelf.keys[made.key.id].last_used_from == "10.0.0.1"

    clock.seconds = 61
    keys.authenticate(made.token, "10.0.0.3")

    assert shelf.keys[made.key.id].last_used_from == "10.0.0.3"
    assert shelf.keys[made.key.id].last_used_at == clock.now()


def test_a_key_of_the_settings_is_good_without_the_record(
    keys: KeyService, shelf: KeyShelf
) -> None:
    shelf.is_away = True

    assert keys.authenticate(_OF_SETTINGS) == _EMERGENCY


def test_a_key_that_was_good_lately_stays_good_while_the_record_is_away(
    keys: KeyService, shelf: KeyShelf, clock: HandClock
) -> None:
    made = keys.create("x", Role.VIEWER, by="root")
    keys.authenticate(made.token)
    shelf.is_away = True

    clock.seconds = 3000

    assert keys.authenticate(made.token).name == "x"


def test_but_not_for_ever(keys: KeyService, shelf: KeyShelf, clock: HandClock) -> None:
    made = keys.create("x", Role.VIEWER, by="root")
    keys.authenticate(made.token)
    shelf.is_away = True

    clock.seconds = 3700

    with pytest.raises(HistoryUnavailable):
        keys.authenticate(made.token)


def test_a_token_nobody_has_seen_cannot_be_judged_while_the_record_is_away(
    keys: KeyService, shelf: KeyShelf
) -> None:
    shelf.is_away = True

    with pytest.raises(HistoryUnavailable):
        keys.authenticate("tally_key_" + "x" * 43)


def test_a_record_that_is_away_is_asked_once_in_five_seconds(
    keys: KeyService, shelf: KeyShelf, clock: HandClock
) -> None:
    made = keys.create("x", Role.VIEWER, by="root")
    keys.authenticate(made.token)
    shelf.is_away = True
    asked = shelf.asked
    clock.seconds = 100

    for _ in range(50):
        clock.seconds += 0.05
        keys.authenticate(made.token)

    assert shelf.asked == asked + 1


def test_a_rotated_key_ends_after_the_overlap_and_its_heir_lives_as_long(
    keys: KeyService, shelf: KeyShelf, clock: HandClock
) -> None:
    day = timedelta(days=1)
    old = keys.create("x", Role.OPERATOR, by="root", expires_at=clock.now() + 90 * day, tenant="t")
    clock.seconds = 3600

    new = keys.rotate(old.key.id, by="root", overlap=day)

    assert (new.key.name, new.key.role, new.key.tenant) == ("x", Role.OPERATOR, "t")
    assert new.key.expires_at == clock.now() + 90 * day
    assert shelf.keys[old.key.id].expires_at == clock.now() + day
    assert keys.authenticate(old.token).id == old.key.id
    assert keys.authenticate(new.token).id == new.key.id


def test_the_heir_of_a_key_for_ever_ends_no_later_than_there_are_instants(
    keys: KeyService, clock: HandClock
) -> None:
    last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    old = keys.create("x", Role.OPERATOR, by="root", expires_at=last)
    clock.seconds = 86_400

    new = keys.rotate(old.key.id, by="root", overlap=timedelta(days=1))

    assert new.key.expires_at == last
    assert keys.authenticate(new.token).id == new.key.id


def test_a_revoked_key_cannot_be_rotated(keys: KeyService) -> None:
    made = keys.create("x", Role.VIEWER, by="root")
    keys.revoke(made.key.id, by="root")

    with pytest.raises(InvalidOption):
        keys.rotate(made.key.id, by="root", overlap=timedelta())


def test_a_key_that_would_end_before_it_is_made_is_refused(
    keys: KeyService, clock: HandClock
) -> None:
    with pytest.raises(InvalidOption):
        keys.create("x", Role.VIEWER, by="root", expires_at=clock.now())


def test_an_unknown_key_is_told(keys: KeyService) -> None:
    with pytest.raises(KeyNotFound):
        keys.revoke("nobody", by="root")


def test_a_flood_of_unknown_tokens_does_not_grow_the_memory_without_end(
    keys: KeyService, shelf: KeyShelf
) -> None:
    for number in range(10_050):
        with pytest.raises(NotAuthenticated):
            keys.authenticate(f"tally_key_{number}")

    assert len(keys._cache._known) <= 10_000


def test_two_good_keys_have_two_names(keys: KeyService, clock: HandClock) -> None:
    first = keys.create("billing", Role.PRODUCER, by="root")
    with pytest.raises(
        InvalidOption, match=r"^there is a key called 'billing'; the audit log would"
    ):
        keys.create(" billing ", Role.VIEWER, by="root")

    second = keys.rotate(first.key.id, by="root", overlap=timedelta(hours=1))
    keys.revoke(second.key.id, by="root")
    keys.revoke(first.key.id, by="root")

    assert keys.create("billing", Role.VIEWER, by="root").key.name == "billing"


def test_a_key_is_kept_to_its_job_types_and_so_is_the_one_that_replaces_it(
    keys: KeyService,
) -> None:
    first = keys.create("mailer", Role.PRODUCER, by="root", job_types=["send_email", "greet"])

    second = keys.rotate(first.key.id, by="root", overlap=timedelta(hours=1))

    assert keys.authenticate(second.token).job_types == {"send_email", "greet"}
    with pytest.raises(InvalidOption, match=r"^job_types must name one at least$"):
        keys.create("nothing", Role.PRODUCER, by="root", job_types=[])
