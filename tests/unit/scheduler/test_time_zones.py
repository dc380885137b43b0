"""Time zones are named as IANA names them; near names are told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from backend.domain.errors import InvalidOption
from backend.services.schedules.schedule_zones import first_change, first_instant, zone_of


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("Europe/Berln", "did you mean 'Europe/Berlin'?"),
        ("America/NewYork", "did you mean 'America/New_York'?"),
        ("Asia/Katmandoo", "did you mean 'Asia/Kat"),
        ("Utc+1", "there is no time zone 'Utc+1'"),
        ("America", "there is no time zone"),
        ("../../etc/passwd", "there is no time zone"),
        ("", "there is no time zone"),
        (None, "there is no time zone"),
    ],
)
def test_an_unknown_zone_is_refused_and_the_nearest_named(name: str, near: str) -> None:
    with pytest.raises(InvalidOption, match="there is no time zone") as refusal:
        zone_of(name)

    assert near in str(refusal.value)
    assert refusal.value.details["field"] == "time_zone"


def test_a_change_of_the_clocks_is_found_to_the_second() -> None:
    start, end = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
    change = datetime(2026, 3, 8, 7, tzinfo=UTC)

    assert first_change(ZoneInfo("America/New_York"), start, end) == change
    assert first_change(ZoneInfo("America/New_York"), change, end) is None
    assert first_change(ZoneInfo("America/New_York"), start, change) == change
    assert first_change(ZoneInfo("America/New_York"), start, change - timedelta(seconds=1)) is None
    assert first_change(ZoneInfo("Asia/Kathmandu"), start, end) is None


def test_a_time_on_the_wall_has_one_first_instant() -> None:
    new_york = ZoneInfo("America/New_York")

    assert first_instant(datetime(2026, 3, 8, 2, 30), new_york) == datetime(
        2026, 3, 8, 7, tzinfo=UTC
    )
    assert first_instant(datetime(2026, 11, 1, 1, 30), new_york) == datetime(
        2026, 11, 1, 5, 30, tzinfo=UTC
    )
    assert first_instant(datetime(2026, 6, 1, 12), new_york) == datetime(2026, 6, 1, 16, tzinfo=UTC)
