"""Every script of the runbook, on real servers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import text

from backend.bootstrap.current import platform
from backend.cli.commands.dlq import redrive
from backend.cli.input.instants import INSTANT
from backend.history.server.connection import connect
from tests.integration.api.work import Work
from tests.integration.cli.dead_jobs import dead_jobs
from tests.integration.cli.scripts import ROOT, Scripts
from tests.integration.cli.shell import Shell
from tests.integration.runtime.cluster import Cluster

ALL = sorted(
    str(path.relative_to(ROOT / "scripts"))
    for path in [*ROOT.glob("scripts/jobs/*.sh"), *ROOT.glob("scripts/workers/*.sh")]
)


@pytest.fixture
def dead(shell: Shell) -> list[str]:
    """Two dead jobs."""
    return dead_jobs("fail", "fail")


@pytest.mark.parametrize("script", [*ALL, "start-redis.sh"])
def test_each_script_explains_itself(scripts: Scripts, script: str) -> None:
    said = scripts.run(script, "--help")

    assert Path(script).name in said
    assert "#!" not in said


def test_queue_stats_shows_queues_and_books(scripts: Scripts, shell: Shell) -> None:
    shell.run("jobs", "enqueue", "greet", '{"name": "A"}')

    assert re.search(r"normal +1 .*balance", scripts.run("jobs/queue-stats.sh"))


def test_list_failed_names_errors(scripts: Scripts, dead: list[str]) -> None:
    listed = scripts.run("jobs/list-failed.sh")
    assert all(job_id in listed for job_id in dead)
    assert re.search(
        r"2 +fail +exception +ValueError", scripts.run("jobs/list-failed.sh", "--groups")
    )


def test_one_dead_job_shows_its_traceback_and_is_sent_back(
    scripts: Scripts, dead: list[str]
) -> None:
    assert 'raise ValueError(payload.get("message", "as told"))' in scripts.run(
        "jobs/job-status.sh", dead[0]
    )
    assert "queued again" in scripts.run("jobs/retry-job.sh", dead[0])


def test_retry_all_failed_asks_and_takes_a_queue(scripts: Scripts, dead: list[str]) -> None:
    assert "--yes" in scripts.run("jobs/retry-all-failed.sh", status=2)
    assert "0 queued again" in scripts.run("jobs/retry-all-failed.sh", "high", "--yes")
    assert "normal:email" in scripts.run("jobs/retry-all-failed.sh", "email", "--yes")
    assert "2 queued again" in scripts.run("jobs/retry-all-failed.sh", "normal", "--yes")


def test_retry_all_failed_takes_a_queue_as_an_option_too(scripts: Scripts, dead: list[str]) -> None:
    for words in (("--queue", "low:export"), ("--queue=high",), ("--reason", "r", "--tag=none")):
        assert "0 queued again" in scripts.run("jobs/retry-all-failed.sh", *words, "--yes")
    queue = ("--queue", "normal")
    assert "2 queued again" in scripts.run("jobs/retry-all-failed.sh", *queue, "--yes")


def test_retry_all_failed_takes_each_filter_that_redriving_has(scripts: Scripts) -> None:
    own = {"job_ids", "every", "payload", "anyway", "yes", "reason", "as_json"}
    filters = [option for option in redrive.params if option.name not in own]
    assert len(filters) > 10

    for option in filters:
        value = "high" if option.name == "queue" else "2h" if option.type is INSTANT else "none"
        said = scripts.run("jobs/retry-all-failed.sh", option.opts[0], value, "--yes")
        assert "0 queued again" in said


def test_retry_all_failed_takes_one_queue(scripts: Scripts) -> None:
    for first, second in (("high", "--queue=low"), ("email", "--queue")):
        words = (first, second, "low", "--yes")
        assert "exclude each other" in scripts.run("jobs/retry-all-failed.sh", *words, status=2)


def test_retry_all_failed_refuses_lanes_and_queues_that_do_not_exist(scripts: Scripts) -> None:
    for word in ("emial", "high:emial"):
        said = scripts.run("jobs/retry-all-failed.sh", word, "--yes", status=2)
        assert "there is no queue 'high:emial', did you mean 'high:email'?" in said
        assert "queued again" not in said


def test_retry_all_failed_takes_everything_when_told(scripts: Scripts, dead: list[str]) -> None:
    assert "2 queued again" in scripts.run("jobs/retry-all-failed.sh", "--yes")


@pytest.mark.parametrize("words", [("--payload", "@right.json"), ("--payload=@right.json",)])
def test_files_are_looked_for_where_a_script_is_called(
    scripts: Scripts, dead: list[str], tmp_path: Path, words: tuple[str, ...]
) -> None:
    (tmp_path / "right.json").write_text('{"until": 0}')

    said = scripts.run("jobs/retry-job.sh", dead[0], *words, folder=tmp_path)

    assert "queued again" in said
    assert platform().queue_service.get_job(dead[0]).payload == {"until": 0}


def test_settings_are_looked_for_where_a_script_is_called(
    scripts: Scripts, shell: Shell, tmp_path: Path, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("TALLY_CONFIG", "config.yaml")

    assert "normal" in scripts.run("jobs/queue-stats.sh", "--all", folder=tmp_path)


def test_reset_stuck_takes_minutes(scripts: Scripts) -> None:
    assert "no job is stuck" in scripts.run("jobs/reset-stuck.sh", "10", "--yes")


def test_clear_pending_is_on_purpose_only(scripts: Scripts, shell: Shell) -> None:
    shell.run("jobs", "enqueue", "greet", '{"name": "A"}')

    scripts.run("jobs/clear-pending.sh", status=2)
    assert "--yes" in scripts.run("jobs/clear-pending.sh", "--all", status=2)
    assert "normal: 1 canceled" in scripts.run("jobs/clear-pending.sh", "--all", "--yes")


def test_purge_old_deletes_what_ended_long_ago(
    scripts: Scripts, shell: Shell, dead: list[str], record_url: str
) -> None:
    Work(platform()).record()
    engine = connect(record_url)
    # Forty days in versions: milliseconds, then 20 bits.
    earlier = "(40::bigint * 86400000) << 20"
    ended = text(
        f"UPDATE jobs SET position = position - ({earlier}), status_version = status_version - "
        f"({earlier}) WHERE id = ANY(:ids) AND status = 'failed'"
    )
    with engine.begin() as connection:
        assert connection.execute(ended, {"ids": dead}).rowcount == len(dead)

    assert "0 jobs deleted" in scripts.run("jobs/purge-old.sh", "30", "--yes")
    purge = ("jobs/purge-old.sh", "30", "--include-failed", "--yes")
    assert "0 jobs deleted" in scripts.run(*purge)
    shell.run("dlq", "discard", *dead, "--yes")
    Work(platform()).record()
    assert "2 jobs deleted" in scripts.run(*purge)
    engine.dispose()


def test_apply_schema_has_nothing_left_to_do(scripts: Scripts) -> None:
    assert "up to date" in scripts.run("jobs/apply-schema.sh")


def test_workers_status_lists_workers(scripts: Scripts, cluster: Cluster) -> None:
    cluster.workers("default")

    assert "idle" in scripts.run("workers/workers-status.sh")


def test_scripts_that_look_need_the_database_alone(
    scripts: Scripts,
    dead: list[str],
    shell: Shell,
    environment: pytest.MonkeyPatch,
    record_url: str,
) -> None:
    engine = connect(record_url)
    with engine.begin() as connection:
        # Dead letters of other tests are on record too.
        connection.execute(text("TRUNCATE jobs CASCADE"))
    engine.dispose()
    shell.run("dlq", "discard", dead[0], "--reason", "by hand", "--yes")
    Work(platform()).record()
    # Nothing listens there, as where Redis is looked for when no REDIS_URL is set.
    environment.setenv("REDIS_URL", "redis://127.0.0.1:1/0")

    stats = scripts.run("jobs/queue-stats.sh")
    failed = scripts.run("jobs/list-failed.sh")
    status = scripts.run("jobs/job-status.sh", dead[1])

    assert re.search(r"normal +0 +0 +0 +1", stats), stats
    assert dead[1] in failed
    assert dead[0] not in failed
    assert "ValueError: as told" in failed
    assert "(on record only)" in status
    for told in (stats, failed):
        assert ": this is the record, some moments old" in told
    environment.setenv("JOB_QUEUE_DATABASE_URL", "postgresql://tally@127.0.0.1:1/tally")
    assert scripts.run("jobs/queue-stats.sh", status=1).startswith(
        "tally: Redis cannot be used now"
    )
