"""Holds every structure in Redis against every other: each job in one place, books and events equal.

Reads only; returns what does not fit as sentences, so that a failing test says what is wrong.
"""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from redis import Redis

from backend.broker.jobs.inspection import RedisInspection
from backend.broker.jobs.parked_jobs import fair_line_of as line_of
from backend.broker.jobs.parked_jobs import gate_of, lines_of, queue_and_key
from backend.broker.keys import Keys
from backend.domain.jobs.job_event import ATTEMPT_ENDS, STATE_AFTER, EventKind, JobEvent, version_of
from backend.domain.jobs.job_state import JobState, is_legal
from backend.domain.jobs.queue_name import Priority, QueueName
from tests.integration.broker.told import events_of

_WAITING = ("queued", "scheduled")
_STATES = ("finished", "failed", "canceled")


class Audit:
    """One look at everything below a key prefix."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys
        names = {key.decode() for key in redis.scan_iter(count=1000)}
        self.foreign = sorted(name for name in names if not name.startswith(keys.root + ":"))
        self._names = names
        self._ttls = self._all_ttls()
        self.jobs = self._all_jobs()
        self.places: dict[str, Counter[str]] = defaultdict(Counter)
        self.events = self._events()
        self._find_places()

    def complaints(self) -> list[str]:
        """Everything that does not fit; empty when all is well."""
        return [*self.misfits(), *self._history(), *self._told_books()]

    def misfits(self) -> list[str]:
        """What does not fit, whatever events there are."""
        return [
            *(f"key outside the prefix: {name}" for name in self.foreign),
            *self._misplaced(),
            *self._strangers(),
            *self._gates(),
            *self._lines(),
            *self._quotas(),
            *self._owners(),
            *self._follow_ups(),
            *self._books(),
        ]

    def _below(self, *words: str) -> list[str]:
        head = ":".join((self._keys.root, *words, ""))
        return sorted(name[len(head) :] for name in self._names if name.startswith(head))

    def _all_ttls(self) -> dict[str, int]:
        names = sorted(self._names)
        pipe = self._redis.pipeline(transaction=False)
        for name in names:
            pipe.ttl(name)
        return dict(zip(names, pipe.execute(), strict=True))

    def _all_jobs(self) -> dict[str, dict[str, str]]:
        ids = self._below("job")
        pipe = self._redis.pipeline(transaction=False)
        for job_id in ids:
            pipe.hgetall(self._keys.job(job_id))
        return {
            job_id: {name.decode(): value.decode() for name, value in row.items()}
            for job_id, row in zip(ids, pipe.execute(), strict=True)
        }

    def _hash(self, key: str) -> dict[str, str]:
        found: Any = self._redis.hgetall(key)
        return {name.decode(): value.decode() for name, value in found.items()}

    def _scores(self, key: str) -> dict[str, float]:
        found: Any = self._redis.zrange(key, 0, -1, withscores=True)
        return {member.decode(): score for member, score in found}

    def _list(self, key: str) -> list[str]:
        found: Any = self._redis.lrange(key, 0, -1)
        return [member.decode() for member in found]

    def _set(self, key: str) -> set[str]:
        found: Any = self._redis.smembers(key)
        return {member.decode() for member in found}

    def _find_places(self) -> None:
        for queue in self._below("queue"):
            self._note(f"queue:{queue}", self._list(self._keys.queue(queue)))
        for line in self._below("tally", "parked"):
            self._note(f"parked:{line}", self._list(self._keys.parked(line)))
        self._note("schedule", self._scores(self._keys.schedule))
        self._note("leases", self._scores(self._keys.leases))
        self._note("dead", self._scores(self._keys.dead))
        for registry in ("scheduled", "finished", "failed", "canceled", "wip"):
            for queue in self._below(registry):
                members = self._scores(self._keys.registry(registry, queue))
                if registry in {"wip", "failed"} and any(x != math.inf for x in members.values()):
                    self.places["?"][f"score of {registry}:{queue} that RQ may clean up"] += 1
                self._note(f"{registry}:{queue}", members)

    def _note(self, place: str, members: Any) -> None:
        for member in members:
            self.places[member.partition(":")[0] if "wip:" in place else member][place] += 1

    def _expected(self, job: dict[str, str]) -> list[str]:
        queue = job.get("origin", "")
        return {
            "queued": [_place_aside(job) if job.get("parked") else f"queue:{queue}"],
            "scheduled": ["schedule", f"scheduled:{queue}"],
            "started": ["leases", f"wip:{queue}"],
            "failed": ["dead", "failed:dlq"],
            "finished": [f"finished:{queue}"],
            "canceled": [f"canceled:{queue}"],
        }[job["status"]]

    def _misplaced(self) -> Iterator[str]:
        for job_id, job in self.jobs.items():
            if job.get("status") == "canceled":
                job.pop("parked", None)
            if job.get("parked") == "" and job["status"] not in {"started", "finished", "canceled"}:
                yield f"{job_id} is {job['status']} and says still that it left its line"
            expected, found = Counter(self._expected(job)), self.places[job_id]
            if found != expected:
                yield f"{job_id} is {job['status']} and in {dict(found)}, not {dict(expected)}"
            final = job["status"] in {"finished", "canceled"}
            for key in (self._keys.job(job_id), self._keys.results(job_id)):
                if key in self._names and (self._ttls[key] > 0) != final:
                    yield f"{key} of a {job['status']} job lives {self._ttls[key]} s"

    def _strangers(self) -> Iterator[str]:
        for job_id, places in self.places.items():
            left = {p for p in places if not p.startswith(("finished:", "canceled:"))}
            if job_id not in self.jobs and left:
                yield f"{job_id} is in {left} and has no hash"
        for job_id in self._below("results"):
            if job_id not in self.jobs:
                yield f"results of {job_id} outlive its hash"
        for name in ("done", "unique"):
            for rest in self._below("tally", name):
                key = f"{self._keys.root}:tally:{name}:{rest}"
                if self._ttls[key] == -1:
                    yield f"{key} lives for ever"

    def _gates(self) -> Iterator[str]:
        held: dict[str, set[str]] = defaultdict(set)
        for job_id, job in self.jobs.items():
            gates = [gate for gate in job.get("gates", "").split("\n") if gate]
            kept = [gate.removeprefix("hold:") for gate in gates if gate.startswith("hold:")]
            slots = [gate for gate in gates if not gate.startswith("hold:")]
            if job["status"] == "started" or (slots == kept and job["status"] in _WAITING):
                for gate in slots:
                    held[gate].add(job_id)
            elif gates:
                yield f"{job_id} is {job['status']} and still has gates {job['gates']!r}"
            if kept and (kept != [f"key:{job.get('limit_key')}"] or "hold" not in job):
                yield f"{job_id} keeps a place of {kept} that is not its own"
        for gate in sorted({*held, *self._below("tally", "holders")}):
            if self._set(self._keys.holders(gate)) != held[gate]:
                found = self._set(self._keys.holders(gate))
                yield f"slots of {gate} are held by {found}, started are {held[gate]}"
        yield from self._stuck_behind_gates(held)

    def _stuck_behind_gates(self, held: dict[str, set[str]]) -> Iterator[str]:
        limits = self._hash(self._keys.limits)
        paused = self._set(self._keys.paused)
        known, alarms = self._scores(self._keys.gates), self._scores(self._keys.alarms)
        windows = {member.split("\x1f")[0] for member in self._scores(self._keys.frozen)}
        lines = [each for each in self._below("tally", "parked") if not queue_and_key(each)]
        yield from (
            f"{line} has jobs in it, the usher does not know" for line in lines if line not in known
        )
        for gate in sorted({gate_of(line) for line in lines}):
            kind, _, name = gate.partition(":")
            waiting = [i for line in lines_of(gate) for i in self._list(self._keys.parked(line))]
            if kind == "paused" and f"type:{name}" not in paused:
                yield f"{waiting} wait for a type that is not paused: {name}"
            if kind == "frozen" and name in windows and gate not in alarms:
                yield f"{waiting} wait for the end of a freeze, and no alarm tells it: {gate}"
            if kind == "breaker" and not self._redis.zscore(self._keys.breakers, name):
                yield f"{waiting} wait for a breaker that is closed: {name}"
            if kind in {"paused", "rate", "breaker", "frozen"}:
                continue
            word: Any = (
                limits.get(name, "inf") if kind == "type" else self.jobs[waiting[0]].get("limit")
            )
            if kind == "tenant":
                word = self._quota(name).get("running", "inf")
            on_their_way = [job_id for job_id in self.jobs if self._goes_through(job_id, gate)]
            if len(held[gate]) < float(word) and not on_their_way:
                yield f"{waiting} are stuck: {gate} has room and nobody is on the way to it"

    def _quota(self, tenant: str) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(self._hash(self._keys.quotas).get(tenant, "{}"))
        return said

    def _quotas(self) -> Iterator[str]:
        """Of each tenant with a quota that is counted: all that wait, and nobody else."""
        quotas, uncounted = self._hash(self._keys.quotas), self._hash(self._keys.uncounted)
        waiting: dict[str, set[str]] = defaultdict(set)
        for job_id, job in self.jobs.items():
            tenant = json.loads(job.get("options", "{}")).get("tenant", "")
            is_counted = tenant in quotas and tenant not in uncounted
            if job["status"] in {"queued", "scheduled"} and (is_counted or job.get("quota")):
                waiting[tenant].add(job_id)
            if is_counted and job["status"] == "started" and f"tenant:{tenant}" not in job["gates"]:
                yield f"{job_id} runs and holds no place of {tenant}"
        for tenant in sorted({*waiting, *quotas, *self._below("tally", "waiting")}):
            found = self._set(self._keys.waiting(tenant))
            if tenant not in uncounted and found != waiting[tenant]:
                yield f"of {tenant} {found} are counted, {waiting[tenant]} wait"

    def _lines(self) -> Iterator[str]:
        fair = self._hash(self._keys.fair)
        for line in self._below("tally", "parked"):
            queue, key = queue_and_key(line) or ("", "")
            if queue and key not in self._scores(self._keys.lines(queue)):
                yield f"{line!r} has jobs in it and has no turn"
            if queue and queue not in fair:
                yield f"{line!r} has jobs in it and {queue} is not fair"

    def _goes_through(self, job_id: str, gate: str) -> bool:
        job = self.jobs[job_id]
        mine = {
            f"type:{job['description']}",
            f"key:{job.get('limit_key')}",
            f"tenant:{job.get('quota')}",
        }
        waits_elsewhere = job["status"] == "queued" and gate_of(job.get("parked", "")) != gate
        return gate in mine and waits_elsewhere

    def _owners(self) -> Iterator[str]:
        for job_id, job in self.jobs.items():
            if job["status"] != "started":
                continue
            mirror = self._scores(self._keys.registry("wip", job["origin"]))
            if f"{job_id}:{job.get('fence')}" not in mirror:
                yield f"{job_id} is not in RQ's started registry under its fence"

    def _follow_ups(self) -> Iterator[str]:
        to_come = {job_id for job_id, job in self.jobs.items() if "follow" in job}
        if set(self._scores(self._keys.following)) != to_come:
            found = sorted(self._scores(self._keys.following))
            yield f"follow-ups are awaited of {found}, they are to come of {sorted(to_come)}"
        for job_id in to_come:
            if self.jobs[job_id]["status"] in {"finished", "canceled"}:
                yield f"{job_id} has ended, and what follows it is still to come"

    def _events(self) -> list[JobEvent]:
        return events_of(self._redis, self._keys)

    def _history(self) -> Iterator[str]:
        states: dict[str, JobState] = {}
        fences: dict[str, str] = {}
        for event in self.events:
            yield from _fold(event, states, fences)
        for job_id, state in states.items():
            job = self.jobs.get(job_id)
            if job is None and not state.is_final:
                yield f"{job_id} is gone while its events say {state}"
            elif job is not None and job["status"] != state:
                yield f"{job_id} is {job['status']}, its events say {state}"
            if job is not None and job["status"] == "started" and job["fence"] != fences[job_id]:
                yield f"{job_id} has fence {job['fence']}, its last start was {fences[job_id]}"
        yield from (f"{job_id} has no event" for job_id in self.jobs if job_id not in states)

    def _books(self) -> Iterator[str]:
        inspection = RedisInspection(self._redis, self._keys)
        parked = Counter(job["origin"] for job in self.jobs.values() if job.get("parked"))
        lined = Counter(
            job["origin"] for job in self.jobs.values() if queue_and_key(job.get("parked", ""))
        )
        for state in inspection.queue_states(self._queues()):
            if state.difference:
                yield f"the books of {state.name} are out by {state.difference}: {state.counts}"
            if state.parked + state.lined != parked[state.name]:
                yield f"{state.name} counts {state.parked} parked jobs, {parked[state.name]} are"
            if state.lined != lined[state.name]:
                yield f"{state.name} counts {state.lined} jobs in lines, {lined[state.name]} are"

    def _queues(self) -> list[str]:
        found = RedisInspection(self._redis, self._keys).queue_names()
        return sorted({*found, *self._below("tally", "counts")} - {"dlq"})

    def _told_books(self) -> Iterator[str]:
        expected = self._counts_by_events()
        for state in RedisInspection(self._redis, self._keys).queue_states(self._queues()):
            counted = {word: state.counts[JobState(word)] for word in _STATES}
            counted["accepted"] = state.accepted
            if counted != {word: expected[state.name][word] for word in counted}:
                yield f"{state.name} counts {counted}, its events {dict(expected[state.name])}"

    def _counts_by_events(self) -> dict[str, Counter[str]]:
        """The books as an accountant writes them who has only the events."""
        books: dict[str, Counter[str]] = defaultdict(Counter)
        home: dict[str, str] = {}
        for event in self.events:
            book = books[event.queue]
            if event.kind in {EventKind.ENQUEUED, EventKind.REPRIORITISED}:
                if event.kind == EventKind.REPRIORITISED:
                    books[home[event.job_id]]["accepted"] -= 1
                book["accepted"] += 1
                home[event.job_id] = event.queue
            elif event.kind in {EventKind.FINISHED, EventKind.FAILED, EventKind.CANCELED}:
                book[event.kind] += 1
            elif event.kind in {EventKind.REDRIVEN, EventKind.RESOLVED}:
                book["failed"] -= 1
                book["finished"] += event.kind == EventKind.RESOLVED
        return books


def _place_aside(job: dict[str, str]) -> str:
    """Of each priority there is a line behind its gate; a line of a fair queue has but one."""
    if found := queue_and_key(job["parked"]):
        return f"parked:{line_of(job['origin'], found[1])}"
    lines = dict(zip(Priority, lines_of(gate_of(job["parked"])), strict=True))
    return f"parked:{lines[QueueName.parse(job['origin']).priority]}"


def _fold(event: JobEvent, states: dict[str, JobState], fences: dict[str, str]) -> Iterator[str]:
    kind, job_id = EventKind(event.kind), event.job_id
    before = states.get(job_id)
    if kind is EventKind.ENQUEUED:
        states[job_id] = JobState(event.state)
    elif kind in STATE_AFTER:
        after = STATE_AFTER[kind]
        if before is None or (after is not before and not is_legal(before, after)):
            yield f"{job_id} went from {before} to {after} by {kind}"
        states[job_id] = after
    if kind is EventKind.STARTED:
        if job_id in fences and version_of(fences[job_id]) >= version_of(event.id):
            yield f"the fence of {job_id} fell from {fences[job_id]} to {event.id}"
        fences[job_id] = event.id
    ended = event.fence or event.taken_back
    if kind in ATTEMPT_ENDS and before is JobState.STARTED and ended != fences[job_id]:
        yield f"{kind} of {job_id} names fence {event.fence!r}, its attempt is {fences[job_id]}"


def complaints(redis: Redis, keys: Keys) -> list[str]:
    """What does not fit in one deployment; empty when all is well."""
    return Audit(redis, keys).complaints()
