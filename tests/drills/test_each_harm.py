"""Each harm alone, so that who ends of it, or what it repeats, is its doing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.drills.passed_drill import FULL, drill_and_pass

_HARMS = [
    "refused",
    "starting",
    "everybody-stopped",
    "recycled",
    "hungry",
    "mute",
    "postgres",
    "async",
]


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("harm", [*_HARMS, *(["workers"] if FULL else [])])
def test_nothing_is_lost_stuck_or_out_of_balance(tmp_path: Path, harm: str) -> None:
    drill_and_pass(tmp_path, harm)
