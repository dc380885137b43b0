"""``tally queues``: how much waits where; pause, resume, limit, purge."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import click

from backend.bootstrap.current import platform
from backend.cli.commands.queues.foreign_jobs import foreign, give_back
from backend.cli.commands.queues.keyed_rules import fair, limit_key, lines, rate_key
from backend.cli.input import options
from backend.cli.input.bulk import answered_anyhow
from backend.cli.input.command_group import CommandGroup
from backend.cli.input.completing import a_job_type, a_pausable, a_queue
from backend.cli.input.confirmation import confirm
from backend.cli.input.identity import who
from backend.cli.input.known_queues import known_queue
from backend.cli.input.most_or_default import MostOrDefault
from backend.cli.input.parts import actions, live_listing
from backend.cli.input.rate_or_word import RateOrWord
from backend.cli.output import on_record
from backend.cli.output.ages import age
from backend.cli.output.job_printing import attempts_of
from backend.cli.output.plain_data import plain
from backend.cli.output.printing import print_json, print_rows, say, tell
from backend.domain.errors import QueueUnavailable
from backend.domain.jobs.job_filter import JobFilter
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.options.rate import Rate, RateWord
from backend.domain.jobs.pause import Pause
from backend.domain.jobs.queue_name import queues_of
from backend.domain.jobs.queue_state import QueueState
from backend.services.finding.gate_listing import GateLine, GateListing
from backend.services.health.health_situation import jobs
from backend.services.health.pause_words import pause_words, resume_command

_SHOWN = (JobState.QUEUED, JobState.STARTED, JobState.SCHEDULED, JobState.DEFERRED)
_ENDED = (JobState.FINISHED, JobState.FAILED, JobState.CANCELED)


@click.group(cls=CommandGroup)
def queues() -> None:
    """Shows queues, and pauses, resumes, limits and empties them."""


@queues.command("list")
@click.option("--all", "with_empty", is_flag=True, help="Also queues that never held a job.")
@options.as_json
def list_queues(with_empty: bool, as_json: bool) -> None:
    """Shows every queue: what waits, runs, is done, for how long the oldest waits, the balance.

    While Redis cannot be asked, what the record knows of it.

    \b
    Examples:
      tally queues list
      tally queues list --json | jq '.queues[] | select(.counts.queued > 1000)'
    """
    try:
        _print_live(with_empty=with_empty, as_json=as_json)
    except QueueUnavailable as away:
        on_record.print_queues(away, as_json=as_json)


def _print_live(*, with_empty: bool, as_json: bool) -> None:
    look = platform().inspection
    states = look.queue_states(_names(with_empty=with_empty))
    pauses, dead, stuck = look.pauses(), look.dead_count(), _stuck_count()
    if as_json:
        print_json(
            {
                "queues": [{**plain(state), "difference": state.difference} for state in states],
                "paused": [pause.what for pause in pauses],
                "pauses": [_pause(pause, states) for pause in pauses],
                "dead": dead,
                "started_over_5_minutes": stuck,
                "source": "live",
            }
        )
        return
    print_rows(
        ("queue", *_SHOWN, "oldest", "accepted", *_ENDED, "books", ""),
        [_row(state) for state in states],
        empty="no queue has held a job yet",
    )
    say(f"{dead} in the dead-letter queue; {stuck} running for more than 5 minutes")
    for pause in pauses:
        words = pause_words(pause, datetime.now(UTC))
        say(f"{words}; {jobs(pause.waiting(states))}: {resume_command(pause)}")


queues.add_command(list_queues, "stats")
queues.add_command(fair)
queues.add_command(limit_key)
queues.add_command(rate_key)
queues.add_command(lines)
queues.add_command(foreign)
queues.add_command(give_back)


@queues.command()
@click.argument("queue", shell_complete=a_queue)
@options.limit(20)
@options.as_json
def show(queue: str, limit: int, as_json: bool) -> None:
    """Shows what waits in one queue: the next to run first, then what a limit or a pause holds aside.

    Jobs in the lines of a fair queue are shown line by line.
    """
    look, queue = platform().inspection, known_queue(queue)
    in_line = {job_id: at for at, job_id in enumerate(look.waiting(queue, 0, limit), 1)}
    wanted = JobFilter(queue=queue, states=frozenset([JobState.QUEUED]))
    waiting = list(islice(live_listing().matching(wanted), limit))
    state = look.queue_states([queue])[0]
    if state.lined:
        say(f"{state.lined} stand in lines that take turns: tally queues lines {queue}")
    if parked := state.parked:
        say(
            f"{parked} of them stepped aside for a limit or a pause: tally jobs why tells for which"
        )
    if as_json:
        print_json(
            [
                {"id": job.id, "job_type": job.job_type, "parked": job.id not in in_line}
                for job in waiting
            ]
        )
        return
    print_rows(
        ("#", "job", "type", "waits for", "attempt"),
        [
            (
                in_line.get(job.id, "aside"),
                job.id,
                job.job_type,
                age(job.enqueued_at),
                attempts_of(job, "/"),
            )
            for job in waiting
        ],
        empty=f"nothing waits in {queue}",
    )


@queues.command()
@click.argument("what", shell_complete=a_pausable)
@options.reason
def pause(what: str, reason: str) -> None:
    """Lets nothing more start of a queue, lane or job type; what runs goes on.

    \b
    Examples:
      tally queues pause low
      tally queues pause lane:email --reason "mail server is down"
      tally queues pause type:send_webhook
    """
    name = _full(what)
    kind, _, plain_name = name.partition(":")
    pausing = {
        "queue": actions().queues.pause,
        "lane": actions().queues.pause_lane,
        "type": actions().types.pause,
    }
    done = pausing[kind](who(), plain_name, reason=reason)
    tell(f"{name} is paused" if done else f"{name} was paused already")


@queues.command()
@click.argument("what", shell_complete=a_pausable)
@options.reason
def resume(what: str, reason: str) -> None:
    """Lets what was paused go on."""
    name = _full(what)
    kind, _, plain_name = name.partition(":")
    resuming = {
        "queue": actions().queues.resume,
        "lane": actions().queues.resume_lane,
        "type": actions().types.resume,
    }
    done = resuming[kind](who(), plain_name, reason=reason)
    tell(f"{name} goes on" if done else f"{name} was not paused")


@queues.command()
@click.argument("job_type", shell_complete=a_job_type)
@click.argument("most", type=MostOrDefault())
@options.reason
def limit(job_type: str, most: int | str, reason: str) -> None:
    """How many jobs of a type may run at once in the whole deployment; 0: as many as can.

    `default` gives the limit back to the job type, as it is declared in code, now and with later releases.
    """
    wanted = most if isinstance(most, int) else None
    set_to = actions().types.limit(who(), job_type, wanted, reason=reason)
    tell(f"{job_type}: {set_to or 'no limit'}")


@queues.command()
@options.as_json
def gates(as_json: bool) -> None:
    """Shows what keeps jobs from starting: each gate, who waits behind it, since when, when it opens."""
    parts = platform()
    found = GateListing(parts.inspection, parts.broker.quotas, parts.clock.now).all()
    if as_json:
        print_json({"gates": [plain(line) for line in found]})
        return
    heads = ("gate", "waiting", "next", "since", "running", "opens")
    print_rows(heads, [_gate_row(line) for line in found], "no gate is set, and nobody waits aside")


def _gate_row(line: GateLine) -> tuple[str, ...]:
    instants = (f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else "" for at in (line.since, line.opens_at))
    since, opens = instants
    running = str(line.holders) if line.limit else ""
    return line.words, str(line.waiting), line.next_job_id, since, running, opens


@queues.command()
@click.argument("job_type", shell_complete=a_job_type)
@click.argument("rate", type=RateOrWord())
@options.reason
def rate(job_type: str, rate: Rate | RateWord, reason: str) -> None:
    """How many jobs of a type may start in a time in the whole deployment: `100/60` is a hundred a minute.

    `100/60/5` lets five of them start at once, a tenth of the limit unless said. `none` takes the rate
    away, `default` gives it back to the job type, as it is declared in code, now and with later releases.
    """
    set_to = actions().types.rate(who(), job_type, rate, reason=reason)
    tell(f"{job_type}: {set_to.words if set_to else 'no rate'}")


@queues.command()
@click.argument("queue_names", nargs=-1, metavar="[QUEUE...]", shell_complete=a_queue)
@click.option("--all", "every", is_flag=True, help="Every queue.")
@click.option("--scheduled", is_flag=True, help="Also what waits for its time.")
@options.yes
@options.reason
@options.as_json
def purge(
    *,
    queue_names: tuple[str, ...],
    every: bool,
    scheduled: bool,
    yes: bool,
    reason: str,
    as_json: bool,
) -> None:
    """Cancels everything that waits in queues. History keeps the jobs as canceled.

    \b
    Examples:
      tally queues purge low:export --reason "made by mistake"
      tally queues purge --all --scheduled --yes
    """
    if bool(queue_names) == every:
        raise click.UsageError("Name queues, or say --all.")
    names = [known_queue(name) for name in queue_names] or platform().inspection.queue_names()
    kinds = (JobState.QUEUED, JobState.SCHEDULED) if scheduled else (JobState.QUEUED,)
    states = platform().inspection.queue_states(names)
    waiting = sum(state.counts[kind] for state in states for kind in kinds)
    confirm(f"Cancel the {waiting} job(s) that wait in {', '.join(names) or 'no queue'}?", yes=yes)
    purged: dict[str, int] = {}

    def answer() -> None:
        _tell_purged(purged, as_json=as_json)

    with answered_anyhow(answer, lambda: bool(purged)):
        for name in names:
            purged[name] = actions().queues.purge(who(), name, reason=reason).jobs
        if scheduled:
            canceled = actions().queues.purge_scheduled(who(), names, reason=reason)
            purged["scheduled"] = len(canceled)


def _tell_purged(purged: dict[str, int], *, as_json: bool) -> None:
    if as_json:
        print_json(purged)
        return
    for name, count in purged.items():
        tell(f"{name}: {count} canceled")


def _names(*, with_empty: bool) -> list[str]:
    parts = platform()
    known = [str(queue) for queue in queues_of(parts.catalogue.lanes())]
    seen = parts.inspection.queue_names()
    if with_empty:
        return [*known, *(name for name in seen if name not in known)]
    return [*(n for n in known if n in seen), *(n for n in seen if n not in known)]


def _row(state: QueueState) -> tuple[object, ...]:
    return (
        state.name,
        *(state.counts[word] for word in _SHOWN),
        age(state.oldest_enqueued_at),
        state.accepted,
        *(state.counts[word] for word in _ENDED),
        "balance" if state.difference == 0 else f"out by {state.difference}",
        "paused" if state.paused else "",
    )


def _pause(pause: Pause, states: Sequence[QueueState]) -> dict[str, Any]:
    return {**plain(pause), "waiting": pause.waiting(states)}


def _stuck_count(seconds: float = 300) -> int:
    look, now = platform().inspection, datetime.now(UTC)
    started = [job_id for queue in look.queue_names() for job_id in look.started(queue)]
    return sum(
        job.started_at is not None and (now - job.started_at).total_seconds() > seconds
        for job in look.jobs(started)
    )


def _full(what: str) -> str:
    return what if what.partition(":")[0] in {"queue", "lane", "type"} else f"queue:{what}"
