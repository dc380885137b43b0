"""The allocator that a Redis works with is told as far as it can be seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.broker.server.allocator import allocator_in_use, server_words

SERVER = "/usr/bin/valkey-server"
INFO = {"mem_allocator": "libc", "process_id": 7, "executable": SERVER}
MIMALLOC = "7f2a-7f2b r-xp 00000000 08:01 1 /venv/cmeel.prefix/lib/libmimalloc.so.3.4\n"
LIBC = "7f2c-7f2d r-xp 00000000 08:01 2 /usr/lib/libc.so.6\n"


@pytest.fixture
def process(tmp_path: Path):
    """Has process 7 run a program, with what is mapped into it and its environment."""

    def have(program: str = SERVER, maps: str = LIBC, environment: str = "") -> Path:
        folder = tmp_path / "7"
        folder.mkdir()
        (folder / "exe").symlink_to(program)
        (folder / "maps").write_text(maps)
        (folder / "environ").write_text(environment)
        return tmp_path

    return have


def test_what_a_server_was_built_with_is_enough_where_it_is_not_libc(tmp_path):
    assert allocator_in_use({"mem_allocator": "jemalloc-5.3.0"}, tmp_path) == "jemalloc-5.3.0"


def test_a_preloaded_allocator_is_seen_in_the_process(process):
    assert allocator_in_use(INFO, process(maps=LIBC + MIMALLOC)) == "libc, mimalloc preloaded"


def test_a_tuned_libc_is_seen_in_the_process(process):
    seen = process(environment="A=1\0GLIBC_TUNABLES=glibc.malloc.arena_max=1\0")

    assert allocator_in_use(INFO, seen) == "libc, tuned"


def test_a_plain_libc_is_told_as_such(process):
    assert allocator_in_use(INFO, process()) == "libc"


def test_a_process_of_that_number_that_runs_something_else_tells_nothing(process):
    assert allocator_in_use(INFO, process(program="/usr/bin/python", maps=MIMALLOC)) == "libc"


def test_a_server_on_another_host_is_what_it_says(tmp_path):
    assert allocator_in_use(INFO, tmp_path) == "libc"


def test_a_server_that_hides_it_has_no_name_for_it(tmp_path):
    assert allocator_in_use({}, tmp_path) == ""


def test_a_server_is_named_with_its_allocator():
    told = {"valkey_version": "9.1.2", "redis_version": "7.2.4", "mem_allocator": "jemalloc-5.3.0"}

    assert server_words(told) == "valkey 9.1.2, memory allocator jemalloc-5.3.0"
