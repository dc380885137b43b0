"""Scrapes a port of this machine as Prometheus does."""

from __future__ import annotations

import re
from http.client import HTTPConnection

_LINE = re.compile(r"(?P<name>\w+)(?:\{(?P<labels>[^}]*)\})? (?P<value>\S+)")


def fetch(port: int, path: str = "/metrics") -> tuple[int, str]:
    """Status and body."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def samples(port: int) -> dict[str, float]:
    """Every sample by its name and labels as written; empty while nobody listens."""
    try:
        _, text = fetch(port)
    except OSError:
        return {}
    found = (_LINE.fullmatch(line) for line in text.splitlines() if not line.startswith("#"))
    return {
        f"{m['name']}{{{m['labels']}}}" if m["labels"] else m["name"]: float(m["value"])
        for m in found
        if m
    }
