"""Enqueueing, showing, finding, cancelling and retrying jobs from a shell."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backend.bootstrap.current import platform
from backend.domain.jobs.options.follow_ups import follow_up_id
from tests.integration.api.work import Work
from tests.integration.cli.dead_jobs import dead_jobs, work_off
from tests.integration.cli.shell import Shell
from tests.integration.runtime.cluster import Cluster
from tests.unit.cli.typed import typed

EVERY_FLAG = (
    "--run-at 2099-01-02T03:04:05+02:00 --expires-at 2099-02-01 --max-retries 0 --queue low "
    f"--retry-delays 10s,5m --version 1 --timeout 1.5 --result-ttl 1d --tag {'x' * 200} --tag vip "
    "--tenant acme --trace-id t-1 --context-id c-1 --environment staging --idempotency-key order-17 "
    "--idempotency-window 2h --limit-key shop-17 --limit 2 --job-id mine --test "
    "--callback-url https://example.com/told"
).split()
CARRIED = {
    "expires_at": "2099-02-01T00:00:00+00:00",
    "retry_delays": [10, 300],
    "timeout": 1.5,
    "result_ttl": 86400,
    "tags": ["x" * 200, "vip"],
    "tenant": "acme",
    "trace_id": "t-1",
    "context_id": "c-1",
    "environment": "staging",
    "idempotency_key": "order-17",
    "idempotency_window": 7200,
    "limit_key": "shop-17",
    "limit": 2,
    "callback_url": "https://example.com/told",
    "is_test": True,
}


def test_what_follows_a_job_is_said_and_shown(shell: Shell) -> None:
    words = ("jobs", "enqueue", "greet", '{"name": "Ada"}', "--on-success", "told")
    job_id = shell.run(*words).text.strip()

    shown = shell.run("jobs", "show", job_id).text

    [line] = [line for line in shown.splitlines() if "on success" in line]
    assert line.split()[2:] == ["told", follow_up_id(job_id, "on_success")]
    assert "on failure" not in shown
    unknown = shell.run(*words[:4], "--on-failure", "nobody", status=2)
    assert "[unknown_job_type]" in unknown.talk


def test_what_follows_may_be_given_a_payload_whose_secrets_are_never_shown(shell: Shell) -> None:
    letter = '{"job_type": "letter", "payload": {"to": "ada", "secret": "hunter2"}}'
    words = ("greet", '{"name": "Ada"}', "--on-success", letter)
    job_id = shell.run("jobs", "enqueue", *words).text.strip()

    shown = shell.run("jobs", "show", job_id).text
    told = [shell.run("jobs", "show", job_id, "--json").text]
    told += [shell.run("jobs", "preview", *words, *more).text for more in ((), ("--json",))]

    [line] = [line for line in shown.splitlines() if "on success" in line]
    assert line.endswith('{"to": "ada", "secret": "[hidden]"}')
    assert all("letter" in text and "hunter2" not in text for text in (shown, *told))
    refused = shell.run("jobs", "enqueue", *words[:3], '{"job_type"', status=2)
    assert "is no JSON" in refused.talk


def test_who_enqueues_what_is_there_already_is_told(shell: Shell) -> None:
    words = ("jobs", "enqueue", "greet", '{"name": "Ada"}', "--idempotency-key", "once")
    first = shell.run(*words)
    again = shell.run(*words)

    assert (first.text, first.talk) == (again.text, "")
    job_id = first.text.strip()
    assert again.talk == (
        "nothing new was enqueued: one that is the same, or has this key or id, was there already; "
        f"tally jobs show {job_id}\n"
    )
    assert shell.json(*words) == {"job_id": job_id, "created": False, "replaced": False}


def test_a_payload_that_is_no_json_is_told_what_one_looks_like(shell: Shell) -> None:
    refused = shell.run("jobs", "enqueue", "greet", "name=Ada", status=2)

    assert refused.talk == (
        "tally: the payload is not JSON (Expecting value: line 1 column 1 (char 0)): write an object, "
        'as {"name": "Ada"} [invalid_payload]\n'
    )


def test_a_job_is_enqueued_and_shown(shell: Shell) -> None:
    job_id = shell.run("jobs", "enqueue", "greet", '{"name": "Ada"}', "-p", "high").text.strip()

    shown = shell.run("jobs", "show", job_id).text

    assert "queued" in shown
    assert "high" in shown
    assert '{"name": "Ada"}' in shown


def test_a_payload_comes_from_a_file_or_from_standard_input(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "payload.json").write_text('{"name": "File"}')

    shell.run("jobs", "enqueue", "greet", f"@{tmp_path / 'payload.json'}")
    shell.run("jobs", "enqueue", "greet", "-", typed='{"name": "Pipe"}')

    assert _names(shell) == {"File", "Pipe"}


def test_what_cannot_be_is_status_2_and_names_the_nearest(shell: Shell) -> None:
    answer = shell.run("jobs", "enqueue", "gret", status=2)

    assert "did you mean 'greet'" in answer.talk
    assert "[unknown_job_type]" in answer.talk


def test_a_job_that_is_not_there_is_status_1(shell: Shell) -> None:
    assert "[job_not_found]" in shell.run("jobs", "show", "nobody", status=1).talk
    assert "[job_not_found]" in shell.run("jobs", "cancel", "nobody", status=1).talk


def test_jobs_are_found_by_state_type_and_tag(shell: Shell) -> None:
    shell.run("jobs", "enqueue", "greet", '{"name": "A"}', "--tag", "vip")
    shell.run("jobs", "enqueue", "greet", '{"name": "B"}', "--delay", "2h")

    assert _names(shell, "--tag", "vip") == {"A"}
    assert _names(shell, "--state", "scheduled") == {"B"}


def _names(shell: Shell, *conditions: str) -> set[str]:
    """Whom the jobs greet that are found."""
    found = shell.json("jobs", "list", "--source", "live", *conditions)["jobs"]
    shown = [shell.json("jobs", "show", job["id"])["job"] for job in found]
    return {job["payload"]["name"] for job in shown}


@pytest.mark.parametrize(
    "words",
    [("jobs", "enqueue", "greet", '{"name": "A"}'), ("queues", "pause", "low")],
    ids=" ".join,
)
def test_while_redis_refuses_a_command_says_so_in_one_line(
    shell: Shell, words: tuple[str, ...]
) -> None:
    redis = platform().redis
    redis.config_set("min-replicas-to-write", 1)
    try:
        said = shell.run(*words, status=1).talk
    finally:
        redis.config_set("min-replicas-to-write", 0)

    [line] = said.strip().splitlines()
    assert line.startswith("tally: Redis cannot be used now: ")
    assert line.endswith("[queue_unavailable]")


def test_a_listed_job_has_one_shape_whichever_store_knows_it(shell: Shell) -> None:
    shell.run("jobs", "enqueue", "greet", '{"name": "A"}', "--delay", "2h", "--tag", "shape")
    Work(platform()).record()

    live, recorded = (
        shell.json("jobs", "list", "--source", source, "--tag", "shape")["jobs"]
        for source in ("live", "history")
    )

    assert len(live) == len(recorded) == 1
    assert live[0].keys() == recorded[0].keys()
    assert "last_error" not in live[0]


def test_a_job_carries_what_was_said_on_the_command_line(shell: Shell) -> None:
    job_id = shell.run(
        "jobs", "enqueue", "greet", '{"name": "Ada"}', "--job-id", "mine-1", "--queue", "low:attended",
        "--retry-delays", "5s,1m", "--limit-key", "acme", "--limit", "2", "--result-ttl", "2h",
        "--expires-at", "2040-01-02T03:04:05", "--tenant", "acme", "--environment", "staging",
        "--context-id", "order-1", "--idempotency-key", "k", "--idempotency-window", "1h",
        "--callback-url", "https://example.com/told", "--version", "1", "--test",
    ).text.strip()  # fmt: skip

    job = shell.json("jobs", "show", job_id)["job"]
    shown = dict(
        line.strip().split(maxsplit=1)
        for line in shell.run("jobs", "show", job_id).text.splitlines()
        if len(line.split(maxsplit=1)) == 2 and not line.startswith("test run")
    )

    assert job_id == "mine-1"
    assert (job["queue"], job["max_attempts"]) == ("low:attended", 3)
    assert job["options"] == {
        "tenant": "acme", "context_id": "order-1", "environment": "staging", "is_test": True,
        "callback_url": "https://example.com/told", "limit_key": "acme", "limit": 2,
        "result_ttl": 7200, "idempotency_key": "k", "idempotency_window": 3600.0,
        "expires_at": "2040-01-02T03:04:05+00:00", "retry_delays": [5.0, 60.0],
    }  # fmt: skip
    assert (shown["tenant"], shown["context"], shown["environment"], shown["callback"]) == (
        "acme", "order-1", "staging", "https://example.com/told",
    )  # fmt: skip


def test_every_option_can_be_typed(shell: Shell) -> None:
    shell.run("jobs", "enqueue", "greet", '{"name": "A"}', *EVERY_FLAG)

    job = platform().queue_service.get_job("mine")
    assert (job.run_at, job.expires_at) == (
        datetime(2099, 1, 2, 1, 4, 5, tzinfo=UTC),
        datetime(2099, 2, 1, tzinfo=UTC),
    )
    assert (job.queue, job.max_attempts, job.options) == ("low", 1, CARRIED)


def test_an_instant_to_come_may_be_typed_as_a_duration(shell: Shell) -> None:
    before = datetime.now(UTC)
    shell.run("jobs", "enqueue", "greet", '{"name": "A"}', "--job-id", "a", "--expires-at", "6h")

    expires_at = platform().queue_service.get_job("a").expires_at
    assert expires_at is not None
    # Redis keeps milliseconds.
    assert expires_at >= before + timedelta(hours=6) - timedelta(milliseconds=1)


def test_a_preview_enqueues_nothing(shell: Shell) -> None:
    said = shell.json("jobs", "preview", "greet", '{"name": "A"}', "--delay", "10m")

    assert (said["queue"], said["state"], said["max_attempts"]) == ("normal", "scheduled", 4)
    assert shell.json("queues", "list")["queues"] == []


def test_a_preview_of_a_wrong_payload_is_status_1(shell: Shell) -> None:
    refused = shell.run("jobs", "preview", "greet", "{}", status=1).text
    assert "the payload does not fit 'greet': name: Field required [invalid_payload]" in refused


def test_canceling_many_asks_first(shell: Shell) -> None:
    ids = [shell.run("jobs", "enqueue", "greet", '{"name": "A"}').text.strip() for _ in range(2)]

    assert "add --yes" in shell.run("jobs", "cancel", *ids, status=2).talk
    shell.run("jobs", "cancel", *ids, "--yes", "--reason", "twice")

    assert {job["state"] for job in shell.json("jobs", "list", "--source", "live")["jobs"]} <= {
        "canceled"
    }
    rows = shell.json("audit", "list", "--action", "jobs.cancel")
    assert {row["reason"] for row in rows} >= {"twice"}


def test_a_waiting_job_is_moved_to_another_priority(shell: Shell) -> None:
    job_id = shell.run("jobs", "enqueue", "greet", '{"name": "A"}').text.strip()

    assert "waits in high" in shell.run("jobs", "move", job_id, "high").text


def test_why_names_what_keeps_a_job(shell: Shell) -> None:
    job_id = shell.run("jobs", "enqueue", "greet", '{"name": "A"}', "--delay", "1h").text.strip()

    assert "due in" in shell.run("jobs", "why", job_id).text


def test_why_of_a_job_that_left_redis_is_answered_from_the_record(
    shell: Shell,
) -> None:
    [job_id] = dead_jobs("fail")
    Work(platform()).record()
    platform().redis.flushall()
    platform().load_library()

    told = shell.run("jobs", "why", job_id).text
    unknown = shell.run("jobs", "why", "nobody", status=1).talk

    assert told == "failed: it is failed; Redis does not hold it any more\n"
    assert "no job 'nobody' on record" in unknown


@pytest.mark.usefixtures("shell")
def test_why_of_an_ended_job_says_that_redis_cannot_be_asked() -> None:
    [job_id] = dead_jobs("fail")
    Work(platform()).record()

    # Nothing listens there.
    told = typed("jobs", "why", job_id, REDIS_URL="redis://127.0.0.1:1/0").stdout

    assert (
        told == "failed: on record it is failed; Redis cannot be asked whether it holds it still\n"
    )


def test_waiting_for_a_job_shows_its_result(shell: Shell, cluster: Cluster) -> None:
    cluster.workers("default")

    text = shell.run("jobs", "enqueue", "greet", '{"name": "Ada"}', "--wait", "20s").text

    assert "Hello, Ada!" in text


def test_a_failed_job_is_retried_with_another_payload(shell: Shell) -> None:
    [job_id] = dead_jobs("fail")
    assert "ValueError: as told" in shell.run("jobs", "show", job_id).text

    shell.run("jobs", "retry", job_id, "--payload", '{"until": 1}', "--reason", "fixed")
    work_off()

    assert shell.json("jobs", "show", job_id)["job"]["state"] == "finished"
    assert shell.run("jobs", "retry", job_id, status=1).talk


def test_types_are_listed_with_their_limits(shell: Shell) -> None:
    kinds = {kind["name"]: kind for kind in shell.json("jobs", "types")}

    assert kinds["greet"]["timeout_seconds"] == 10
    assert kinds["isolated_note"]["isolation"] == "process"


def test_no_retries_are_not_no_word_about_retries(shell: Shell) -> None:
    said = shell.json("jobs", "preview", "fail", "{}", "--max-retries", "0")

    assert said["max_attempts"] == 1


def test_jobs_are_run_before_they_are_due_and_those_that_cannot_be_are_named(shell: Shell) -> None:
    job_id = shell.run("jobs", "enqueue", "greet", '{"name": "A"}', "--delay", "2h").text.strip()

    assert f"{job_id} waits in normal" in shell.run("jobs", "run", job_id).text

    again = shell.run("jobs", "run", job_id, "nobody", status=1).talk
    assert "is queued; only scheduled jobs can be run sooner" in again
    assert "[job_not_found]" in again


def test_a_payload_that_cannot_be_read_is_one_line_and_status_2(
    shell: Shell, tmp_path: Path
) -> None:
    (tmp_path / "latin").write_bytes(b'{"name": "Zo\xeb"}')
    enqueue = ("jobs", "enqueue", "greet")

    for word in ("absent", "", "latin"):
        talk = shell.run(*enqueue, f"@{tmp_path / word}", status=2).talk
        assert talk.startswith(f"tally: the payload {tmp_path / word} ")
        assert talk.endswith(" [invalid_payload]\n")
    redrive = ("dlq", "redrive", "1", "--payload", "@absent")
    assert "No such file" in shell.run(*redrive, status=2).talk
    assert "No such file" in shell.run("schedules", "add", "a", "greet", "@absent", status=2).talk


def test_waiting_for_a_job_that_fails_is_status_1(shell: Shell, cluster: Cluster) -> None:
    cluster.workers("default")

    said = shell.run("jobs", "enqueue", "fail", "--max-retries=0", "--wait=20s", status=1).text

    assert "ValueError: as told" in said


def test_attempts_before_a_redrive_are_told_apart_from_those_that_count(shell: Shell) -> None:
    [job_id] = dead_jobs("fail")
    assert re.search(r"attempt +1 of 1 *\n", shell.run("jobs", "show", job_id).text)
    assert " 1/1 " in shell.run("dlq", "list").text

    shell.run("jobs", "retry", job_id)
    assert re.search(r"attempt +1, 0 of 1 counted *\n", shell.run("jobs", "show", job_id).text)
    work_off()

    assert re.search(r"attempt +2, 1 of 1 counted *\n", shell.run("jobs", "show", job_id).text)
    assert " 2, 1/1 counted " in shell.run("dlq", "list").text
    Work(platform()).record()
    on_record = shell.run("jobs", "list", "--type", "fail", "--source", "history").text
    assert " 2, at most 1 counted " in on_record
