"""New jobs from a shell."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import click

from backend.bootstrap.current import platform
from backend.cli.input import options
from backend.cli.input.completing import a_job_type
from backend.cli.input.identity import who
from backend.cli.input.instants import DURATION
from backend.cli.input.job_option_flags import job_options, said_options
from backend.cli.input.parts import actions, preview_service
from backend.cli.output.ages import length
from backend.cli.output.job_printing import masked_options, print_job
from backend.cli.output.plain_data import plain
from backend.cli.output.printing import print_facts, print_json, print_rows, say, tell
from backend.domain.errors import InvalidPayload
from backend.domain.jobs.job import EnqueueReply
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.payload_text import payload_in
from backend.domain.jobs.plans.job_preview import GateAhead
from backend.domain.jobs.queue_name import QueueName
from backend.services.finding.declared_gates import declared_gates
from backend.services.jobs.job_options import JobRequest


@click.command()
@click.argument("job_type", shell_complete=a_job_type)
@click.argument("payload", default="{}")
@job_options
@click.option(
    "--wait",
    "patience",
    type=DURATION,
    help="Wait so long for it to end, and show it; exit status 1 unless it finished.",
)
@options.as_json
def enqueue(
    job_type: str, payload: str, patience: float | None, as_json: bool, **asked: Any
) -> None:
    """Enqueues one job and prints its id: that of the one that is there already, where it is the same.

    PAYLOAD is a JSON object, @FILE, or - for standard input.

    \b
    Examples:
      tally jobs enqueue send_email '{"to": "ada@example.com", "subject": "Hi", "text": "Hello"}'
      tally jobs enqueue greet '{"name": "Ada"}' --priority high --wait 10s
      tally jobs enqueue generate_report '{"report": "failures_of_a_week"}' --delay 2h --tag weekly
      tally jobs enqueue greet '{"name": "Ada"}' --queue low:email --context-id order-42
      tally jobs enqueue greet '{"name": "Ada"}' --limit-key ada --limit 1 --expires-at 6h
      tally jobs enqueue greet '{"name": "Ada"}' --retry-delays 10s,5m --result-ttl 1d
      echo '{"name": "Ada"}' | tally jobs enqueue greet -
    """
    reply = actions().jobs.enqueue(who(), job_type, payload_from(payload), **said_options(asked))
    if not reply.created:
        say(f"nothing new was enqueued: {_already_there(reply)}; tally jobs show {reply.id}")
    if patience is not None:
        # Before: whoever gives up, or loses a store meanwhile, would enqueue it once more.
        say(f"waiting for job {reply.id}")
        job = platform().queue_service.wait(reply.id, patience)
        print_job(job, as_json=as_json)
        sys.exit(0 if job.state is JobState.FINISHED else 1)
    if as_json:
        print_json({"job_id": reply.id, "created": reply.created, "replaced": reply.replaced})
    else:
        tell(reply.id)


def _already_there(reply: EnqueueReply) -> str:
    there = "one that is the same, or has this key or id, was there already"
    return f"{there}, and has this payload now" if reply.replaced else there


@click.command()
@click.argument("job_type", shell_complete=a_job_type)
@click.argument("payload", default="{}")
@job_options
@options.as_json
def preview(job_type: str, payload: str, as_json: bool, **asked: Any) -> None:
    """Says what would happen to a job (queue, time, retries, gates) and enqueues nothing."""
    said = {"job_type": job_type, "payload": payload_from(payload), **said_options(asked)}
    request = cast("JobRequest", said)
    shown = preview_service().preview_jobs([request]).jobs[0]
    shown = replace(shown, options=masked_options(shown.options))
    if as_json:
        print_json(shown)
    else:
        said = {**plain(shown), "gates": None, "twin": None, "error": _words_of(shown.error)}
        facts = [(name.replace("_", " "), value) for name, value in said.items()]
        facts += [("waits for", _with_waiting(gate)) for gate in shown.gates or ()]
        facts += [("twin", shown.twin.words)] if shown.twin else []
        print_facts([(name, value) for name, value in facts if value not in (None, [], {}, False)])
    sys.exit(0 if shown.is_valid else 1)


@click.command()
@options.as_json
def types(as_json: bool) -> None:
    """Lists every job type of this deployment."""
    known = list(platform().catalogue)
    if as_json:
        print_json([_type_facts(kind) for kind in known])
        return
    print_rows(
        ("job type", "queue", "isolation", "time limit", "attempts", "does"),
        [
            (
                kind.name,
                QueueName(kind.priority, kind.lane),
                kind.isolation.value,
                length(kind.timeout),
                kind.retry.max_attempts,
                kind.description.partition("\n")[0],
            )
            for kind in known
        ],
    )


def _words_of(error: Mapping[str, Any] | None) -> str | None:
    return f"{error['message']} [{error['code']}]" if error else None


def _with_waiting(gate: GateAhead) -> str:
    return f"{gate.text} ({gate.waiting} wait there)" if gate.waiting else gate.text


def _type_facts(kind: Any) -> dict[str, Any]:
    return {
        "name": kind.name,
        "lane": kind.lane,
        "priority": kind.priority,
        "isolation": kind.isolation,
        "timeout_seconds": kind.timeout,
        "max_attempts": kind.retry.max_attempts,
        "limit": kind.limit,
        "gates": declared_gates(kind),
        "version": kind.version,
        "description": kind.description,
        "payload": kind.payload_schema,
    }


def payload_from(text: str) -> dict[str, Any]:
    """The payload that was written on the command line, in a file, or on standard input."""
    if text == "-" or text.startswith("@"):
        text = _content(text.removeprefix("@"))
    return payload_in(text)


def _content(path: str) -> str:
    """What is in a file, or on standard input for `-`; raises `InvalidPayload`."""
    try:
        with click.open_file(path, encoding="utf-8") as file:
            return str(file.read())
    except OSError as error:
        raise InvalidPayload(f"the payload {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidPayload(f"the payload {path} is not UTF-8: {error.reason}") from error
