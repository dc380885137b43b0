"""Nothing grows beyond what one reads at a sitting. What is larger has its reason here."""

from __future__ import annotations

import pytest

from tests.architecture.source_tree import (
    CODE,
    LUA,
    OURS,
    SQL,
    files,
    functions_of,
    lines_of,
    name_of,
)

FILE, TEST_FILE, FUNCTION, LUA_FILE, SQL_FILE, SHELL_FILE = 350, 400, 40, 60, 50, 60

LONGER = {
    "tests/architecture/mutations.py": "one list of all guards, as one looks for a step in it",
    "backend/broker/lua/_history.lua": "the one form in which every step tells what it did",
    "backend/broker/lua/_prelude.lua": "what several steps share stands in one place",
    "backend/broker/lua/_gates.lua": "what several steps share of gates stands in one place",
    "backend/broker/lua/lines/_lines.lua": "which of those behind a gate go next is one rule",
    "backend/broker/lua/_endings.lua": "how a job ends for good is one thing, whoever ends it",
    "backend/broker/lua/_breakers.lua": "when a breaker opens, who goes as a probe, the ramp: one rule",
    "backend/broker/lua/_freezes.lua": "windows, ramps and who waits for their end are one rule",
    "backend/broker/lua/lines/_fair.lua": "lines and whose turn it is are one rule",
    "backend/broker/lua/lines/_turns.lua": "the hot path: whose turns are next, taken with few commands",
    "backend/broker/lua/_quotas.lua": "who counts among whose jobs is one rule",
    "backend/broker/lua/_on_the_way.lua": "who is on the way, and who looks for him when, is one rule",
    "backend/broker/lua/_rates.lua": "tokens, what a start takes of them, and alarms are one rule",
    "backend/broker/lua/_anew.lua": "what follows from a payload, and where it waits then, is one rule",
    "backend/broker/lua/_unique.lua": "who holds a key, and who gives it back, is one rule",
    "backend/broker/lua/running/enqueue.lua": "the hot path: what most jobs need stands apart",
    "backend/broker/lua/running/claim.lua": "the hot path: order, pauses, limits, leases: one decision",
    "backend/broker/lua/running/pick_out.lua": "of lists and of lines: one look for jobs of some types",
    "backend/broker/lua/running/settle.lua": "every way to end an attempt, shared with rescue",
    "backend/broker/lua/acting/reprioritise.lua": "one step moves a job from wherever it waits",
    "backend/broker/lua/ledger/reseat.lua": "one step puts a job back wherever it belongs",
    "backend/history/sql/recording/upsert_jobs.sql": "the registers of a row are one list",
    "dashboard_pages": "the list of what is served",
    "api_parts": "the list of what the API is made of",
}


def _too_long(sizes: dict[str, int], limit: int) -> dict[str, int]:
    names = {name: name.rpartition("::")[2] or name for name in sizes}
    return {n: size for n, size in sizes.items() if size > limit and names[n] not in LONGER}


@pytest.mark.parametrize("top", CODE)
def test_no_source_file_is_too_long(top: str) -> None:
    sizes = {name_of(file): lines_of(file) for file in files("*.py", top)}

    assert _too_long(sizes, FILE) == {}


def test_no_test_file_is_too_long() -> None:
    sizes = {name_of(file): lines_of(file) for file in files("*.py", "tests", "benchmarks")}

    assert _too_long(sizes, TEST_FILE) == {}


@pytest.mark.parametrize("top", [top for top in OURS if top != "benchmarks"])
def test_no_function_is_too_long(top: str) -> None:
    sizes = {
        f"{name_of(file)}::{name}": size
        for file in files("*.py", top)
        for name, size in functions_of(file)
    }

    assert _too_long(sizes, FUNCTION) == {}


def test_no_lua_step_is_too_long() -> None:
    sizes = {name_of(file): lines_of(file) for file in sorted(LUA.rglob("*.lua"))}

    assert _too_long(sizes, LUA_FILE) == {}


def test_no_statement_is_too_long() -> None:
    sizes = {name_of(file): lines_of(file) for file in sorted(SQL.rglob("*.sql"))}

    assert _too_long(sizes, SQL_FILE) == {}


def test_no_shell_script_is_too_long() -> None:
    sizes = {name_of(file): lines_of(file) for file in files("*.sh", "scripts")}

    assert _too_long(sizes, SHELL_FILE) == {}


def test_every_exception_is_still_needed() -> None:
    limits = {
        **dict.fromkeys(files("*.py", *CODE), FILE),
        **dict.fromkeys(LUA.rglob("*.lua"), LUA_FILE),
        **dict.fromkeys(SQL.rglob("*.sql"), SQL_FILE),
    }
    limits |= dict.fromkeys(files("*.py", "tests", "benchmarks"), TEST_FILE)
    long_files = {name_of(file) for file, limit in limits.items() if lines_of(file) > limit}
    long_functions = {
        name
        for file in files("*.py", *OURS)
        for name, size in functions_of(file)
        if size > FUNCTION
    }

    assert set(LONGER) - long_files - long_functions == set()
