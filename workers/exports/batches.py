"""Takes the rows of a result in batches that weigh about the same, however wide the rows are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from backend.domain.errors import PermanentFailure
from workers.exports.row_writer import Row

#: So many rows may suddenly weigh a megabyte each without filling a process.
_MOST_ROWS = 500
_HEAVY = 8 * 1024 * 1024


def batches(result: Any, most: int | None) -> Iterator[Sequence[Row]]:
    """All rows, at most ``most``: one at first, then as many as the last ones say will be light."""
    size, done = 1, 0
    while most is None or done < most:
        rows = _fetched(result, size if most is None else min(size, most - done), done)
        if not rows:
            return
        yield rows
        done += len(rows)
        heaviest = max(map(weight, rows))
        size = max(1, min(_MOST_ROWS, size * 4, _HEAVY // max(heaviest, 1)))


def _fetched(result: Any, size: int, done: int) -> Sequence[Row]:
    try:
        return result.fetchmany(size)  # type: ignore[no-any-return]
    except MemoryError as error:
        raise PermanentFailure(
            f"rows {done + 1:,} to {done + size:,} are too large to be read; leave out the large "
            "columns, or raise worker.child_memory_limit_mb"
        ) from error


def weight(row: Row) -> int:
    """The letters and bytes of a row; numbers count nothing."""
    return sum(len(value) for value in row if isinstance(value, str | bytes))


def heaviest_cell(rows: Sequence[Row]) -> tuple[int, int]:
    """Row and column, counted from 0, of the largest text."""
    cells = (
        (len(value), number, column)
        for number, row in enumerate(rows)
        for column, value in enumerate(row)
        if isinstance(value, str | bytes)
    )
    _, number, column = max(cells, default=(0, 0, 0))
    return number, column
