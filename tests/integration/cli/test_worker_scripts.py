"""Starting workers on this host, and stopping them: all, or those of some lanes."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from backend.domain.jobs.job_state import JobState
from tests.eventually import eventually
from tests.integration.cli.scripts import Scripts
from tests.integration.cli.shell import Shell
from tests.integration.runtime.cluster import Cluster
from tests.process_ends import are_gone


@pytest.fixture
def started(
    scripts: Scripts, shell: Shell, state: Path, stopping: None
) -> dict[str, psutil.Process]:
    """Two supervisors, by their lanes."""
    for lanes in (("default",), ("email", "quiet")):
        scripts.run("workers/start-workers.sh", *lanes, "--background")
    return _supervisors(state)


def _supervisors(state: Path) -> dict[str, psutil.Process]:
    found = [psutil.Process(int(file.read_text())) for file in _pid_files(state)]
    return {_lanes(each): each for each in found}


def _pid_files(state: Path) -> list[Path]:
    return sorted((state / "run").glob("workers-*.pid"))


def _lanes(supervisor: psutil.Process) -> str:
    words = supervisor.cmdline()
    return " ".join(words[[word.startswith("--spec=") for word in words].index(True) + 1 :])


def _running(started: dict[str, psutil.Process]) -> set[str]:
    return {lanes for lanes, each in started.items() if not are_gone([each])}


def test_workers_start_in_the_background_and_keep_the_log_of_those_before(
    scripts: Scripts, shell: Shell, state: Path, stopping: None
) -> None:
    (state / "log").mkdir(parents=True)
    (state / "log/workers.log").write_text("of those before\n")

    said = scripts.run("workers/start-workers.sh", "default", "--background")

    assert "workers run in the background" in said
    [pid_file] = (state / "run").glob("workers-*.pid")
    supervisor = psutil.Process(int(pid_file.read_text()))
    assert (state / "log/workers.log").read_text().startswith("of those before\n")

    assert "workers stopped" in scripts.run("workers/stop-workers.sh", "--now")
    assert are_gone([supervisor])


def test_stopping_now_gives_back_what_runs_however_long_its_grace_is(
    scripts: Scripts, cluster: Cluster, state: Path, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("TALLY_WORKER__LANE_GRACE", '{"default": "limit"}')
    job_id = cluster.enqueue("hold", {"until": str(cluster.folder / "never")})
    scripts.run("workers/start-workers.sh", "default", "--background")
    cluster.running(job_id)

    scripts.run("workers/stop-workers.sh", "--now")

    job = cluster.job(job_id)
    assert (job.state, job.failures) == (JobState.QUEUED, 0)


def test_workers_that_do_not_start_in_the_background_are_status_1(
    scripts: Scripts, shell: Shell, state: Path, stopping: None
) -> None:
    (state / "log").mkdir(parents=True)
    (state / "log/workers.log").write_text("of those before\n")

    said = scripts.run("workers/start-workers.sh", "nonsense", "--background", status=1)

    assert "there is no lane 'nonsense'" in said
    assert "of those before" not in said


@pytest.mark.parametrize("words", [("email", "quiet"), ("--now", "quiet", "email")])
def test_stopping_lanes_leaves_the_workers_of_others(
    scripts: Scripts, started: dict[str, psutil.Process], words: tuple[str, ...]
) -> None:
    said = scripts.run("workers/stop-workers.sh", *words)

    assert "workers stopped" in said
    assert _running(started) == {"default"}


def test_a_supervisor_of_more_lanes_than_are_named_goes_on(
    scripts: Scripts, started: dict[str, psutil.Process]
) -> None:
    said = scripts.run("workers/stop-workers.sh", "email", status=1)

    assert f"supervisor {started['email quiet'].pid} serves quiet too" in said
    assert _running(started) == {"default", "email quiet"}


def test_a_lane_that_nobody_serves_here_is_named_and_the_others_are_stopped(
    scripts: Scripts, started: dict[str, psutil.Process]
) -> None:
    said = scripts.run("workers/stop-workers.sh", "emial", "default", status=1)

    assert "no workers of the lane emial were started from here; there are:" in said
    assert _running(started) == {"email quiet"}


def test_stopping_refuses_words_that_it_does_not_know(
    scripts: Scripts, started: dict[str, psutil.Process]
) -> None:
    for word in ("--nwo", "", "--lane=email"):
        assert f"not '{word}'" in scripts.run("workers/stop-workers.sh", word, "--now", status=2)
    scripts.run("workers/stop-workers.sh", "*", status=1)

    assert _running(started) == {"default", "email quiet"}


def test_all_is_every_lane(scripts: Scripts, started: dict[str, psutil.Process]) -> None:
    assert "workers stopped" in scripts.run("workers/stop-workers.sh", "all")
    assert _running(started) == set()
    assert "no workers were started from here" in scripts.run("workers/stop-workers.sh")


def test_all_are_told_before_one_is_waited_for(
    scripts: Scripts, cluster: Cluster, state: Path, environment: pytest.MonkeyPatch, stopping: None
) -> None:
    environment.setenv("TALLY_WORKER__LANE_GRACE", '{"default": "limit"}')
    job_id = cluster.enqueue("hold", {"until": str(cluster.folder / "go")})
    scripts.run("workers/start-workers.sh", "default", "--background")
    cluster.running(job_id)
    [first] = _pid_files(state)
    # The first by its name, whatever the numbers are.
    first.rename(first.with_name("workers-0.pid"))
    scripts.run("workers/start-workers.sh", "quiet", "--background")
    started = _supervisors(state)

    with _stopping(scripts, cluster.folder / "go"):
        eventually(lambda: _running(started) == {"default"}, timeout=10)
        assert cluster.job(job_id).state == JobState.STARTED

    assert _running(started) == set()
    assert cluster.ended(job_id).state == JobState.FINISHED


@contextmanager
def _stopping(scripts: Scripts, go: Path) -> Iterator[None]:
    with ThreadPoolExecutor() as pool:
        stopped = pool.submit(scripts.run, "workers/stop-workers.sh")
        try:
            yield
        finally:
            go.touch()
        assert "workers stopped" in stopped.result()


def test_workers_that_may_not_be_stopped_are_not_said_to_be(
    scripts: Scripts,
    started: dict[str, psutil.Process],
    state: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The system refuses to signal processes of other accounts; a function of the shell stands for it."""
    refusing = tmp_path / "refusing"
    refusing.write_text(
        'kill() { echo "bash: kill: ($2) - Operation not permitted" >&2; return 1; }\n'
    )
    with monkeypatch.context() as patch:
        patch.setenv("BASH_ENV", str(refusing))
        said = scripts.run("workers/stop-workers.sh", status=1)

    for supervisor in started.values():
        assert f"supervisor {supervisor.pid} goes on: ({supervisor.pid}) - Operation not" in said
    assert "not all workers were stopped" in said
    assert _running(started) == {"default", "email quiet"}
    assert len(_pid_files(state)) == 2


def test_a_process_that_is_hidden_is_not_taken_for_one_that_has_ended(
    scripts: Scripts, shell: Shell, state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where `/proc` is mounted with `hidepid`: neither `/proc` nor `ps` tells of it."""
    (state / "run").mkdir(parents=True)
    (state / "run/workers-1.pid").write_text("2147483647\n")
    refusing = tmp_path / "refusing"
    refusing.write_text(
        'kill() { echo "bash: kill: ($2) - Operation not permitted" >&2; return 1; }\n'
    )
    with monkeypatch.context() as patch:
        patch.setenv("BASH_ENV", str(refusing))
        said = scripts.run("workers/stop-workers.sh", status=1)

    assert "process 2147483647 of " in said
    assert "is hidden from " in said
    assert len(_pid_files(state)) == 1
    assert "no workers were started from here" in scripts.run("workers/stop-workers.sh")
    assert _pid_files(state) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("all", "email"), "there is no lane 'all'"),
        (("default", "--pid-file", "mine"), "leave --pid-file out"),
    ],
)
def test_starting_drops_no_word(
    scripts: Scripts, shell: Shell, stopping: None, words: tuple[str, ...], said: str
) -> None:
    status = 2 if "--pid-file" in words else 1

    assert said in scripts.run("workers/start-workers.sh", *words, status=status)
