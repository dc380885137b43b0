"""The function library: versions side by side, healed when flushed, there after a crash."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from backend.broker.jobs import codec
from backend.broker.jobs.dispatch import RedisDispatch
from backend.broker.keys import Keys
from backend.broker.server import library
from backend.broker.server.connection import connect
from backend.domain.errors import QueueUnavailable
from backend.domain.ports import ClaimPlan
from backend.embedded.servers import start_servers
from tests.integration.broker.bench import Bench, new_job


@pytest.fixture
def functions(redis: Redis) -> Iterator[Redis]:
    """A Redis without any library, restored afterwards."""
    redis.function_flush("SYNC")
    yield redis
    redis.function_flush("SYNC")


def _names(client: Redis) -> set[str]:
    entries = client.function_list(library="tally_*")
    return {entry[entry.index(b"library_name") + 1].decode() for entry in entries}


def _release(client: Redis, version: str, loaded_at: int) -> None:
    """Loads this library under the name of another release."""
    text = library.assemble(loaded_at).replace(library.version(), version)
    client.function_load(text)


def test_every_file_of_the_library_is_a_step() -> None:
    folder = Path(library.__file__).parents[1] / "lua"

    assert {file.stem for file in folder.rglob("*.lua")} == {*library.SHARED, *library.STEPS}


def test_loading_twice_is_loading_once(functions: Redis) -> None:
    library.load(functions)
    library.load(functions)

    assert _names(functions) == {f"tally_{library.version()}"}


def test_every_step_is_a_function_and_only_those_that_bring_jobs_in_may_be_refused_for_memory(
    functions: Redis,
) -> None:
    library.load(functions)

    entry = functions.function_list(library="tally_*")[0]
    loaded = {}
    for function in entry[entry.index(b"functions") + 1]:
        fields = dict(zip(function[::2], function[1::2], strict=True))
        loaded[fields[b"name"].decode().split("_", 2)[2]] = bool(fields[b"flags"])
    assert loaded.keys() == set(library.STEPS)
    assert {step for step, spared in loaded.items() if not spared} == {
        "enqueue",
        "redrive",
        "relay",
        "restore",
    }


def test_a_worker_of_the_last_release_goes_on_beside_the_new_one(functions: Redis) -> None:
    _release(functions, "0ld00000", 1)
    library.load(functions)
    bench = Bench(functions, Keys("rq"))
    bench.seed(new_job("a"))

    claimed = functions.fcall("tally_0ld00000_claim", 1, "rq", "old", 9000, 1, 0, "normal", 0)

    assert claimed[0][0] == b"a"
    assert bench.settle(codec.claimed_job(claimed[0]), "finished") == 1


def test_the_oldest_superseded_releases_are_dropped_and_the_newest_kept(functions: Redis) -> None:
    for at, version in enumerate(("fff", "aaa", "ccc", "bbb", "ddd", "eee")):
        _release(functions, version, 1000 + at)

    library.load(functions)

    kept = {"tally_bbb", "tally_ddd", "tally_eee", f"tally_{library.version()}"}
    assert _names(functions) == kept


def test_a_library_that_does_not_tell_its_age_is_the_oldest(functions: Redis) -> None:
    functions.function_load(
        "#!lua name=tally_ancient\nredis.register_function('tally_ancient_x', function() end)"
    )
    for at, version in enumerate(("aaa", "bbb", "ccc")):
        _release(functions, version, 1000 + at)

    library.load(functions)

    assert "tally_ancient" not in _names(functions)


def test_libraries_of_others_are_never_dropped(functions: Redis) -> None:
    functions.function_load(
        "#!lua name=others\nredis.register_function('others_x', function() return 1 end)"
    )
    for at in range(5):
        _release(functions, f"v{at}", at)

    library.load(functions)

    assert functions.fcall("others_x", 0) == 1


def test_a_flushed_library_is_healed_by_the_next_call(functions: Redis) -> None:
    bench = Bench(functions, Keys("rq"))

    assert bench.enqueue(new_job("a")) == [1]

    assert _names(functions) == {f"tally_{library.version()}"}


def test_a_worker_process_heals_a_flushed_library_and_asks_again(functions: Redis) -> None:
    dispatch = RedisDispatch(functions, Keys("rq"), worker="w1", lanes=["default"], lease=60)
    plan = [ClaimPlan("normal", 0)]

    with pytest.raises(QueueUnavailable, match="loaded again"):
        dispatch.settle_and_claim([], plan, 1)

    Bench(functions, Keys("rq")).seed(new_job("a"))
    _, claimed = dispatch.settle_and_claim([], plan, 1)
    dispatch.close()
    assert [job.id for job in claimed] == ["a"]


def test_a_release_that_comes_while_memory_is_full_says_for_what_it_waits(functions: Redis) -> None:
    bench = Bench(functions, Keys("rq"))
    functions.config_set("maxmemory", 1)
    try:
        with pytest.raises(QueueUnavailable, match="cannot take this release's functions") as told:
            bench.claim()
    finally:
        functions.config_set("maxmemory", 0)

    assert told.value.details["reply"] == "OOM"
    assert bench.claim() == []


def test_the_version_follows_the_content(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {step: library.source_of(step) for step in (*library.SHARED, *library.STEPS)}
    before = library.version()

    changed = {**texts, "claim": texts["claim"] + "\n-- another comment"}
    monkeypatch.setattr(library, "source_of", changed.__getitem__)

    assert library.version.__wrapped__() != before


def test_everything_is_there_after_redis_was_killed_and_restarted(tmp_path: Path) -> None:
    with start_servers(tmp_path / "state", for_tests=True, postgres=False) as own:
        client = connect(own.redis_url)
        library.load(client)
        bench = Bench(client, Keys("rq"))
        job, waiting = bench.started(), bench.seed(new_job())[0]
        own.kill_redis()
        with pytest.raises(QueueUnavailable):
            bench.enqueue(new_job())

        own.restart_redis()

        assert _names(client) == {f"tally_{library.version()}"}
        assert bench.settle(job, "finished") == 1
        assert [claimed.id for claimed in bench.claim()] == [waiting]
        assert bench.complaints() == []
        client.close()
    shutil.rmtree(tmp_path / "state", ignore_errors=True)
