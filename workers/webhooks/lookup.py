"""Finds the addresses of a host: once, within a limit, each of them checked."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

from backend.domain.errors import PermanentFailure, RetryLater
from workers.webhooks.address_rules import AddressRules
from workers.webhooks.target import Target

Resolver = Callable[[str, int], list[str]]


def system_resolver(host: str, port: int) -> list[str]:
    """Every address that the system knows for a host; raises `OSError`."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def checked_addresses(
    target: Target, rules: AddressRules, resolve: Resolver, seconds: float
) -> list[str]:
    """The addresses to connect to; raises `PermanentFailure` when a single one is forbidden."""
    addresses = _looked_up(target, resolve, seconds)
    for address in addresses:
        objection = rules.objection(address)
        if objection:
            raise PermanentFailure(f"{target.host} leads where webhooks may not go: {objection}")
    return addresses


def _looked_up(target: Target, resolve: Resolver, seconds: float) -> list[str]:
    """In a thread of its own, because the system's look-up cannot be given a limit."""
    found: list[list[str]] = []
    failed: list[OSError] = []

    def look_up() -> None:
        try:
            found.append(resolve(target.host, target.port))
        except OSError as error:
            failed.append(error)
        except UnicodeError as error:
            failed.append(OSError(str(error)))

    thread = threading.Thread(target=look_up, daemon=True, name="webhook-lookup")
    thread.start()
    thread.join(seconds)
    if failed:
        raise RetryLater(f"the host {target.host} cannot be looked up: {failed[0]}")
    if not found or not found[0]:
        raise RetryLater(f"the host {target.host} was not found within {seconds:g} s")
    return found[0]
