"""Tables on terminals of every width: what people copy out of them stays in one piece."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable, Sequence

import pytest

from backend.cli.output.printing import print_facts, print_rows

_IDS = ("01a20422-3626-72f9-927e-b6df42618c3e", "01a20422-3078-767e-8708-df73d6c863b3")
_QUEUES = ("normal:report", "normal:webhook")
_MESSAGE = "RuntimeError: the receiver answered 503 three times, and then did not answer at all"
_JOBS = ("job", "type", "queue", "state", "attempt", "accepted", "last error")
_BALANCES = ("queue", "queued", "started", "scheduled", "deferred", "oldest", "accepted", "finished",
             "failed", "canceled", "books", "")  # fmt: skip
_WIDTHS = (80, 100, 120)

Shown = Callable[[int, Sequence[str], Sequence[Sequence[object]]], list[str]]


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    """The lines of a table on a terminal of so many columns, as rich's own console has them."""

    def show(width: int, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
        _open_terminal(monkeypatch, width)
        print_rows(columns, rows)
        return _lines()

    return show


def _open_terminal(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setattr(sys, "stdout", _Terminal())
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("LINES", "25")


def _lines() -> list[str]:
    assert isinstance(sys.stdout, _Terminal)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", sys.stdout.getvalue())
    return [line.rstrip() for line in plain.splitlines()]


def _jobs(error: str = _MESSAGE) -> list[tuple[object, ...]]:
    return [
        (job, "generate_report", queue, "scheduled", "3/4", "23h 59m ago", error)
        for job, queue in zip(_IDS, _QUEUES, strict=True)
    ]


def _balances() -> list[tuple[object, ...]]:
    return [(queue, 0, 12, 3, 0, "", 1234, 1200, 7, 12, "balance", "") for queue in _QUEUES]


@pytest.mark.parametrize("width", _WIDTHS)
def test_ids_queues_and_states_stay_whole_and_the_lines_fit(width: int, shown: Shown) -> None:
    lines = shown(width, _JOBS, _jobs())

    text = "\n".join(lines)
    for word in (*_IDS, *_QUEUES, "generate_report", "scheduled", "3/4", "23h 59m ago"):
        assert word in text
    assert max(map(len, lines)) <= width


@pytest.mark.parametrize("width", _WIDTHS)
def test_nothing_of_a_free_text_is_lost(width: int, shown: Shown) -> None:
    lines = shown(width, ("job", "state", "error"), [(_IDS[0], "failed", _MESSAGE)])

    words = " ".join(lines).replace(_IDS[0], "").replace("failed", "").split()
    assert " ".join(words).endswith(_MESSAGE)
    assert max(map(len, lines)) <= width


@pytest.mark.parametrize("width", _WIDTHS)
def test_headings_and_numbers_are_never_broken(width: int, shown: Shown) -> None:
    lines = shown(width, _BALANCES, _balances())

    words = " ".join(lines).replace(":", " ").split()
    for heading in ("queued", "scheduled", "failed", "canceled", "books", "balance", "1234"):
        assert heading in words
    assert max(map(len, lines)) <= width


def test_a_heading_is_folded_between_its_words(shown: Shown) -> None:
    heads = ("hour", "wait at the median", "run at the median", "error")

    lines = shown(60, heads, [("08:00", "1.5s", "2s", "e" * 20)])

    assert max(map(len, lines)) <= 60
    assert lines[-1].split() == ["08:00", "1.5s", "2s", "e" * 20]
    assert " ".join(lines).count("median") == 2


def test_columns_in_which_no_row_says_anything_give_way(shown: Shown) -> None:
    wide = shown(120, _JOBS, _jobs(error=""))
    narrow = shown(100, _JOBS, _jobs(error=""))

    assert "last error" in wide[0]
    assert "last error" not in "\n".join(narrow)
    assert len(wide) == 3


def test_the_last_free_text_shrinks_first(shown: Shown) -> None:
    reason, note = "it is back", "seen on the page of the receiver"

    head, *below = shown(72, ("job", "reason", "note"), [(_IDS[0], reason, note)])

    assert below[0].startswith(f"{_IDS[0]}  {reason}  seen")
    assert head.index("note") == len(_IDS[0]) + len(reason) + 4


def test_what_does_not_fit_stands_below_its_row_by_name(shown: Shown) -> None:
    lines = shown(80, _JOBS, _jobs())

    assert lines[0].split() == ["job", "type", "queue", "state"]
    assert lines[1] == f"{_IDS[0]}  generate_report  {_QUEUES[0]}   scheduled"
    assert lines[2] == "    attempt: 3/4  accepted: 23h 59m ago"
    assert lines[3].startswith("    last error: RuntimeError: the receiver")
    assert sum(line.startswith(_IDS) for line in lines) == 2


def test_a_line_is_longer_than_the_terminal_before_an_id_is_broken(shown: Shown) -> None:
    lines = shown(20, ("job", "example"), [_IDS])

    assert lines == ["job", _IDS[0], f"    example: {_IDS[1]}"]


def test_a_terminal_shows_what_looks_like_markup_as_it_is(shown: Shown) -> None:
    assert shown(80, ("error",), [("[red]no[/red] 字",)])[-1] == "[red]no[/red] 字"
    assert "a[/b]" in shown(20, ("job", "example"), [("a[/b]", _IDS[0])])[1]


def test_headings_stand_there_without_rows(shown: Shown) -> None:
    assert shown(80, ("state", "jobs"), []) == ["state  jobs"]
    assert shown(10, _JOBS, [])[0] == "job  type"


def test_a_pipe_gets_each_row_whole_and_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    long = f"{_MESSAGE} " * 400

    print_rows((*_JOBS, "note"), [(*row, "") for row in _jobs(error=long)])
    head, *rows = capsys.readouterr().out.splitlines()

    assert head.split() == [*" ".join(_JOBS).split(), "note"]
    assert len(rows) == 2
    assert all(long.strip() in row and "…" not in row for row in rows)


def test_a_pipe_gets_facts_on_one_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    print_facts([("payload", "x" * 30_000), ("error", ""), ("job", _IDS[0])])

    assert [len(line.rstrip()) for line in capsys.readouterr().out.splitlines()] == [30_009, 45]


def test_facts_keep_ids_whole_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    _open_terminal(monkeypatch, 80)

    print_facts([("job", f"{_IDS[0]} (on record only)"), ("error", _MESSAGE)])

    lines = _lines()
    assert _IDS[0] in lines[0]
    assert len(lines) == 3
    assert max(map(len, lines)) <= 80
