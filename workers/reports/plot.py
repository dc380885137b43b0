"""Draws a chart as lines, boxes and texts, which pages and PDFs paint alike. y grows downwards."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from workers.reports.document import Chart
from workers.reports.shown_values import shown

WIDTH, HEIGHT = 720.0, 260.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 56.0, 12.0, 34.0, 34.0
#: Told apart by people who see colours differently, and in grey (Okabe and Ito).
PALETTE = (
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#5f6b7a", "#a6761d",
)  # fmt: skip
AXIS, GRID = "#5f6b7a", "#d9dfe6"
_MOST_LABELS = 12
_GAP = 0.25


class Box(NamedTuple):
    """A filled rectangle."""

    x: float
    y: float
    width: float
    height: float
    color: str
    #: Shown when pointed at, where that is possible.
    hint: str = ""


class Stroke(NamedTuple):
    """A line through points."""

    points: Sequence[tuple[float, float]]
    color: str
    width: float


class Label(NamedTuple):
    """A text that begins, is centred, or ends at a point."""

    x: float
    y: float
    text: str
    anchor: str
    color: str


Shape = Box | Stroke | Label


def shapes_of(chart: Chart) -> Iterator[Shape]:
    """Everything to paint, in order."""
    top, ticks = _scale(max((value for s in chart.series for value in s.values), default=0.0))
    yield from _grid(ticks, top)
    yield from _category_labels(chart.categories)
    yield from (_bars if chart.kind == "bar" else _lines)(chart, top)
    yield from _legend(chart)


def _scale(largest: float) -> tuple[float, list[float]]:
    """The top of the axis and its ticks: one, two or five of a power of ten apart."""
    if largest <= 0:
        return 1.0, [0.0, 1.0]
    rough = largest / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    count = math.ceil(largest / step - 1e-9)
    return count * step, [number * step for number in range(count + 1)]


def _grid(ticks: Sequence[float], top: float) -> Iterator[Shape]:
    for tick in ticks:
        y = _y(tick, top)
        yield Stroke([(_LEFT, y), (WIDTH - _RIGHT, y)], GRID if tick else AXIS, 1)
        yield Label(_LEFT - 8, y + 4, shown(tick), "end", AXIS)


def _y(value: float, top: float) -> float:
    return HEIGHT - _BOTTOM - max(value, 0.0) / top * (HEIGHT - _TOP - _BOTTOM)


def _step(count: int) -> float:
    return (WIDTH - _LEFT - _RIGHT) / max(count, 1)


def _category_labels(categories: Sequence[str]) -> Iterator[Shape]:
    every = max(1, math.ceil(len(categories) / _MOST_LABELS))
    step = _step(len(categories))
    for number in range(0, len(categories), every):
        text = categories[number]
        short = text if len(text) <= 14 else text[:13] + "…"  # noqa: PLR2004 - what fits
        yield Label(_LEFT + (number + 0.5) * step, HEIGHT - _BOTTOM + 18, short, "middle", AXIS)


def _bars(chart: Chart, top: float) -> Iterator[Shape]:
    step = _step(len(chart.categories))
    width = step * (1 - _GAP) / len(chart.series)
    for place, series in enumerate(chart.series):
        for number, value in enumerate(series.values):
            x = _LEFT + number * step + step * _GAP / 2 + place * width
            y = _y(value, top)
            if value <= 0:
                continue
            hint = f"{chart.categories[number]}: {series.label} {shown(value)}"
            yield Box(x, y, width, HEIGHT - _BOTTOM - y, PALETTE[place], hint)


def _lines(chart: Chart, top: float) -> Iterator[Shape]:
    step = _step(len(chart.categories))
    for place, series in enumerate(chart.series):
        points = [
            (_LEFT + (number + 0.5) * step, _y(value, top))
            for number, value in enumerate(series.values)
        ]
        yield Stroke(points, PALETTE[place], 2)


def _legend(chart: Chart) -> Iterator[Shape]:
    x = _LEFT
    for place, series in enumerate(chart.series):
        yield Box(x, 8, 10, 10, PALETTE[place])
        yield Label(x + 15, 17, series.label, "start", AXIS)
        x += 30 + 6.5 * len(series.label)
