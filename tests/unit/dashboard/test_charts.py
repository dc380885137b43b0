"""Charts: well-formed, without styles or scripts, and right about their numbers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from backend.dashboard.drawing import charts, scale
from backend.dashboard.drawing.charts import Bar, Level, Point

START = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def _bars(*pairs: tuple[int, int]) -> list[Bar]:
    return [Bar(START + timedelta(minutes=n), *pair) for n, pair in enumerate(pairs)]


def test_every_column_tells_its_numbers() -> None:
    tree = ElementTree.fromstring(charts.bars(_bars((3, 1), (0, 0)), "%H:%M", "attempts"))

    titles = [each.text for each in tree.iter("title")]
    assert titles[0] == "12:00 UTC: 3 finished, 1 went wrong"
    assert len(titles) == 2
    assert tree.get("aria-label") == "attempts"


def test_every_level_tells_its_number_and_the_highest_is_as_high_as_the_chart() -> None:
    heights = [Level(START, 10), Level(START + timedelta(minutes=1), 0)]

    tree = ElementTree.fromstring(charts.levels(heights, "%H:%M", "waiting"))

    assert [each.text for each in tree.iter("title")] == [
        "12:00 UTC: 10 waiting",
        "12:01 UTC: 0 waiting",
    ]
    drawn = [each.get("height") for each in tree.iter("rect") if each.get("class") == "good"]
    assert drawn == ["146.0", "0.0"]


def test_charts_bring_no_style_and_no_script() -> None:
    points = [Point(START, (0.1, 1.0)), Point(START + timedelta(hours=1), (0.2, None))]
    for chart in (
        charts.bars(_bars((1, 2)), "%H:%M", "x"),
        charts.lines(points, ("p50", "p99"), "%H:%M", "x"),
        charts.spark([1, 2, 3], "x"),
        charts.meter(1, 2, "x"),
    ):
        tree = ElementTree.fromstring(chart)
        assert not any("style" in each.attrib or each.tag == "script" for each in tree.iter())


def test_a_line_is_broken_where_nothing_was_measured() -> None:
    values = (0.1, 0.2, None, 0.3, 0.4)
    points = [Point(START + timedelta(hours=n), (each,)) for n, each in enumerate(values)]

    tree = ElementTree.fromstring(charts.lines(points, ("p50",), "%H:%M", "x"))

    assert len(list(tree.iter("polyline"))) == 2
    assert len(list(tree.iter("circle"))) == 4


def test_nothing_at_all_can_be_drawn() -> None:
    ElementTree.fromstring(charts.bars([], "%H:%M", "x"))
    ElementTree.fromstring(charts.levels([], "%H:%M", "x"))
    ElementTree.fromstring(charts.lines([], ("p50",), "%H:%M", "x"))
    ElementTree.fromstring(charts.spark([], "x"))
    ElementTree.fromstring(charts.meter(0, 0, "x"))


@pytest.mark.parametrize(
    ("many", "marks"),
    [
        (0, ["0", "1"]),
        (1, ["0", "1"]),
        (2, ["0", "1", "2"]),
        (5, ["0", "5"]),
        (10, ["0", "5", "10"]),
        (25, ["0", "25"]),
    ],
)
def test_no_mark_of_an_axis_is_half_a_job_or_said_twice(many: int, marks: list[str]) -> None:
    tree = ElementTree.fromstring(charts.bars(_bars((many, 0)), "%H:%M", "x"))

    beside = [each.text for each in tree.iter("text") if each.get("text-anchor") == "end"]
    assert beside == [*marks, "UTC"]


def _ems(words: str) -> float:
    """How wide text is in the widest of the fonts that pages ask for, DejaVu Sans."""
    return sum(0.64 if each.isalnum() else 0.32 for each in words)


def test_every_label_of_an_axis_has_room_also_in_the_larger_letters_of_a_phone() -> None:
    year = [Point(START, (0.000_01,)), Point(START + timedelta(hours=1), (366 * 86_400,))]
    many = _bars((123_456_789, 0))

    for chart in (charts.lines(year, ("p50",), "%H:%M", "x"), charts.bars(many, "%H:%M", "x")):
        labels = [
            each
            for each in ElementTree.fromstring(chart).iter("text")
            if each.get("text-anchor") == "end" and each.get("x") == "68.0"
        ]
        assert len(labels) >= 3
        assert [each.text for each in labels if _ems(each.text or "") * 15 > 68] == []


def test_every_axis_of_time_names_its_zone() -> None:
    points = [Point(START, (0.1,)), Point(START + timedelta(hours=1), (0.2,))]

    for chart in (
        charts.bars(_bars((1, 0)), "%H:%M", "x"),
        charts.levels([Level(START, 1)], "%a %H:%M", "x"),
        charts.lines(points, ("p50",), "%H:%M", "x"),
    ):
        texts = list(ElementTree.fromstring(chart).iter("text"))
        assert [each.text for each in texts].count("UTC") == 1
        # Beside the axis, each below the other, also in the larger letters of a phone.
        beside = [each for each in texts if each.get("x") == "68.0"]
        heights = sorted(float(each.get("y") or 0) for each in beside)
        assert min(below - above for above, below in pairwise(heights)) >= 15


def test_labels_are_escaped() -> None:
    chart = charts.spark([1], '"><script>')

    assert "<script>" not in chart
    ElementTree.fromstring(chart)


@pytest.mark.parametrize(("largest", "top"), [(0, 1), (7, 10), (11, 20), (24, 25), (100, 100)])
def test_axes_end_at_round_numbers(largest: float, top: float) -> None:
    assert scale.round_top(largest) == pytest.approx(top)


def test_a_logarithmic_axis_holds_every_value() -> None:
    low, high = scale.log_bounds([0.02, 3.0])

    assert low == pytest.approx(0.01)
    assert high == pytest.approx(10)
    assert scale.log_place(0.316, low, high) == pytest.approx(0.5, abs=0.01)
    assert scale.log_place(0.0, low, high) == 0
