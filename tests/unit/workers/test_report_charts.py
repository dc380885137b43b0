"""Charts of reports are true: what is below nought, what is missing, and what stands alone."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from workers.reports.document import Chart, Series
from workers.reports.plot import AXIS, GRID, HEIGHT, WIDTH, Box, Label, Shape, Stroke, shapes_of

LEGEND = 18


def painted(kind: str, *values: float | None) -> list[Shape]:
    """What shows the values: boxes and lines in the colours of series, without the legend."""
    chart = Chart("C", kind, [f"c{n}" for n in range(len(values))], [Series("s", values)])
    return [
        shape for shape in shapes_of(chart) if not isinstance(shape, Label) and not _is_frame(shape)
    ]


def _is_frame(shape: Box | Stroke) -> bool:
    if isinstance(shape, Stroke):
        return shape.color in (AXIS, GRID)
    return shape.y + shape.height <= LEGEND


def words(kind: str, *values: float | None) -> list[str]:
    chart = Chart("C", kind, [f"c{n}" for n in range(len(values))], [Series("s", values)])
    return [shape.text for shape in shapes_of(chart) if isinstance(shape, Label)]


def test_bars_below_nought_hang_from_its_line() -> None:
    down, up, far = painted("bar", -5, 3, -10)

    assert isinstance(down, Box)
    assert isinstance(up, Box)
    assert isinstance(far, Box)
    nought = up.y + up.height
    assert down.y == far.y == pytest.approx(nought)
    assert down.height == pytest.approx(far.height * 0.5)
    assert up.height == pytest.approx(far.height * 0.3)
    assert words("bar", -5, 3, -10)[:4] == ["-10", "-5", "0", "5"]


def test_a_line_goes_below_nought() -> None:
    (line,) = painted("line", -5, 3, -10)

    assert isinstance(line, Stroke)
    (_, first), (_, second), (_, third) = line.points
    assert second < first < third
    assert (third - first) / (first - second) == pytest.approx(5 / 8)


def test_bars_that_are_all_negative_are_seen() -> None:
    bars = painted("bar", -1, -2)

    assert [isinstance(bar, Box) and bar.height > 50 for bar in bars] == [True, True]


@pytest.mark.parametrize("kind", ["bar", "line"])
def test_a_chart_without_rows_says_so(kind: str) -> None:
    assert painted(kind) == []
    assert "Nothing to draw." in words(kind)


def test_a_line_of_one_row_is_a_point() -> None:
    (point,) = painted("line", 5)

    assert isinstance(point, Box)
    assert point.width == point.height == 6


def test_a_missing_value_is_a_gap_and_not_nought() -> None:
    first, alone, last = painted("line", 1, 2, None, 3, None, 4, 5)

    assert isinstance(first, Stroke)
    assert isinstance(alone, Box)
    assert isinstance(last, Stroke)
    assert len(painted("bar", 1, None, 2)) == 2


@pytest.mark.parametrize(
    "values",
    [(1.7e308, -1.7e308), (1.79e308,), (5e-324,), (-5e-324, 5e-324), (0.0,), (1e-9, 2e-9)],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["bar", "line"])
def test_numbers_of_any_size_stay_within_the_chart(kind: str, values: tuple[float, ...]) -> None:
    for shape in painted(kind, *values):
        if isinstance(shape, Box):
            assert -1 <= shape.y <= shape.y + shape.height <= HEIGHT
        elif isinstance(shape, Stroke):
            assert all(math.isfinite(y) and 0 <= y <= HEIGHT for _, y in shape.points)
            assert all(0 <= x <= WIDTH for x, _ in shape.points)


@pytest.mark.parametrize("label", ["a long name of a series", "一个很长的系列名称在这里写着"])
def test_the_names_of_many_series_stand_beside_each_other(label: str) -> None:
    chart = Chart("C", "bar", ["c"], [Series(f"{n} {label}", [1]) for n in range(8)])
    names = [
        shape for shape in shapes_of(chart) if isinstance(shape, Label) and shape.y == LEGEND - 1
    ]
    wide = 13 if ord(label[0]) > 1000 else 6.5

    assert len(names) == 8
    assert all(name.text.endswith("…") for name in names)
    for name, following in pairwise(names):
        assert name.x + wide * (len(name.text) - 2) < following.x
    assert names[-1].x + wide * len(names[-1].text) <= WIDTH
    assert [name.text[0] for name in names] == [*"01234567"]
