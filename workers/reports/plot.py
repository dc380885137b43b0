"""Draws a chart as lines, boxes and texts, which pages and PDFs paint alike. y grows downwards."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple
from unicodedata import east_asian_width

from workers.reports.document import Chart, Series
from workers.reports.shown_values import shown

WIDTH, HEIGHT = 720.0, 260.0
#: More would be narrower than a line; the file's notes tell it, and CSV and XLSX hold all.
MOST_CATEGORIES = 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 56.0, 12.0, 34.0, 34.0
#: Told apart by people who see colours differently, and in grey (Okabe and Ito).
PALETTE = (
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#5f6b7a", "#a6761d",
)  # fmt: skip
AXIS, GRID = "#5f6b7a", "#d9dfe6"
_MOST_LABELS = 12
_GAP = 0.25
_DOT = 6.0
_LEAST = 1e-300
#: Of the legend: a square of colour with its gaps, about a letter's width, and how few still say something.
_SWATCH, _LETTER, _FEWEST = 30.0, 6.5, 4


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


class _Scale(NamedTuple):
    """The ends of the axis, and its ticks."""

    low: float
    high: float
    ticks: Sequence[float]

    def y(self, value: float) -> float:
        # Halved, for the span of the largest numbers is more than a number can be.
        share = (value / 2 - self.low / 2) / (self.high / 2 - self.low / 2)
        return HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM)


def shapes_of(chart: Chart) -> Iterator[Shape]:
    """Everything to paint, in order."""
    series = [Series(each.label, each.values[:MOST_CATEGORIES]) for each in chart.series]
    categories = chart.categories[:MOST_CATEGORIES]
    values = [value for each in series for value in each.values if value is not None]
    scale = _scale(min([*values, 0.0]), max([*values, 0.0]))
    yield from _grid(scale)
    yield from _category_labels(categories)
    if not values:
        yield Label(WIDTH / 2, HEIGHT / 2, "Nothing to draw.", "middle", AXIS)
    yield from (_bars if chart.kind == "bar" else _lines)(series, categories, scale)
    yield from _legend(series)


def _scale(lowest: float, highest: float) -> _Scale:
    """An axis with nought on it, and ticks that are one, two or five of a power of ten apart."""
    rough = highest / 4 - lowest / 4
    if rough < _LEAST:
        return _Scale(0.0, 1.0, [0.0, 1.0])
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    first, last = math.floor(lowest / step + 1e-9), math.ceil(highest / step - 1e-9)
    ticks = [_finite(number * step) for number in range(first, last + 1)]
    return _Scale(ticks[0], ticks[-1], ticks)


def _finite(value: float) -> float:
    return max(-sys.float_info.max, min(sys.float_info.max, value))


def _grid(scale: _Scale) -> Iterator[Shape]:
    for tick in scale.ticks:
        y = scale.y(tick)
        yield Stroke([(_LEFT, y), (WIDTH - _RIGHT, y)], GRID if tick else AXIS, 1)
        yield Label(_LEFT - 8, y + 4, shown(tick), "end", AXIS)


def _step(count: int) -> float:
    return (WIDTH - _LEFT - _RIGHT) / max(count, 1)


def _category_labels(categories: Sequence[str]) -> Iterator[Shape]:
    every = max(1, math.ceil(len(categories) / _MOST_LABELS))
    step = _step(len(categories))
    for number in range(0, len(categories), every):
        x = _LEFT + (number + 0.5) * step
        yield Label(x, HEIGHT - _BOTTOM + 18, _short(categories[number], 14), "middle", AXIS)


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _bars(several: Sequence[Series], categories: Sequence[str], scale: _Scale) -> Iterator[Shape]:
    step = _step(len(categories))
    width = step * (1 - _GAP) / len(several)
    for place, series in enumerate(several):
        for number, value in enumerate(series.values):
            if not value:
                continue
            x = _LEFT + number * step + step * _GAP / 2 + place * width
            top, bottom = sorted((scale.y(value), scale.y(0.0)))
            hint = f"{categories[number]}: {series.label} {shown(value)}"
            yield Box(x, top, width, bottom - top, PALETTE[place], hint)


def _lines(several: Sequence[Series], categories: Sequence[str], scale: _Scale) -> Iterator[Shape]:
    step = _step(len(categories))
    for place, series in enumerate(several):
        for points in _unbroken(series, step, scale):
            if len(points) > 1:
                yield Stroke(points, PALETTE[place], 2)
            else:
                x, y = points[0]
                yield Box(x - _DOT / 2, y - _DOT / 2, _DOT, _DOT, PALETTE[place], series.label)


def _unbroken(
    series: Series, step: float, scale: _Scale
) -> Iterator[Sequence[tuple[float, float]]]:
    """The points of a line; where a value is missing, one line ends and another begins."""
    for is_there, run in groupby(enumerate(series.values), lambda pair: pair[1] is not None):
        if is_there:
            yield [
                (_LEFT + (number + 0.5) * step, scale.y(value))
                for number, value in run
                if value is not None
            ]


def _legend(several: Sequence[Series]) -> Iterator[Shape]:
    # As many letters as there is room for beside each other: what runs off the chart is not seen at all.
    share = (WIDTH - _LEFT - _RIGHT) / len(several) - _SWATCH
    most = max(_FEWEST, int(share / _LETTER))
    labels = [series.label for series in several]
    if sum(_SWATCH + _LETTER * _halves(label) for label in labels) > WIDTH - _LEFT - _RIGHT:
        labels = [
            _short(label, most if _halves(label) <= len(label) else most // 2) for label in labels
        ]
    x = _LEFT
    for place, label in enumerate(labels):
        yield Box(x, 8, 10, 10, PALETTE[place])
        yield Label(x + 15, 17, label, "start", AXIS)
        x += _SWATCH + _LETTER * _halves(label)


def _halves(text: str) -> int:
    """How many narrow letters are as wide; those of Chinese, Japanese and Korean are two each."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)
