"""Redis does what it was asked, and nobody hears of it: the connection breaks before the answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from redis.exceptions import ConnectionError as CutOff

from backend.broker.server import functions


def lose_an_answer_to(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """That to the next call of a step of our library; the ones after it come through."""
    ask = functions._ask

    def lost(packed: Sequence[bytes], connection: Any) -> Any:
        reply = ask(packed, connection)
        if f"_{step}\r\n".encode() not in packed[0]:
            return reply
        monkeypatch.setattr(functions, "_ask", ask)
        raise CutOff("cut off")

    monkeypatch.setattr(functions, "_ask", lost)
