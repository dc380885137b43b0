"""All harms one after the other, on one deployment."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.drills.passed_drill import drill_and_pass


@pytest.mark.timeout(3600)
def test_nothing_is_lost_stuck_or_out_of_balance(tmp_path: Path) -> None:
    drill_and_pass(tmp_path, "everything")
