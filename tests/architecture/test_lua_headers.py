"""The contract on top of each Lua step: purpose, keys, arguments, returns."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from backend.broker.server import library
from tests.architecture.source_tree import LUA

STEPS = sorted(file for file in LUA.rglob("*.lua") if file.stem not in library.SHARED)


def _header(file: Path) -> list[str]:
    lines = file.read_text(encoding="utf-8").splitlines()
    header = []
    for line in lines:
        if not line.startswith("--"):
            break
        header.append(line)
    return header


@pytest.mark.parametrize("file", STEPS, ids=lambda file: file.stem)
def test_each_step_says_what_it_does_takes_and_returns(file: Path) -> None:
    header = [line for line in _header(file) if not line.startswith("-- flags:")]

    assert re.match(r"-- [A-Z].+", header[0]), "the first line is its purpose, a sentence"
    text = "\n".join(header)
    assert re.search(r"^-- KEYS\[1\]  +ROOT", text, re.MULTILINE)
    assert re.search(r"^-- Returns  +\S", text, re.MULTILINE)


@pytest.mark.parametrize("file", STEPS, ids=lambda file: file.stem)
def test_every_argument_is_in_the_contract(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    header = "\n".join(_header(file))
    named = {int(number) for number in re.findall(r"^-- ARGV\[(\d+)", header, re.MULTILINE)}
    used = {int(number) for number in re.findall(r"argv\[(\d+)\]", text)}
    lists = re.search(r"^-- ARGV(?:\[\d+…\])? ", header, re.MULTILINE)

    assert lists or "argv[" not in text or named
    assert {
        number for number in used if number not in named and number < max(named or {99})
    } == set()


@pytest.mark.parametrize("file", STEPS, ids=lambda file: file.stem)
def test_each_step_is_a_function_of_its_name_with_one_key(file: Path) -> None:
    text = file.read_text(encoding="utf-8")

    assert f"local function {file.stem}(keys, argv)" in text
    assert set(re.findall(r"keys\[(\d+)\]", text)) <= {"1"}


def test_flags_are_those_that_redis_knows() -> None:
    flags = {
        flag.strip()
        for file in STEPS
        for line in _header(file)
        if line.startswith("-- flags:")
        for flag in line.removeprefix("-- flags:").split(",")
    }

    assert flags <= {"allow-oom", "no-writes", "allow-stale", "no-cluster"}


@pytest.mark.parametrize("file", STEPS, ids=lambda file: file.stem)
def test_no_step_decodes_a_payload(file: Path) -> None:
    """cjson damages large integers: what callers sent is passed on letter for letter."""
    assert "cjson.decode" not in file.read_text(encoding="utf-8")


def test_steps_are_named_once() -> None:
    assert len(library.STEPS) == len(set(library.STEPS))
