"""Which allocator a Redis that we start is given, and what is passed over."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from backend.embedded import allocator
from backend.embedded.allocator import allocator_variables
from backend.embedded.locate import ServerBinary

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="preloads are Linux'")

PROGRAM = Path(shutil.which("true") or "/bin/true")
LIBC = ServerBinary("valkey", "9.1.2", PROGRAM, "wheel", "libc")
JEMALLOC = ServerBinary("redis", "7.0.15", PROGRAM, "system", "jemalloc-5.3.0")


@pytest.fixture(autouse=True)
def nobody_chose(monkeypatch):
    for name in ("LD_PRELOAD", "GLIBC_TUNABLES"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def libraries(monkeypatch):
    """Have exactly the given allocators on this machine."""

    def have(*paths: Path) -> None:
        monkeypatch.setattr(allocator, "allocators_at_hand", lambda: iter(paths))

    return have


def _library_that_loads() -> Path:
    """Any shared library of this very machine."""
    maps = Path("/proc/self/maps").read_text().splitlines()
    return next(Path(line.split()[-1]) for line in maps if "/libc.so" in line or "/libc-" in line)


def test_a_server_built_with_libc_gets_the_first_allocator_that_loads(libraries):
    fit = _library_that_loads()
    libraries(fit, Path("/nowhere/libsecond.so"))

    assert allocator_variables(LIBC) == {"LD_PRELOAD": str(fit)}


def test_a_server_with_an_allocator_of_its_own_is_left_alone(libraries):
    libraries(_library_that_loads())

    assert allocator_variables(JEMALLOC) == {}


def test_what_the_loader_refuses_is_passed_over(libraries, tmp_path):
    broken = tmp_path / "libbroken.so"
    broken.write_text("not a library")
    fit = _library_that_loads()
    libraries(broken, fit)

    assert allocator_variables(LIBC) == {"LD_PRELOAD": str(fit)}


def test_a_path_that_the_loader_would_cut_at_a_blank_is_passed_over(libraries, tmp_path):
    folder = tmp_path / "with a blank"
    folder.mkdir()
    shutil.copy(_library_that_loads(), folder / "libfit.so")
    libraries(folder / "libfit.so")

    assert "LD_PRELOAD" not in allocator_variables(LIBC)


def test_without_any_the_allocator_of_libc_is_tuned(libraries):
    libraries()

    assert "glibc.malloc.arena_max=1" in allocator_variables(LIBC)["GLIBC_TUNABLES"]


@pytest.mark.parametrize("chosen", ["LD_PRELOAD", "GLIBC_TUNABLES"])
def test_what_somebody_chose_in_the_environment_stays(libraries, monkeypatch, chosen):
    libraries(_library_that_loads())
    monkeypatch.setenv(chosen, "theirs")

    assert allocator_variables(LIBC) == {}


def test_the_wheel_comes_before_the_system():
    found = [path.name for path in allocator.allocators_at_hand()]

    assert found == sorted(found, key=lambda name: "mimalloc" not in name)
