"""The options of a job: what may be said of it beside its type, payload and priority. The one definition.

Python, HTTP, the command line, files and docs take names, ranges and words from here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import (
    Annotated,
    Any,
    Literal,
    NamedTuple,
    Required,
    TypedDict,
    get_args,
    get_type_hints,
)

from backend.domain.jobs import job_id
from backend.domain.jobs.options import bounds
from backend.domain.jobs.options.bounds import Bound

_HALF = re.compile("[\ud800-\udfff]")


def is_whole(text: str) -> bool:
    """Whether it has no half of a character (a lone surrogate), which neither store takes."""
    return text.isascii() or not _HALF.search(text)


class Text(NamedTuple):
    """What a text may look like."""

    longest: int
    #: Of the whole text, in the words that Python's expressions and JSON Schema's share.
    pattern: str
    words: str

    def fits(self, text: object) -> bool:
        """Whether it is such a text, of whole characters."""
        if not isinstance(text, str) or not 0 < len(text) <= self.longest:
            return False
        return re.fullmatch(self.pattern, text) is not None and is_whole(text)


class Many(NamedTuple):
    """Several values, and how many at most."""

    most: int


class OrJob(NamedTuple):
    """A job type by its name, or a job of it: an object of ``job_type`` and ``payload``."""

    words: str


#: Printable, so that it fits a header, a log line and a Redis key.
LINE = Text(
    512,
    r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]+",
    "a line of 1 to 512 characters without control characters",
)
SPAN = Text(
    512,
    "[0-9a-fA-F]{2}-[0-9a-fA-F]{32}-[0-9a-fA-F]{16}-[0-9a-fA-F]{2}(-[!-~]*)?",
    "a traceparent as W3C Trace Context writes it",
)
WEB_ADDRESS = Text(512, "https?://[!-~]+", "an address that begins with https:// or http://")
UNTIL = Text(
    32, r"(started|ended|none|[0-9]+(\.[0-9]+)?)", "started, ended, none, or a number of seconds"
)
ON_CONFLICT = Text(16, "(keep|replace|debounce)", "keep, replace or debounce")
QUEUE = Text(128, LINE.pattern, "a priority and a lane (high:email), a priority, or a lane")
JOB_ID = Text(64, job_id.PATTERN, job_id.WORDS)

_Words = list[str] | tuple[str, ...] | set[str] | frozenset[str]


class FollowUpRequest(TypedDict, total=False):
    """A job that is to follow another one, with a payload of its own.

    Declared functions make them: ``mail_report.with_payload(Report(…))``, ``charge.with_arguments(17)``.
    """

    job_type: Required[str]
    #: A mapping, or the job type's model. Without one it is told which job ended, as by its name alone.
    payload: Any


OR_JOB = OrJob("a job type, or an object of job_type and payload")


class JobOptions(TypedDict, total=False):
    """What a caller may say of a job; None says nothing.

    Durations are seconds; a naive instant means UTC.
    """

    run_at: Annotated[datetime | None, "Not before this instant; one in the past means now."]
    delay: Annotated[float | None, bounds.DELAY, "Not before so long from now; instead of run_at."]
    expires_at: Annotated[datetime | None, "Canceled if it has not started by then."]
    max_retries: Annotated[int | None, bounds.MAX_RETRIES, "Attempts after the first."]
    retry_delays: Annotated[
        Sequence[float] | None,
        bounds.RETRY_DELAY,
        Many(bounds.MOST_RETRY_DELAYS),
        "How long to wait before each retry; the last one holds for all that follow.",
    ]
    timeout: Annotated[
        float | None, bounds.TIMEOUT, "How long an attempt may take: its soft limit."
    ]
    result_ttl: Annotated[
        int | None,
        bounds.RESULT_TTL,
        "How long the finished job and its result stay in Redis, the job itself ten seconds at least.",
    ]
    tags: Annotated[_Words | None, LINE, Many(bounds.MOST_TAGS), "Words to find it by."]
    tenant: Annotated[str | None, LINE, "Whose job it is."]
    trace_id: Annotated[
        str | None, LINE, "The trace it belongs to; a whole traceparent is taken too."
    ]
    traceparent: Annotated[
        str | None, SPAN, "The span that asked for it, as W3C Trace Context writes it."
    ]
    tracestate: Annotated[str | None, LINE, "What vendors add to traceparent."]
    context_id: Annotated[str | None, LINE, "An id of the caller's own, to search by."]
    environment: Annotated[str | None, LINE, "Where it belongs, to search by: staging, production."]
    idempotency_key: Annotated[
        str | None, LINE, "The same key again is the same job, not another one."
    ]
    idempotency_window: Annotated[
        float | None, bounds.IDEMPOTENCY_WINDOW, "How long the key is remembered."
    ]
    unique: Annotated[
        str | float | None,
        UNTIL,
        "Of jobs that are the same one at a time: until it has started, until it has ended, or for so "
        "many seconds. `none` lifts what the job type says.",
    ]
    unique_by: Annotated[
        _Words | None,
        LINE,
        Many(bounds.MOST_UNIQUE_BY),
        "The payload fields that make jobs the same; all of the payload when it is left out.",
    ]
    on_conflict: Annotated[
        str | None,
        ON_CONFLICT,
        "What becomes of the job that is there: it is kept, gets the new payload, or is put off by `delay` "
        "too.",
    ]
    max_wait_seconds: Annotated[
        float | None,
        bounds.MAX_WAIT,
        "How long a debounce may put it off in all; ten delays when it is left out.",
    ]
    limit_key: Annotated[str | None, LINE, "Jobs of one key share one limit."]
    limit: Annotated[
        int | None, bounds.LIMIT, "So many jobs of limit_key at once, in the whole cluster."
    ]
    queue: Annotated[str | None, QUEUE, "Where it goes instead of to its job type's own queue."]
    version: Annotated[
        int | None,
        bounds.VERSION,
        "Refused unless this is the version of the job type that is deployed.",
    ]
    job_id: Annotated[str | None, JOB_ID, "An id of the caller's own making."]
    callback_url: Annotated[str | None, WEB_ADDRESS, "Gets the outcome as a signed POST."]
    on_success: Annotated[
        str | FollowUpRequest | None,
        LINE,
        OR_JOB,
        "The job type that is enqueued once it has finished; told which job, as a `JobEnded`. With a "
        "payload of its own it gets that, and what it is told from its context.",
    ]
    on_failure: Annotated[
        str | FollowUpRequest | None,
        LINE,
        OR_JOB,
        "The same once it is given up, or has expired.",
    ]
    is_test: Annotated[bool | None, "A rehearsal: handlers touch nothing outside."]


PriorityWord = Literal["high", "normal", "low"]


class EnqueueOptions(JobOptions, total=False):
    """What a call that enqueues takes beside the payload."""

    #: That of the job type when it is left out.
    priority: PriorityWord | None
    #: A transaction to be written in: a SQLAlchemy Session or Connection, a psycopg2 connection or cursor.
    session: Any


class OwnOptions(TypedDict, total=False):
    """What only Tally says of a job that it makes: for a schedule, an event, a replay, a bound key."""

    schedule: Annotated[str, LINE, "The schedule whose tick it is."]
    event_id: Annotated[str, LINE, "The event that it follows from."]
    parent_id: Annotated[str, LINE, "The job that enqueued it, or whose end it tells."]
    replay_of: Annotated[str, LINE, "The job that it repeats."]
    follows: Annotated[dict[str, Any], "The job whose end called it, and how that ended."]
    destination: Annotated[str, LINE, "What its breaker watches: where it is bound for."]
    scope: Annotated[str, LINE, "How long it keeps others out, and by which key."]
    hold: Annotated[bool, "Keeps its place of limit_key from its first start until it has ended."]
    rate_share: Annotated[str, LINE, "What a start takes of the rates that hold it, and of whose."]
    is_confined: Annotated[bool, "It may see and touch nothing of another tenant."]


class Option(NamedTuple):
    """One option, as those need it who read, show or describe it."""

    name: str
    #: What one value is: `datetime`, `bool`, `float`, `int` or `str`.
    kind: type
    about: str
    bound: Bound | None
    text: Text | None
    #: Most values of a list; None for one value.
    most: int | None
    #: Whether it may be a job with a payload of its own, too.
    job: OrJob | None = None

    @property
    def words(self) -> str:
        """What a value must be, as messages and docs say it."""
        if self.job is not None:
            return self.job.words
        one = _WORDS.get(self.kind) or (self.bound or self.text or LINE).words
        return one if self.most is None else f"a list of at most {self.most}, each {one}"


_WORDS = {datetime: "an instant", bool: "true or false"}


def _options_in(said: Any) -> Mapping[str, Option]:
    hints = get_type_hints(said, include_extras=True)
    return {name: _option(name, *get_args(hint)) for name, hint in hints.items()}


def _option(name: str, value: Any, *told: Any) -> Option:
    each = {type(one): one for one in told}
    bound, text, many = each.get(Bound), each.get(Text), each.get(Many)
    plain = next((k for k in (datetime, bool) if k in (value, *get_args(value))), str)
    kind = plain if bound is None else int if bound.is_whole else float
    return Option(name, kind, each[str], bound, text, many and many.most, each.get(OrJob))


#: What callers may say, in the order of the docs, and what only we may.
OPTIONS = _options_in(JobOptions)
OWN = _options_in(OwnOptions)
#: What a job of a schedule cannot be told: each tick has its own, or would have the same instant.
NOT_FOR_TICKS = frozenset(
    {"run_at", "delay", "expires_at", "job_id", "idempotency_key", "idempotency_window"}
)
