"""What a run of the benchmark says of its figures: medians, ratios, goals, and the page made of them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.side_by_side import page
from benchmarks.side_by_side.entrants import Entrant
from benchmarks.side_by_side.environments import EXTRAS
from benchmarks.side_by_side.figures import Measured, figure_of, paired_ratio
from benchmarks.side_by_side.machine import warning
from benchmarks.side_by_side.measures import waits
from benchmarks.side_by_side.options import MEASURES, options
from benchmarks.side_by_side.rows import ROWS
from benchmarks.side_by_side.run_notes import STAMP, NothingRuns, RunNotes
from benchmarks.side_by_side.stage import Stage
from benchmarks.side_by_side.table import best_other, ratio_to_before

_ROOT = Path(__file__).parents[3]
_DRIVERS = _ROOT / "benchmarks" / "drivers"


@pytest.fixture
def measured() -> Measured:
    """Three rounds of two rows; whoever was measured in a slow minute was slow with the others."""
    all_rounds = Measured()
    for pace in (1.0, 0.5, 0.8):
        all_rounds.add("Tally", {"enqueue": 8000 * pace, "pickup_p50": 0.8 / pace, "no_row": 1.0})
        all_rounds.add("Huey", {"enqueue": 5000 * pace, "pickup_p50": 1.0 / pace})
        all_rounds.add("Celery", {"enqueue": 900 * pace, "pickup_p50": 2.0 / pace})
        all_rounds.add("before", {"enqueue": 10_000 * pace})
    return all_rounds


def _run(measured: Measured, **changes: Any) -> dict[str, Any]:
    entrant = {"versions": {"redis": "8.1.0"}, "set up": "as it comes"}
    return {
        "at": "2026-11-28 18:00",
        "command": ["./benchmarks/run.sh", "--peers", "huey,celery"],
        "rounds": 5,
        "scale": 1.0,
        "payload_bytes": 60,
        "warning": "",
        "machine": {
            "cpus": 2,
            "memory_gb": 8,
            "system": "Linux 6",
            "python": "3.11.7",
            "before": {"load": [0.1]},
            "after": {"load": [1.9]},
        },
        "servers": {
            "default settings": {
                "server": "redis 7.0.15",
                "allocator": "jemalloc-5.3.0",
                "transport": "TCP, loopback",
                "hz": "10",
            }
        },
        "entrants": {"Tally": entrant, "before": entrant, "Huey": entrant, "Celery": entrant},
        "skipped": {"taskiq": "no network"},
        "rows": json.loads(json.dumps(measured.as_json())),
        **changes,
    }


def test_a_figure_is_the_median_with_the_least_and_the_most_of_all_rounds() -> None:
    assert figure_of([3.0, 1.0, 2.0]) == (2.0, 1.0, 3.0, 3)
    assert figure_of([]) is None


def test_a_ratio_is_of_rounds_that_followed_each_other() -> None:
    slow_minute_first, slow_minute_last = [100.0, 200.0], [200.0, 100.0]

    assert paired_ratio("enqueue", slow_minute_first, [50.0, 100.0]) == 2.0
    assert paired_ratio("enqueue", slow_minute_last, [100.0, 50.0]) == 2.0
    assert paired_ratio("enqueue", [], [1.0]) is None


def test_above_one_is_better_also_where_less_is_better() -> None:
    assert paired_ratio("pickup_p50", [0.5], [1.0]) == 2.0


def test_only_rows_are_kept(measured: Measured) -> None:
    assert set(measured.values) == {"enqueue", "pickup_p50"}
    assert set(measured.values) <= set(ROWS)


def test_the_best_of_the_others_is_neither_tally_nor_an_earlier_one(measured: Measured) -> None:
    assert best_other(measured, "enqueue") == ("Huey", 4000)
    assert best_other(measured, "pickup_p50") == ("Huey", 1.25)


def test_a_row_that_got_worse_is_seen_through_the_noise(measured: Measured) -> None:
    assert ratio_to_before(measured, "enqueue") == pytest.approx(0.8)
    assert ratio_to_before(measured, "pickup_p50") is None


@pytest.mark.parametrize(
    ("row", "figure", "best", "holds"),
    [
        ("enqueue", 1200, 1000, True),
        ("enqueue", 1199, 1000, False),
        ("enqueue", 1199, None, None),
        ("pickup_p50", 0.6, 1.0, True),
        ("pickup_p50", 0.61, 1.0, False),
        ("lateness_p99", 3.0, 1.0, True),
        ("lateness_p99", 3.1, None, False),
        ("enqueue_client_us", 1.0, 2.0, None),
    ],
)
def test_goals_are_of_the_best_other_or_of_themselves(
    row: str, figure: float, best: float | None, holds: bool | None
) -> None:
    assert ROWS[row].holds(figure, best) is holds


def test_a_machine_that_others_use_is_told() -> None:
    quiet, loud = {"busy": 0.01, "load": [0.2]}, {"busy": 0.4, "load": [3.1]}

    assert warning(quiet, quiet) == ""
    assert "40%" in warning(quiet, loud)


def test_rows_and_peers_that_nobody_knows_are_refused_by_name(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        options(["--peers", "rq,sidekiq"])

    assert "sidekiq: known are rq, celery" in capsys.readouterr().err
    assert options([]).rows == MEASURES
    assert options(["--quick", "--rows", "drain,waits"]).rows == ("drain", "waits")


def test_the_page_shows_every_row_beside_the_best_other_and_the_goal(measured: Measured) -> None:
    text = page.figures_of(_run(measured))

    assert "| 6,400 (4,000–8,000) |  |  | Huey 4,000 | ≥ 1.2 × Huey's 4,000 |" in text
    assert "≤ 0.6 × Huey's 1.25: **not held** |" in text
    assert "| enqueue one by one, jobs/s | 6,400 | 4,000 | 720 |" in text
    assert "redis 7.0.15, jemalloc-5.3.0 | hz 10 |" in text
    assert "**taskiq** was skipped: no network" in text
    assert "not to be quoted" not in text


def test_the_page_says_what_makes_its_figures_worth_less(measured: Measured) -> None:
    text = page.figures_of(_run(measured, scale=0.1, warning="OTHERS USE 40 %"))

    assert "not to be quoted" in text
    assert "OTHERS USE 40 %" in text
    assert "not to be quoted" in page.figures_of(_run(measured, rounds=4))


def test_the_rest_of_the_page_stays(measured: Measured) -> None:
    before = "# A\n<!-- figures: begin -->\nold\n<!-- figures: end -->\nafter\n"

    once = page.written_into(before, _run(measured))

    assert once.startswith("# A\n<!-- figures: begin -->\n")
    assert once.endswith("<!-- figures: end -->\nafter\n")
    assert "old" not in once
    assert page.written_into(once, _run(measured)) == once


def test_a_page_without_marks_is_not_touched(measured: Measured) -> None:
    with pytest.raises(ValueError, match="figures: begin"):
        page.written_into("# A\n", _run(measured))


def test_the_published_page_is_that_of_the_published_figures() -> None:
    docs = _ROOT / "docs"
    text = (docs / "performance.md").read_text()

    assert page.written_into(text, json.loads((docs / "performance.json").read_text())) == text


def test_every_queue_is_sent_the_same_sixty_bytes() -> None:
    program = "import json, driver; print(json.dumps(driver.payload(7), separators=(',', ':')))"
    ours = subprocess.run(
        [sys.executable, "-c", program], cwd=_DRIVERS, capture_output=True, text=True, check=True
    ).stdout.strip()
    in_node = (_DRIVERS / "on_bullmq.mjs").read_text()

    assert len(ours) == 60
    for name, value in json.loads(ours).items():
        if name != "n":
            assert re.search(rf"{name}: '{value}'", in_node)


def test_a_note_tells_which_job_began_when(tmp_path: Path) -> None:
    notes = RunNotes(tmp_path / "runs")
    notes.path.write_bytes(STAMP.pack(100_000_003, 1.5) + STAMP.pack(100_000_001, 2.5))

    assert notes.stamps() == {3: 1.5, 1: 2.5}

    notes.empty()
    assert notes.count() == 0


def test_workers_that_ended_are_not_waited_for(tmp_path: Path) -> None:
    with pytest.raises(NothingRuns, match="workers have ended"):
        RunNotes(tmp_path / "runs").wait_for(1, at_work=list)


class _PlayedDriver:
    """Runs so many at once; keeps what it was asked to fill."""

    can = frozenset({"enqueue_many"})

    def __init__(self, at_once: int) -> None:
        self.at_once = {"wait": at_once}
        self.filled = 0

    def ask(self, do: str, **details: Any) -> Any:
        if do == "enqueue":
            self.filled = details["jobs"]
        return []


@pytest.mark.parametrize(("at_once", "share"), [(1, 0.05), (500, 0.05), (500, 1.0), (2000, 1.0)])
@pytest.mark.parametrize("scale", [1.0, 0.1])
def test_waits_are_many_more_than_those_that_run_at_once(
    at_once: int, share: float, scale: float, tmp_path: Path
) -> None:
    """Else the start and the end of the run are what is measured; one at a time is not run for minutes."""
    driver, notes = _PlayedDriver(at_once), RunNotes(tmp_path / "runs")
    entrant = Entrant("RQ", (), "", share=share)

    with pytest.raises(NothingRuns):
        waits(Stage(entrant, driver, None, notes, scale))  # type: ignore[arg-type]

    assert 6 * at_once <= driver.filled <= max(6 * at_once, 60 * at_once)
    if at_once > 1 and scale * share == 1.0:
        assert driver.filled >= 12_000


def test_a_revision_is_installed_with_what_this_checkout_is() -> None:
    assert f"install_tally {EXTRAS}\n" in (_ROOT / "benchmarks" / "run.sh").read_text()


@pytest.mark.parametrize("is_there", [True, False])
def test_without_uvloop_tally_has_another_loop_and_says_so(*, is_there: bool) -> None:
    """A revision before may have been installed without it."""
    missing = "" if is_there else "import sys; sys.modules['uvloop'] = None; "
    program = (
        f"{missing}import json, on_tally; it = on_tally.OnTally(); "
        "print(json.dumps([it.configuration, it.workers('async_wait', 1), it.workers('wait', 1)]))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program],
        cwd=_DRIVERS,
        env={**os.environ, "REDIS_URL": "redis://localhost:1", "PYTHONPATH": str(_ROOT)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    said, [loop], [threads] = json.loads(answer)

    assert "2,000 tasks of a loop" in said
    assert ("uvloop is not installed" in said) is not is_there
    assert loop["environment"] == {
        "TALLY_WORKER__ASYNC_SLOTS": "2000",
        "TALLY_WORKER__EVENT_LOOP": "uvloop" if is_there else "asyncio",
    }
    assert threads["environment"] == {}
