"""Without Redis callers get their error within two seconds: what its client may wait adds up to less."""

from __future__ import annotations

from redis import exceptions

from backend.broker.server.connection import connect

_PROMISED_SECONDS = 2.0


def test_what_a_client_waits_for_adds_up_to_less_than_is_promised() -> None:
    options = connect("redis://127.0.0.1:1/0").connection_pool.connection_kwargs
    retry = options["retry"]
    tries = 1 + retry.get_retries()
    pauses = sum(retry._backoff.compute(number) for number in range(1, tries))

    assert tries * options["socket_connect_timeout"] + pauses < _PROMISED_SECONDS
    assert options["socket_timeout"] < _PROMISED_SECONDS


def test_who_was_not_answered_in_time_does_not_wait_a_second_time() -> None:
    retry = connect("redis://127.0.0.1:1/0").connection_pool.connection_kwargs["retry"]

    assert not issubclass(exceptions.TimeoutError, retry._supported_errors)
