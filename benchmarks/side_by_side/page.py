"""Writes what a run found into docs/performance.md, between two marks; the rest of the page stays.

python -m benchmarks.side_by_side.page docs/performance.json docs/performance.md
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.side_by_side.entrants import BEFORE, TALLY
from benchmarks.side_by_side.figures import Measured, figure_of
from benchmarks.side_by_side.options import ROUNDS
from benchmarks.side_by_side.rows import ROWS
from benchmarks.side_by_side.table import best_other, goal_words, number
from benchmarks.side_by_side.tcp_servers import DEFAULT, EMBEDDED, SHIPPED

_BEGIN, _END = "<!-- figures: begin -->", "<!-- figures: end -->"
_OF_TALLY = (TALLY, f"{TALLY}, {SHIPPED}", f"{TALLY}, {EMBEDDED}")


def written_into(page: str, run: dict[str, Any]) -> str:
    """The page with the figures of a run in it."""
    before, _, rest = page.partition(_BEGIN)
    _, mark, after = rest.partition(_END)
    if not mark:
        raise ValueError(f"the page has no {_BEGIN} … {_END}")
    return f"{before}{_BEGIN}\n\n{figures_of(run)}\n{_END}{after}"


def figures_of(run: dict[str, Any]) -> str:
    """Everything that is said of a run."""
    measured = Measured.from_json(run["rows"])
    others = [name for name in run["entrants"] if name not in {*_OF_TALLY, BEFORE}]
    parts = [*_circumstances(run), *_own_table(measured)]
    if others:
        parts += ["", *_table_of_others(measured, others)]
    return "\n".join([*parts, "", *_configurations(run), ""])


def _circumstances(run: dict[str, Any]) -> Iterator[str]:
    machine = run["machine"]
    yield (
        f"`{' '.join(run['command'])}` on {run['at']} UTC: rounds of each row: {run['rounds']}, everybody in turn, medians"
        f" with the least and the most; a payload of {run['payload_bytes']} bytes, TCP. {machine['cpus']} processors,"
        f" {machine['memory_gb']} GB, {machine['system']}, Python {machine['python']}; load {machine['before']['load'][0]}"
        f" before and {machine['after']['load'][0]} after."
    )
    if run["scale"] != 1 or run["rounds"] < ROUNDS:
        yield f"\n**A quick run, of {run['scale']:g} of the jobs: it shows that it works, and is not to be quoted.**"
    if run["warning"]:
        yield f"\n**{run['warning']}**"
    yield "\n| server | is | settings |\n|---|---|---|"
    for name, facts in run["servers"].items():
        rest = [f"{key} {value}" for key, value in facts.items() if key not in _IN_WORDS]
        yield f"| {name} | {facts['server']}, {facts['allocator']} | {', '.join(rest)} |"
    yield ""


_IN_WORDS = {"server", "allocator", "transport"}


def _own_table(measured: Measured) -> Iterator[str]:
    heads = ("row", DEFAULT, SHIPPED, EMBEDDED, "best of the others", "goal")
    yield _line(heads)
    yield _line(["---"] * len(heads))
    for row in (name for name in ROWS if name in measured.values):
        figures = [_cell(measured, row, name) for name in _OF_TALLY]
        best = best_other(measured, row)
        other = f"{best[0]} {number(best[1])}" if best else ""
        yield _line([_title(row), *figures, other, _goal(measured, row)])


def _table_of_others(measured: Measured, others: Sequence[str]) -> Iterator[str]:
    yield _line(["row", TALLY, *others])
    yield _line(["---"] * (len(others) + 2))
    for row in (name for name in ROWS if name in measured.values):
        if set(others) & set(measured.values[row]):
            yield _line([_title(row), *(_median(measured, row, name) for name in (TALLY, *others))])


def _configurations(run: dict[str, Any]) -> Iterator[str]:
    yield "How each is set up:\n"
    for name, told in run["entrants"].items():
        if name in _OF_TALLY[1:]:
            continue
        versions = ", ".join(
            f"{package} {version}" for package, version in told["versions"].items()
        )
        yield f"- **{name}** ({versions}): {told['set up']}."
    for name, why in run["skipped"].items():
        yield f"- **{name}** was skipped: {' '.join(why.split())}"


def _goal(measured: Measured, row: str) -> str:
    figure, best = measured.figure(row, TALLY), best_other(measured, row)
    holds = ROWS[row].holds(figure.median, best[1] if best else None) if figure else None
    if holds is None:
        return ""
    return goal_words(row, best) + ("" if holds else ": **not held**")


def _title(row: str) -> str:
    unit = ROWS[row].unit
    return f"{ROWS[row].title}, {unit}" if unit else ROWS[row].title


def _cell(measured: Measured, row: str, entrant: str) -> str:
    figure = measured.figure(row, entrant)
    if figure is None:
        return ""
    return f"{number(figure.median)} ({number(figure.low)}–{number(figure.high)})"


def _median(measured: Measured, row: str, entrant: str) -> str:
    figure = figure_of(measured.values[row].get(entrant, []))
    return number(figure.median) if figure else "–"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Writes the page anew."""
    run, page = (Path(word) for word in sys.argv[1:3])
    text = page.read_text(encoding="utf-8")
    page.write_text(written_into(text, json.loads(run.read_text())), encoding="utf-8")


if __name__ == "__main__":
    main()
