"""Finds the addresses of a host: once, within a limit, each of them checked."""

from __future__ import annotations

import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from backend.domain.errors import PermanentFailure, Unreachable
from backend.domain.text.web_target import Target
from workers.webhooks.address_rules import AddressRules

Resolver = Callable[[str, int], list[str]]

#: More than a process has slots: a look-up that hangs keeps its thread, and nobody may queue behind it.
#: Threads are kept, because to start one for each webhook costs a busy worker a quarter of its time.
_THREADS = ThreadPoolExecutor(1000, thread_name_prefix="webhook-lookup")


def system_resolver(host: str, port: int) -> list[str]:
    """Every address that the system knows for a host; raises `OSError`."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def checked_addresses(
    target: Target, rules: AddressRules, resolve: Resolver, seconds: float
) -> list[str]:
    """The addresses to connect to; raises `PermanentFailure` when a single one is forbidden.

    Raises `Unreachable` when there is none within ``seconds``.
    """
    addresses = _looked_up(target, resolve, seconds)
    for address in addresses:
        objection = rules.objection(address)
        if objection:
            raise PermanentFailure(f"{target.host} leads where webhooks may not go: {objection}")
    return addresses


def _looked_up(target: Target, resolve: Resolver, seconds: float) -> list[str]:
    """In another thread, because the system's look-up cannot be given a limit."""
    try:
        found = _THREADS.submit(resolve, target.host, target.port).result(seconds)
    except TimeoutError:
        found = []
    except (OSError, UnicodeError) as error:
        raise Unreachable(f"the host {target.host} cannot be looked up: {error}") from error
    if not found:
        raise Unreachable(f"the host {target.host} was not found within {seconds:g} s")
    return found
