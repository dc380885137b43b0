"""Numbers and times in the words of people."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from backend.dashboard.drawing import wording

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "–"),
        (0.0, "0 ms"),
        (0.0123, "12.3 ms"),
        (0.9999, "1 s"),
        (12.34, "12.3 s"),
        (59.99, "1 min"),
        (245, "4 min 5 s"),
        (10_920, "3 h 2 min"),
        (90_000, "1 d 1 h"),
        (86_400, "1 d"),
    ],
)
def test_durations_are_told_in_two_units_at_most(seconds: float | None, words: str) -> None:
    assert wording.duration(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.01, "10 ms"),
        (0.1, "100 ms"),
        (1, "1 s"),
        (1000, "1,000 s"),
        (10_000, "10,000 s"),
        (100_000, "10⁵ s"),
        (1e12, "10¹² s"),
    ],
)
def test_powers_of_ten_are_named_as_axes_need_them(seconds: float, words: str) -> None:
    assert wording.decade(seconds) == words


def test_large_numbers_are_grouped_and_shortened() -> None:
    assert wording.count(1_234_567) == "1\u202f234\u202f567"
    assert wording.short(12_345) == "12.3k"
    assert wording.short(2_500_000) == "2.5M"
    assert wording.plural(1, "job") == "1 job"
    assert wording.plural(2, "job") == "2 jobs"


def test_sizes_have_units() -> None:
    assert wording.size(999) == "999 B"
    assert wording.size(1500) == "1.5 kB"
    assert wording.size(5e12) == "5\u202f000 GB"


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (9_999, "9\u202f999"),
        (999_499, "999k"),
        (999_600, "1M"),
        (-999_600, "-1M"),
        (999_499_999, "999M"),
        (999_700_000, "1G"),
        (2.5e12, "2\u202f500G"),
    ],
)
def test_a_number_just_below_a_unit_is_one_of_that_unit(number: float, words: str) -> None:
    assert wording.short(number) == words


@pytest.mark.parametrize(
    ("octets", "words"),
    [(999, "999 B"), (999_499, "999 kB"), (999_700, "1 MB"), (999_600_000, "1 GB")],
)
def test_a_size_just_below_a_unit_is_one_of_that_unit(octets: float, words: str) -> None:
    assert wording.size(octets) == words


def test_what_would_be_too_much_for_a_page_is_cut() -> None:
    shown = wording.as_json({"text": "x" * 200_000})

    assert len(shown) < 70_000
    assert shown.endswith("more characters")
