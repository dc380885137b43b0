"""Would anybody notice if a guard were gone? ``TALLY_TEST_MUTATIONS=1`` tries it for each of them.

It takes some minutes: for every mutation the tests of the steps run until the first one fails.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from backend.broker.server import library
from tests.architecture.mutations import MUTATIONS

ROOT = Path(__file__).parents[2]
#: By number; none where nobody asked, for to skip six hundred takes seconds of each process.
_TRIED = range(len(MUTATIONS) if "TALLY_TEST_MUTATIONS" in os.environ else 0)
BROKER = ROOT / "tests" / "integration" / "broker"
#: The order behind gates is the contract's, and so are steps that have no file of their own there.
CONTRACT = ROOT / "tests" / "contract" / "broker"
CONTRACTS = {
    "pick_out": "test_picking_out.py",
    "rescue": "test_untold_ends.py",
    "claim": "test_kept_places.py test_fairness.py",
    "_anew": "test_anew.py test_kept_places.py",
    "_breakers": "test_breakers.py test_waiting_for_breakers.py",
    "_fair": "test_fairness.py",
    "_freezes": "test_freezes.py test_ramps_of_freezes.py test_gates_of_closed_queues.py",
    "_gates": "test_gates.py test_fairness.py test_gates_of_closed_queues.py",
    "_lines": "test_lines_behind_gates.py test_gates_of_closed_queues.py",
    "_places": "test_fairness.py",
    "_turns": "test_fairness.py test_picking_out.py",
    "_rates": "test_rates.py test_key_rates.py",
    "redrive": "test_anew.py",
    "twin": "test_twins.py",
    "_unique": "test_unique.py test_anew.py test_keys_of_unique_jobs.py",
    "find_lines": "test_fairness.py",
    "appear": "../../integration/broker/test_worker_presence.py",
    "remind": "../../integration/broker/test_remake.py",
    "_leaving": "../../integration/broker/test_remake.py",
}


def test_each_mutation_changes_a_place() -> None:
    lost = [each for each in MUTATIONS if each.old not in library.source_of(each.step)]

    assert lost == []


@pytest.mark.parametrize("step", library.STEPS)
def test_each_step_with_a_guard_has_mutations(step: str) -> None:
    tested_with_the_record = {
        "relay",
        "facts",
        "recount",
        "reseat",
        "restore",
        "recall",
        "attest",
        "balance",
    }

    assert step in tested_with_the_record or any(mutation.step == step for mutation in MUTATIONS)


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("number", _TRIED, ids=lambda number: str(MUTATIONS[number]))
def test_a_removed_guard_makes_a_test_fail(number: int, tmp_path: Path) -> None:
    own = BROKER / f"test_{MUTATIONS[number].step.removeprefix('_')}.py"
    # What steps share is held by the contract of the same name, where there is one.
    names = CONTRACTS.get(MUTATIONS[number].step, f"test{MUTATIONS[number].step}.py").split()
    contracts = [CONTRACT / name for name in names]
    first = [str(file) for file in (own, *contracts) if file.exists()]
    first = first or [str(CONTRACT / "test_lines_behind_gates.py")]

    run = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-x", f"--basetemp={tmp_path / 'inner'}"),
            *("-p", "tests.architecture.mutant", "-p", "no:cacheprovider"),
            *(*first, str(BROKER)),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TALLY_TEST_MUTATION": str(number)},
    )

    assert run.returncode == 1, f"no test missed it\n{run.stdout[-500:]}"
