"""Charts as SVG, drawn here: no script, no style of their own; colours come from the style sheet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from markupsafe import Markup

from backend.dashboard.scale import log_bounds, log_place, round_top
from backend.dashboard.wording import count, decade, duration, short

_WIDTH, _HEIGHT = 640.0, 180.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 62.0, 6.0, 10.0, 24.0
_INNER_WIDTH, _INNER_HEIGHT = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
_LABELS = 6


class Bar(NamedTuple):
    """What ended in one stretch of time."""

    at: datetime
    finished: int
    wrong: int


class Point(NamedTuple):
    """Durations of one stretch of time; None where there was nothing to measure."""

    at: datetime
    values: tuple[float | None, ...]


def bars(stretches: Sequence[Bar], pattern: str, label: str) -> Markup:
    """Finished above, wrong below in another colour, one column for each stretch of time."""
    top = round_top(max((each.finished + each.wrong for each in stretches), default=0))
    step = _INNER_WIDTH / max(1, len(stretches))
    parts = [_grid([(share, short(top * share)) for share in (0, 0.5, 1)])]
    for place, each in enumerate(stretches):
        parts.append(_column(each, _LEFT + place * step, step, top, pattern))
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
    return Markup(
        '<svg class="spark" viewBox="0 0 100 24" preserveAspectRatio="none" role="img" '
        'aria-label="{}"><polyline points="{}"/></svg>'
    ).format(label, places)


def meter(part: float, whole: float, label: str) -> Markup:
    """How full something is."""
    width = 100 * min(1.0, part / whole) if whole else 0
    return Markup(
        '<svg class="meter" viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<rect class="meter-all" width="100" height="6"/>'
        '<rect class="meter-part" width="{:.1f}" height="6"/></svg>'
    ).format(label, width)


def _column(each: Bar, left: float, step: float, top: float, pattern: str) -> Markup:
    wide = max(0.8, step - (1.5 if step > 4 else 0.4))  # noqa: PLR2004 - narrow ones touch
    good, bad = (_INNER_HEIGHT * number / top for number in (each.finished, each.wrong))
    floor = _TOP + _INNER_HEIGHT
    return Markup(
        '<g><title>{}</title><rect class="hit" x="{:.1f}" y="{}" width="{:.1f}" height="{}"/>'
        '<rect class="bad" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>'
        '<rect class="good" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/></g>'
    ).format(
        f"{each.at:{pattern}} UTC: {count(each.finished)} finished, {count(each.wrong)} went wrong",
        left, _TOP, step, _INNER_HEIGHT,
        left, floor - bad, wide, bad,
        left, floor - bad - good, wide, good,
    )  # fmt: skip


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


def _line(stretches: Sequence[Sequence[_Place]], number: int, name: str, pattern: str) -> Markup:
    drawn = [
        Markup('<polyline points="{}"/>').format(" ".join(f"{p.x:.1f},{p.y:.1f}" for p in stretch))
        for stretch in stretches
        if len(stretch) > 1
    ]
    dots = [
        Markup('<circle cx="{:.1f}" cy="{:.1f}" r="2.2"><title>{}</title></circle>').format(
            place.x, place.y, f"{place.at:{pattern}} UTC: {name} {duration(place.value)}"
        )
        for stretch in stretches
        for place in stretch
    ]
    return Markup('<g class="line line-{}">{}{}</g>').format(
        number, Markup("").join(drawn), Markup("").join(dots)
    )


def _decades(low: float, high: float) -> list[float]:
    shares, value = [], low
    while value <= high * 1.001:
        shares.append(log_place(value, low, high))
        value *= 10
    return shares


def _grid(marks: Sequence[tuple[float, str]]) -> Markup:
    drawn = []
    for share, words in marks:
        y = _TOP + _INNER_HEIGHT * (1 - share)
        drawn.append(
            Markup(
                '<line class="grid" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>'
                '<text class="tick" x="{}" y="{:.1f}" text-anchor="end">{}</text>'
            ).format(_LEFT, _WIDTH - _RIGHT, y, y, _LEFT - 6, y + 3.5, words)
        )
    return Markup("").join(drawn)


def _times(instants: Sequence[datetime], step: float, pattern: str, *, middle: bool) -> Markup:
    every = max(1, -(-len(instants) // _LABELS))
    drawn = []
    for place in range(0, len(instants), every):
        x = _LEFT + (place + (0.5 if middle else 0)) * step
        drawn.append(
            Markup('<text class="tick" x="{:.1f}" y="{}" text-anchor="{}">{}</text>').format(
                x,
                _HEIGHT - 7,
                _anchor(place, len(instants), middle),
                f"{instants[place]:{_axis(pattern)}}",
            )
        )
    return Markup("").join(drawn)


def _axis(pattern: str) -> str:
    """An axis of days names no hours."""
    return pattern.removesuffix(" %H:%M")


def _anchor(place: int, number: int, middle: bool) -> str:
    """So that no label hangs over the edge."""
    if place == 0:
        return "start"
    return "middle" if middle or place < number - 1 else "end"


def _svg(parts: Sequence[Markup], label: str) -> Markup:
    return Markup(
        '<svg class="chart" viewBox="0 0 {:.0f} {:.0f}" role="img" aria-label="{}">{}</svg>'
    ).format(_WIDTH, _HEIGHT, label, Markup("").join(parts))
