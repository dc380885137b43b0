"""Refuses, when a job is asked for, a callback that could never be sent."""

from __future__ import annotations

from typing import Any

from backend.domain.errors import InvalidOption


def check_receiver(url: Any) -> None:
    """Raises `InvalidOption` for an address that no webhook worker takes, in its words.

    Only what is wrong under any settings: which hosts, ports and networks may be reached, the worker's
    settings say, and a process that only enqueues may have others.
    """
    if not isinstance(url, str) or not url:
        return
    # Most jobs have none.
    from backend.domain.text.web_target import read_target

    try:
        read_target(url)
    except ValueError as error:
        raise InvalidOption(f"callback_url: {error}", field="callback_url") from None
