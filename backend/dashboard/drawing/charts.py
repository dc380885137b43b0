"""Charts as SVG, drawn here: no script, no style of their own; colours come from the style sheet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from markupsafe import Markup, escape

from backend.dashboard.drawing.scale import log_bounds, log_place, round_top
from backend.dashboard.drawing.wording import count, decade, duration, short
from backend.domain.schedules.schedule_view import StripMark

_WIDTH, _HEIGHT = 640.0, 184.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 74.0, 6.0, 10.0, 28.0
_INNER_WIDTH, _INNER_HEIGHT = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
_LABELS = 6
#: What is no state of a job, in the colour of one.
_STRIP_CLASSES = {"enqueued": "queued", "skipped": "canceled", "missed": "failed"}


class Bar(NamedTuple):
    """What ended in one stretch of time."""

    at: datetime
    finished: int
    wrong: int


class Level(NamedTuple):
    """How many there were at the most in one stretch of time."""

    at: datetime
    most: int


class Point(NamedTuple):
    """Durations of one stretch of time; None where there was nothing to measure."""

    at: datetime
    values: tuple[float | None, ...]


def bars(stretches: Sequence[Bar], pattern: str, label: str) -> Markup:
    """Finished above, wrong below in another colour, one column for each stretch of time."""
    top = round_top(max((each.finished + each.wrong for each in stretches), default=0))
    step = _INNER_WIDTH / max(1, len(stretches))
    parts = [_grid(_marks(top))]
    for place, each in enumerate(stretches):
        parts.append(_column(each, _LEFT + place * step, step, top, pattern))
    parts.append(_times([each.at for each in stretches], step, pattern, middle=True))
    return _svg(parts, label)


def levels(stretches: Sequence[Level], pattern: str, label: str) -> Markup:
    """One column for each stretch of time, as high as what waited in it."""
    top = round_top(max((each.most for each in stretches), default=0))
    step = _INNER_WIDTH / max(1, len(stretches))
    parts = [_grid(_marks(top))]
    for place, each in enumerate(stretches):
        words = f"{each.at:{pattern}} UTC: {count(each.most)} waiting"
        parts.append(_stack(words, _LEFT + place * step, step, [("good", each.most / top)]))
    parts.append(_times([each.at for each in stretches], step, pattern, middle=True))
    return _svg(parts, label)


def lines(points: Sequence[Point], names: Sequence[str], pattern: str, label: str) -> Markup:
    """One line for each name, on a logarithmic scale of time."""
    known = [value for point in points for value in point.values if value is not None]
    low, high = log_bounds(known)
    marks = [(share, decade(low * (high / low) ** share)) for share in _decades(low, high)]
    step = _INNER_WIDTH / max(1, len(points) - 1)
    parts = [_grid(marks)]
    for number, name in enumerate(names):
        parts.append(_line(_places(points, number, step, (low, high)), number, name, pattern))
    parts.append(_times([point.at for point in points], step, pattern, middle=False))
    return _svg(parts, label)


def spark(numbers: Sequence[int], label: str) -> Markup:
    """A small line without axes."""
    top = max(1, *numbers) if numbers else 1
    step = 100 / max(1, len(numbers) - 1)
    places = " ".join(
        f"{n * step:.1f},{23 - 21 * value / top:.1f}" for n, value in enumerate(numbers)
    )
    return _drawn(
        f'<svg class="spark" viewBox="0 0 100 24" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(label)}"><polyline points="{places}"/></svg>'
    )


def strip(marks: Sequence[StripMark]) -> Markup:
    """One small column for each of the last ticks, in the colour of what became of its job."""
    many = Counter(mark.words for mark in marks)
    label = "last ticks: " + ", ".join(f"{number} {words}" for words, number in many.most_common())
    drawn = "".join(
        f'<rect class="{_STRIP_CLASSES.get(mark.words, mark.words)}" x="{6 * n}" width="5" height="14">'
        f"<title>{mark.planned_at:%Y-%m-%d %H:%M:%S} UTC: {mark.words}</title></rect>"
        for n, mark in enumerate(marks)
    )
    return _drawn(
        f'<svg class="strip" viewBox="0 0 120 14" role="img" aria-label="{escape(label)}">{drawn}</svg>'
    )


def meter(part: float, whole: float, label: str) -> Markup:
    """How full something is."""
    width = 100 * min(1.0, part / whole) if whole else 0
    return _drawn(
        f'<svg class="meter" viewBox="0 0 100 6" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(label)}"><rect class="meter-all" width="100" height="6"/>'
        f'<rect class="meter-part" width="{width:.1f}" height="6"/></svg>'
    )


def _drawn(svg: str) -> Markup:
    """Every text of others in it is escaped where it was put in; formatting markup is slow."""
    return Markup(svg)  # noqa: S704 - see above


def _column(each: Bar, left: float, step: float, top: float, pattern: str) -> str:
    words = (
        f"{each.at:{pattern}} UTC: {count(each.finished)} finished, {count(each.wrong)} went wrong"
    )
    return _stack(words, left, step, [("bad", each.wrong / top), ("good", each.finished / top)])


def _stack(words: str, left: float, step: float, shares: Sequence[tuple[str, float]]) -> str:
    """Shares of the height, each on top of the one before."""
    wide = max(0.8, step - (1.5 if step > 4 else 0.4))  # noqa: PLR2004 - narrow ones touch
    y = _TOP + _INNER_HEIGHT
    drawn = (
        f"<g><title>{escape(words)}</title>"
        f'<rect class="hit" x="{left:.1f}" y="{_TOP}" width="{step:.1f}" height="{_INNER_HEIGHT}"/>'
    )
    for colour, share in shares:
        high = _INNER_HEIGHT * share
        y -= high
        drawn += (
            f'<rect class="{colour}" x="{left:.1f}" y="{y:.1f}" width="{wide:.1f}" '
            f'height="{high:.1f}"/>'
        )
    return f"{drawn}</g>"


class _Place(NamedTuple):
    """Where a value is drawn."""

    x: float
    y: float
    at: datetime
    value: float


def _places(
    points: Sequence[Point], number: int, step: float, bounds: tuple[float, float]
) -> list[list[_Place]]:
    """Stretches without a gap."""
    stretches: list[list[_Place]] = [[]]
    for place, point in enumerate(points):
        value = point.values[number]
        if value is None:
            stretches.append([])
            continue
        y = _TOP + _INNER_HEIGHT * (1 - log_place(value, *bounds))
        stretches[-1].append(_Place(_LEFT + place * step, y, point.at, value))
    return stretches


def _line(stretches: Sequence[Sequence[_Place]], number: int, name: str, pattern: str) -> str:
    drawn = ""
    for stretch in stretches:
        if len(stretch) > 1:
            places = " ".join(f"{place.x:.1f},{place.y:.1f}" for place in stretch)
            drawn += f'<polyline points="{places}"/>'
        for place in stretch:
            words = f"{place.at:{pattern}} UTC: {name} {duration(place.value)}"
            drawn += (
                f'<circle cx="{place.x:.1f}" cy="{place.y:.1f}" r="2.2">'
                f"<title>{escape(words)}</title></circle>"
            )
    return f'<g class="line line-{number}">{drawn}</g>'


def _decades(low: float, high: float) -> list[float]:
    shares, value = [], low
    while value <= high * 1.001:
        shares.append(log_place(value, low, high))
        value *= 10
    return shares


def _marks(top: float) -> list[tuple[float, str]]:
    """Half a job is none: the axis of an odd number has no mark in its middle."""
    shares = (0, 0.5, 1) if top % 2 == 0 else (0, 1)
    return [(share, short(top * share)) for share in shares]


def _grid(marks: Sequence[tuple[float, str]]) -> str:
    drawn = ""
    for share, words in marks:
        y = _TOP + _INNER_HEIGHT * (1 - share)
        drawn += (
            f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text class="tick" x="{_LEFT - 6}" y="{y + 3.5:.1f}" text-anchor="end">{escape(words)}</text>'
        )
    return drawn


def _times(instants: Sequence[datetime], step: float, pattern: str, *, middle: bool) -> str:
    every = max(1, -(-len(instants) // _LABELS))
    drawn = f'<text class="tick" x="{_LEFT - 6}" y="{_HEIGHT - 7}" text-anchor="end">UTC</text>'
    for place in range(0, len(instants), every):
        x = _LEFT + (place + (0.5 if middle else 0)) * step
        anchor = _anchor(place, len(instants), middle)
        words = escape(f"{instants[place]:{_axis(pattern)}}")
        drawn += f'<text class="tick" x="{x:.1f}" y="{_HEIGHT - 7}" text-anchor="{anchor}">{words}</text>'
    return drawn


def _axis(pattern: str) -> str:
    """An axis of days names no hours."""
    return pattern.removesuffix(" %H:%M")


def _anchor(place: int, number: int, middle: bool) -> str:
    """So that no label hangs over the edge."""
    if place == 0:
        return "start"
    return "middle" if middle or place < number - 1 else "end"


def _svg(parts: Sequence[str], label: str) -> Markup:
    return _drawn(
        f'<svg class="chart" viewBox="0 0 {_WIDTH:.0f} {_HEIGHT:.0f}" role="img" '
        f'aria-label="{escape(label)}">{"".join(parts)}</svg>'
    )
