"""Worker processes from a shell."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from backend.bootstrap.current import platform
from backend.cli.main import tally
from tests.eventually import eventually
from tests.integration.cli.shell import Shell
from tests.integration.runtime.cluster import Cluster


def test_workers_are_listed_and_one_is_stopped(shell: Shell, cluster: Cluster) -> None:
    cluster.workers("default")
    name = shell.json("workers", "list")[0]["name"]

    # A process is on record some moments before it listens.
    eventually(lambda: CliRunner().invoke(tally, ["workers", "stop", name]).exit_code == 0)

    eventually(
        lambda: name not in {worker["name"] for worker in shell.json("workers", "list")}, timeout=20
    )
    eventually(lambda: shell.json("workers", "list"), timeout=20)


def test_the_record_of_a_killed_worker_is_cleared(shell: Shell, cluster: Cluster) -> None:
    supervisor = cluster.workers("default")

    cluster.vanish(supervisor)
    assert "no heartbeat" in shell.run("workers", "list").text

    assert shell.run("workers", "clear", "--yes").text == "1 cleared\n"

    assert shell.json("workers", "list") == []
    assert shell.run("workers", "clear").text == "nothing to clear\n"


def test_a_worker_that_does_not_listen_is_status_1(shell: Shell) -> None:
    platform().redis.sadd(platform().keys.workers, platform().keys.worker("gone"))
    said = "gone does not listen; it is gone or cut off"

    assert shell.run("workers", "stop", "gone", status=1).talk == f"tally: {said}\n"
    told = shell.run("workers", "stop", "gone", "--json", status=1).json
    assert told == {"done": {}, "refused": {"gone": said}}


def test_a_worker_nobody_knows_is_status_1(shell: Shell) -> None:
    assert "[worker_not_found]" in shell.run("workers", "stop", "nobody", status=1).talk


def test_a_lane_of_which_no_worker_process_runs_is_told_and_an_unknown_one_refused(
    shell: Shell,
) -> None:
    for command in (("list",), ("stop", "--yes")):
        said = shell.run("workers", *command, "--lane", "email")
        assert "no worker process of the lane email is on record" in said.text + said.talk
        wrong = shell.run("workers", *command, "--lane", "emial", status=2).talk
        assert "there is no lane 'emial', did you mean 'email'?" in wrong


def test_what_a_worker_runs_is_told_before_its_next_heartbeat(
    shell: Shell, cluster: Cluster
) -> None:
    cluster.workers("default", concurrency=3)
    go = str(cluster.folder / "go")
    ids = [cluster.enqueue("hold", {"until": go}) for _ in range(2)]
    for job_id in ids:
        cluster.running(job_id)

    (told,) = shell.json("workers", "list")
    text = shell.run("workers", "list").text
    Path(go).touch()

    # Three threads, and a hundred jobs that the event loop would take.
    assert (told["state"], told["busy_slots"], told["slots"]) == ("busy", 2, 103)
    assert told["current_job"] in ids
    assert f"{told['current_job']} and 1 more" in text
    for job_id in ids:
        cluster.ended(job_id)
    (told,) = shell.json("workers", "list")
    assert (told["state"], told["busy_slots"], told["current_job"]) == ("idle", 0, "")
