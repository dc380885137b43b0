"""``tally dlq``: the jobs that were given up, and what people do with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from itertools import islice
from typing import Any

import click

from backend.bootstrap.current import platform
from backend.cli.commands.jobs.enqueueing import payload_from
from backend.cli.commands.jobs.reading import show as show_job
from backend.cli.input import options
from backend.cli.input.bulk import answered_anyhow, for_each
from backend.cli.input.command_group import CommandGroup
from backend.cli.input.confirmation import confirm
from backend.cli.input.identity import who
from backend.cli.input.parts import actions, dead_letters
from backend.cli.output import on_record
from backend.cli.output.ages import age
from backend.cli.output.job_printing import attempts_of
from backend.cli.output.plain_data import plain
from backend.cli.output.printing import print_json, print_rows, say, tell
from backend.domain.errors import QueueUnavailable
from backend.domain.jobs.job import JobView
from backend.domain.jobs.job_filter import JobFilter

_DONE = {"redrive": "queued again", "discard": "discarded"}
_WHY_LEFT_OUT = {
    "redrive": "a job that is the same holds its key (--anyway), or it is not dead any more",
    "discard": "it is not dead any more",
}
#: Dead jobs of one command.
_MOST = 10**6
#: Of one action: where it breaks off, it is known of those before.
_AT_ONCE = 1000
Bulk = Callable[[list[str]], list[str]]


@click.group(cls=CommandGroup)
def dlq() -> None:
    """Shows the dead-letter queue; redrives, discards or resolves what is in it."""


dlq.add_command(show_job, "show")


@dlq.command("list")
@options.job_filter
@options.limit(20, most=10_000)
@options.as_json
def list_dead(limit: int, as_json: bool, **wanted: Any) -> None:
    """Lists dead jobs, the newest first, with their errors; while Redis cannot be asked, from the record.

    \b
    Examples:
      tally dlq list
      tally dlq list --type send_email --after 1h
      tally dlq list --error ConnectionError --limit 200 --json
    """
    chosen = options.filter_of(wanted)
    try:
        found = list(islice(dead_letters().matching(chosen), limit + 1))
        found, is_more = found[:limit], len(found) > limit
    except QueueUnavailable as away:
        on_record.print_dead(away, chosen, limit, as_json=as_json)
        return
    if as_json:
        print_json([_facts(job, died) for job, died in found])
        return
    print_rows(
        ("job", "type", "queue", "dead for", "attempts", "reason", "error"),
        [_row(job, died) for job, died in found],
        empty="no dead job matches" if any(wanted.values()) else "no job is dead",
    )
    if is_more and chosen == JobFilter():
        say(f"{limit} of {platform().inspection.dead_count()} shown; --limit shows more")
    elif is_more:
        say(f"{limit} shown, and more match; --limit shows them")


@dlq.command()
@options.job_filter
@options.as_json
def groups(as_json: bool, **wanted: Any) -> None:
    """Counts dead jobs by type, reason and error: what to repair first."""
    found = list(islice(dead_letters().matching(options.filter_of(wanted)), _MOST))
    counted = Counter(_group(job) for job, _ in found)
    newest = {_group(job): (job, died) for job, died in reversed(found)}
    rows = [(*group, count, *newest[group]) for group, count in counted.most_common()]
    if as_json:
        names = ("job_type", "reason", "error", "jobs")
        print_json([dict(zip(names, row[:4], strict=True)) | {"newest": row[4].id} for row in rows])
        return
    print_rows(
        ("jobs", "type", "reason", "error", "newest", "example", "message"),
        [
            (count, kind, reason, error, f"{age(died)} ago", job.id, _message(job))
            for kind, reason, error, count, job, died in rows
        ],
        empty="no job is dead",
    )


@dlq.command()
@click.argument("job_ids", nargs=-1, metavar="[JOB_ID...]")
@click.option("--all", "every", is_flag=True, help="Every dead job.")
@options.job_filter
@click.option("--payload", help="Run them with this payload instead: JSON, @FILE or -.")
@options.anyway
@options.yes
@options.reason
@options.as_json
def redrive(
    *,
    job_ids: tuple[str, ...],
    every: bool,
    payload: str | None,
    anyway: bool,
    yes: bool,
    reason: str,
    as_json: bool,
    **wanted: Any,
) -> None:
    """Sends dead jobs home to their queues, with all their attempts.

    \b
    Examples:
      tally dlq redrive 019c1f0a-7d3e-7b62-9a51-2f6c1f0e8d11
      tally dlq redrive --type send_email --error timeout --reason "receiver is back"
      tally dlq redrive --all --yes
    """
    changed = payload_from(payload) if payload is not None else None
    if changed is not None and not job_ids:
        raise click.UsageError("--payload goes with job ids.")

    def one(job_id: str) -> str:
        actions().jobs.retry(who(), job_id, reason=reason, payload=changed, anyway=anyway)
        return "queued again"

    def many(ids: list[str]) -> list[str]:
        return actions().dead_letters.redrive_many(who(), ids, reason=reason, anyway=anyway)

    chosen = _Chosen(job_ids, every=every, wanted=wanted)
    chosen.act("redrive", one, many, yes=yes, as_json=as_json)


@dlq.command()
@click.argument("job_ids", nargs=-1, metavar="[JOB_ID...]")
@click.option("--all", "every", is_flag=True, help="Every dead job.")
@options.job_filter
@options.yes
@options.reason
@options.as_json
def discard(
    job_ids: tuple[str, ...], every: bool, yes: bool, reason: str, as_json: bool, **wanted: Any
) -> None:
    """Takes dead jobs out of the dead-letter queue for good; history keeps them."""

    def one(job_id: str) -> str:
        actions().dead_letters.discard(who(), job_id, reason=reason)
        return "discarded"

    def many(ids: list[str]) -> list[str]:
        return actions().dead_letters.discard_many(who(), ids, reason=reason)

    if len(job_ids) > 0:
        confirm(f"Discard {len(job_ids)} dead job(s)?", yes=yes)
    chosen = _Chosen(job_ids, every=every, wanted=wanted)
    chosen.act("discard", one, many, yes=yes, as_json=as_json)


@dlq.command()
@click.argument("job_ids", nargs=-1, required=True, metavar="JOB_ID...")
@options.reason
@options.as_json
def resolve(job_ids: tuple[str, ...], reason: str, as_json: bool) -> None:
    """Marks dead jobs as done by hand: they count as finished, and who said so is recorded."""

    def one(job_id: str) -> str:
        actions().jobs.resolve(who(), job_id, reason=reason)
        return "resolved"

    for_each(job_ids, one, as_json=as_json)


class _Chosen:
    """The dead jobs that a command line names: by id, by a filter, or all; never by accident."""

    def __init__(self, job_ids: tuple[str, ...], *, every: bool, wanted: dict[str, Any]) -> None:
        self._job_ids = job_ids
        self._filter = options.filter_of(wanted)
        said = {"Job ids": job_ids, "--all": every, "a filter": self._filter != JobFilter()}
        given = [what for what, is_given in said.items() if is_given]
        if not given:
            raise click.UsageError("Name jobs, or give a filter, or say --all.")
        if len(given) > 1:
            raise click.UsageError(f"{' and '.join(given)} exclude each other: give one of them.")

    def act(
        self,
        verb: str,
        one: Callable[[str], str],
        many: Bulk,
        *,
        yes: bool,
        as_json: bool,
    ) -> None:
        """Acts on each; what a filter takes is counted and asked about, and no other is touched."""
        if self._job_ids:
            for_each(self._job_ids, one, as_json=as_json)
            return
        ids = [job.id for job, _ in islice(dead_letters().matching(self._filter), _MOST)]
        done: list[str] = []

        def answer() -> None:
            _tell(verb, ids, done, as_json=as_json)

        if ids:
            confirm(f"{verb.capitalize()} {len(ids)} dead job(s)?", yes=yes)
        with answered_anyhow(answer, lambda: bool(done)):
            for at in range(0, len(ids), _AT_ONCE):
                done += many(ids[at : at + _AT_ONCE])


def _tell(verb: str, ids: list[str], done: list[str], *, as_json: bool) -> None:
    left_out = list(dict.fromkeys(ids).keys() - set(done))
    if as_json:
        print_json({"done": done, "left_out": left_out})
        return
    tell(f"{len(done)}{f' of {len(ids)}' if left_out else ''} {_DONE[verb]}")
    if left_out:
        more = f" and {len(left_out) - 1} more" if len(left_out) > 1 else ""
        say(f"left out: {left_out[0]}{more}; {_WHY_LEFT_OUT[verb]}")


def _group(job: JobView) -> tuple[str, str, str]:
    error = job.error
    return (job.job_type, error.reason, error.error) if error else (job.job_type, "", "")


def _row(job: JobView, died: datetime) -> tuple[object, ...]:
    reason, error = (job.error.reason, job.error.error) if job.error else ("", "")
    text = f"{error}: {_message(job)}"
    return (job.id, job.job_type, job.queue, age(died), attempts_of(job, "/"), reason, text)


def _message(job: JobView) -> str:
    return job.error.message.partition("\n")[0][:120] if job.error else ""


def _facts(job: JobView, died: datetime) -> dict[str, Any]:
    return {
        "id": job.id,
        "job_type": job.job_type,
        "queue": job.queue,
        "died_at": died.isoformat(),
        "attempt": job.attempt,
        "error": plain(job.error),
        "tags": job.tags,
        "source": "live",
    }
