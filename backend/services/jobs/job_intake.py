"""Checks what a caller asks for and makes it a job. Pure but for ids and the clock, which come in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from pydantic import BaseModel

from backend.domain.errors import InvalidOption, InvalidPayload, InvalidRequest, PayloadTooLarge
from backend.domain.jobs.job import JobView, NewJob
from backend.domain.jobs.job_contents import digest_of
from backend.domain.jobs.job_id import key_that_places, placed
from backend.domain.jobs.job_type import JobType, JobTypeCatalogue
from backend.domain.jobs.options import bounds
from backend.domain.jobs.options.job_options import JobOptions, OwnOptions
from backend.domain.jobs.options.job_terms import said_of_scope
from backend.domain.jobs.options.lineage import Surrounding, inherited_options, inherited_own
from backend.domain.jobs.options.unique import NOT_UNIQUE, UniqueScope
from backend.domain.jobs.plans.place_in_list import told_of_place
from backend.domain.jobs.queue_name import QueueName
from backend.domain.text.strict_json import NotJson, json_encoder
from backend.services.events.receivers import check_receiver
from backend.services.jobs import follow_up_plans, job_options, unique_scopes
from backend.services.jobs.chosen_queue import chosen_queue, own_queue
from backend.services.jobs.destinations import with_destination
from backend.services.jobs.follow_up_plans import PlannedJob, SaidOfJob
from backend.services.jobs.payload_models import payload_in
from backend.services.jobs.payload_problems import fitted

_to_json = json_encoder("payload")

_DAY = 86_400.0
#: A payload that is kept in an object store will consist of this field alone.
OBJECT = "$object"


class IntakeRules(NamedTuple):
    """The deployment's rules for new jobs. Durations are seconds."""

    max_payload_bytes: int = 256 * 1024
    result_ttl: int = 3600
    idempotency_window: float = _DAY


class _Plain(NamedTuple):
    """What all jobs of a type and priority have of which nothing else is said."""

    kind: JobType
    queue: QueueName
    options: dict[str, Any]
    max_attempts: int
    timeout: float
    result_ttl: int


class JobIntake:
    """Turns requests into `NewJob`s, or refuses them with an error that names the thing."""

    def __init__(
        self,
        catalogue: JobTypeCatalogue,
        rules: IntakeRules,
        *,
        new_id: Callable[[], str],
        now: Callable[[], datetime],
        within: Callable[[], Surrounding | None] | None = None,
    ) -> None:
        """``within`` tells the job that runs where it is asked, if there is one."""
        self.catalogue = catalogue
        self._within = within
        self._rules = rules
        self._new_id = new_id
        self._now = now
        self._plain_by_name: dict[tuple[str, str], _Plain] = {}

    def check_request(self, request: Mapping[str, Any], own: OwnOptions | None = None) -> NewJob:
        """One request as a mapping with ``job_type``, ``payload``, ``priority`` and options."""
        is_mapping = type(request) is dict or isinstance(request, Mapping)
        rest = dict(request) if is_mapping else {}
        if "job_type" not in rest:
            raise InvalidOption("each request is a mapping with a job_type", field="job_type")
        job_type, payload = rest.pop("job_type"), rest.pop("payload", None)
        return self.check(job_type, payload, rest.pop("priority", None), rest, own)

    def check_requests(
        self, requests: Sequence[Mapping[str, Any]], own: OwnOptions | None = None
    ) -> list[NewJob]:
        """All of them, or the error of the first that does not fit, which says where that one stands."""
        jobs: list[NewJob] = []
        try:
            for request in requests:
                jobs.append(self.check_request(request, own))  # noqa: PERF401 - counted below
        except InvalidRequest as error:
            raise told_of_place(error, len(jobs), len(requests)) from error.__cause__
        return jobs

    def check(
        self,
        job_type: str,
        payload: Mapping[str, Any] | BaseModel | None,
        priority: str | None,
        options: Mapping[str, Any],
        own: OwnOptions | None = None,
    ) -> NewJob:
        """The job that is asked for; raises `InvalidRequest` naming what is wrong with it.

        ``options`` are a caller's `JobOptions`, ``own`` what nobody but Tally may say.
        """
        if not isinstance(job_type, str):
            raise self._no_name(job_type)
        kind = self.catalogue.get(job_type)
        is_checked = type(payload) is kind.payload
        if isinstance(payload, BaseModel):
            payload = payload_in(kind, payload)
        text = self._payload(kind, {} if payload is None else payload, is_checked=is_checked)
        if self._within is not None and (around := self._within()) is not None:
            options = inherited_options(options, around)
            own = inherited_own(options, own, around)
        if not options and not own and not (kind.on_success or kind.on_failure or kind.unique):
            job = self._plain(kind, text, priority)
            is_gated = kind.keyed_limit or kind.keyed_rate or kind.rate or kind.breaker
            return _gated(job, kind, payload or {}, own_id=False) if is_gated else job
        said = SaidOfJob(job_options.checked(options), job_options.checked_own(own or {}))
        if "schedule" not in said.own:
            # A tick is not refused for what was taken of its schedule before there was this check.
            check_receiver(said.given.get("callback_url"))
        job = self._with_options(kind, text, priority, said)
        job = _gated(job, kind, payload or {}, own_id="job_id" in said.given)
        # What follows is told its id, so that comes first.
        return self._with_follow_ups(job, kind, said)

    def check_anew(self, job: JobView, payload: Mapping[str, Any]) -> NewJob:
        """What a job that is there would be with this payload, and with what follows from it.

        It is the same as others for as long as before; one that was the same as none stays so. Raises
        `InvalidRequest`.
        """
        kind, labels = self.catalogue.get(job.job_type), job.labels
        options: dict[str, Any] = {"unique": NOT_UNIQUE}
        if job.scope is not None:
            options = said_of_scope(job.options)
        # A key that a caller named follows from no payload.
        if kind.keyed_limit is None and job.limit_key:
            options |= {"limit_key": job.limit_key, "limit": job.limit}
        options |= {"tenant": labels.tenant, "is_test": labels.is_test}
        own: OwnOptions = {"is_confined": True} if labels.is_confined else {}
        asked = self.check(job.job_type, payload, None, options, own)
        if asked.scope is None or job.scope is None:
            return asked
        scope = job.scope._replace(key=asked.scope.key)
        return asked._replace(scope=scope, options={**asked.options, "scope": scope.text})

    def check_options(self, job_type: str, options: Mapping[str, Any]) -> None:
        """Raises `InvalidRequest` for options that no job of this type could have."""
        kind = self.catalogue.get(job_type)
        given = job_options.checked(options)
        unique_scopes.unique_of(kind, given)
        # Which key, only a payload can tell.
        given["unique"] = NOT_UNIQUE
        said = SaidOfJob(given, {})
        self._with_follow_ups(self._with_options(kind, "{}", None, said), kind, said)

    def _no_name(self, given: Any) -> InvalidOption:
        """The error for a function, a class or what else is given in place of a job type's name."""
        names = [kind.name for kind in self.catalogue.own() if kind.handler is given]
        meant = f"; that one is called {names[0]!r}" if names else ""
        return InvalidOption(
            f"job_type is the name of a job type, not a {type(given).__name__}{meant}",
            field="job_type",
        )

    def _payload(self, kind: JobType, payload: Mapping[str, Any], *, is_checked: bool) -> str:
        # Whether something is a mapping takes longer to tell than to make JSON of a small one.
        if type(payload) is not dict and not isinstance(payload, Mapping):
            raise InvalidPayload(f"the payload of {kind.name!r} must be an object", field="payload")
        if OBJECT in payload:
            raise InvalidPayload(
                f"the payload of {kind.name!r} has a field {OBJECT!r}, which is reserved: payloads "
                "that are kept in an object store will be named by it; call yours otherwise",
                field=f"payload.{OBJECT}",
            )
        try:
            if kind.payload is not None and not is_checked:
                fitted(kind, kind.payload, payload)
            text = _to_json(payload)
            size = len(text) if text.isascii() else len(text.encode())
        except NotJson as error:
            raise InvalidPayload(f"the payload of {kind.name!r} is not JSON: {error}") from error
        except UnicodeEncodeError as error:
            raise InvalidPayload(
                f"the payload of {kind.name!r} has half of a character (a lone surrogate)"
            ) from error
        if size > self._rules.max_payload_bytes:
            raise PayloadTooLarge(
                f"the payload has {size} bytes, {self._rules.max_payload_bytes} are "
                "allowed; put the data in a file or table and send its name",
                limit=self._rules.max_payload_bytes,
            )
        return text

    def _plain(self, kind: JobType, text: str, priority: str | None) -> NewJob:
        name = (kind.name, str(priority or ""))
        plain = self._plain_by_name.get(name)
        if plain is None or plain.kind is not kind:
            plain = self._plain_by_name[name] = self._plain_of(kind, priority)
        _, queue, options, attempts, timeout, ttl = plain
        job_id = placed(self._new_id(), kind.name) if kind.limit else self._new_id()
        return NewJob(job_id, kind.name, queue, text, options.copy(), attempts, timeout, ttl)

    def _plain_of(self, kind: JobType, priority: str | None) -> _Plain:
        return _Plain(
            kind,
            own_queue(kind, priority),
            job_options.carried(kind, {}, {}, kind.retry, kind.timeout),
            kind.retry.max_attempts,
            kind.timeout,
            self._result_ttl(kind),
        )

    def _with_options(
        self,
        kind: JobType,
        text: str,
        priority: str | None,
        said: SaidOfJob,
    ) -> NewJob:
        given = said.given
        job_options.check_version(kind, given)
        retry = job_options.retry(kind, given)
        timeout = given.get("timeout") or kind.timeout
        key, own_id = given.get("idempotency_key"), given.get("job_id")
        ttl, limit_key = given.get("result_ttl"), given.get("limit_key") or ""
        queue = chosen_queue(self.catalogue, kind, priority, given.get("queue"))
        scope, delay = unique_scopes.scope_of(kind, said, text)
        placed_by = key_that_places(
            limit_key=limit_key,
            scope=scope.key if scope else "",
            unique_key=key or "",
            limited_type=kind.name if kind.limit else "",
        )
        return NewJob(
            id=own_id or placed(self._new_id(), placed_by),
            job_type=kind.name,
            queue=queue,
            payload=text,
            options=job_options.carried(kind, given, _own(said, scope), retry, timeout),
            max_attempts=retry.max_attempts,
            timeout=timeout,
            result_ttl=self._result_ttl(kind) if ttl is None else ttl,
            run_at=self._near(given.get("run_at")),
            delay=given.get("delay") or delay,
            expires_at=given.get("expires_at"),
            unique_key=key or "",
            unique_window=given.get("idempotency_window") or self._rules.idempotency_window,
            limit_key=limit_key,
            limit=given.get("limit") or 0,
            digest=_digest(kind, text, queue, given) if key or own_id else "",
            scope=scope,
        )

    def _with_follow_ups(self, job: NewJob, kind: JobType, said: SaidOfJob) -> NewJob:
        limit = self._rules.max_payload_bytes
        return follow_up_plans.with_follow_ups(job, kind, said, self._follow_up, max_bytes=limit)

    def _follow_up(self, planned: PlannedJob) -> NewJob:
        kind, payload = self.catalogue.get(planned.job_type), planned.payload
        if isinstance(payload, BaseModel):
            payload = payload_in(kind, payload)
        text = self._payload(kind, payload, is_checked=False)
        job = self._with_options(kind, text, None, planned.said)
        if planned.has_own_payload:
            job = _gated(job, kind, payload, own_id=True)
        return self._with_follow_ups(job, kind, planned.said)

    def _result_ttl(self, kind: JobType) -> int:
        return self._rules.result_ttl if kind.result_ttl is None else kind.result_ttl

    def _near(self, run_at: datetime | None) -> datetime | None:
        if run_at and (run_at - self._now()).total_seconds() > bounds.FURTHEST:
            raise InvalidOption("that is more than a hundred years ahead", field="run_at")
        return run_at


def _has_rate_share(kind: JobType) -> bool:
    return kind.keyed_rate is not None or (kind.rate is not None and kind.rate.weight is not None)


def _gated(
    job: NewJob, kind: JobType, payload: Mapping[str, Any] | BaseModel, *, own_id: bool
) -> NewJob:
    """The job with what its payload tells: whose slots and rates it shares, and where it is bound for."""
    if kind.keyed_limit is not None:
        # Most processes know no such type.
        from backend.services.jobs.keyed_limits import with_limit_key

        job = with_limit_key(job, kind, payload, own_id=own_id)
    if _has_rate_share(kind):
        from backend.services.jobs.shares.rate_shares import with_rate_share

        job = with_rate_share(job, kind, payload, own_id=own_id)
    return job if kind.breaker is None else with_destination(job, kind, payload)


def _own(said: SaidOfJob, scope: UniqueScope | None) -> OwnOptions:
    return said.own if scope is None else {**said.own, "scope": scope.text}


def _digest(kind: JobType, text: str, queue: QueueName, given: JobOptions) -> str:
    return digest_of(kind.name, text, str(queue), given.get("tenant") or "")
