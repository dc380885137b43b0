"""What a server on the network said, as text that can do no harm where people read it."""

from __future__ import annotations


def one_line(said: bytes | str, longest: int) -> str:
    """``said`` without controls, line ends and invisible signs, at most ``longest`` characters."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:longest]
