"""Colours and bold are for terminals that know them, unless somebody wants none."""

from __future__ import annotations

import io

import pytest

from backend.telemetry.logs.terminal_styles import takes_styles


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, True),
        ({"NO_COLOR": ""}, True),
        ({"NO_COLOR": "1"}, False),
        ({"NO_COLOR": "0"}, False),
        ({"TERM": "dumb"}, False),
    ],
)
def test_a_terminal_takes_styles_unless_it_was_told_otherwise(
    variables: dict[str, str], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert takes_styles(_Terminal()) is expected


@pytest.mark.parametrize("stream", [io.StringIO(), None])
def test_what_is_no_terminal_takes_none(stream: io.StringIO | None) -> None:
    assert not takes_styles(stream)
