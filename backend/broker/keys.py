"""Every Redis key, built here and nowhere else in Python; the Lua steps build theirs from one root."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one deployment; ``root`` is RQ's key prefix and may carry braces for Cluster."""

    root: str = "rq"

    def job(self, job_id: str) -> str:
        """Hash of one job."""
        return f"{self.root}:job:{job_id}"

    def results(self, job_id: str) -> str:
        """Stream of RQ's result entries of one job."""
        return f"{self.root}:results:{job_id}"

    def queue(self, name: str) -> str:
        """List of waiting job ids."""
        return f"{self.root}:queue:{name}"

    @property
    def queues(self) -> str:
        """Set of all queue keys."""
        return f"{self.root}:queues"

    def registry(self, registry: str, queue: str) -> str:
        """One of RQ's registries: wip, finished, failed, scheduled, deferred, canceled."""
        return f"{self.root}:{registry}:{queue}"

    @property
    def schedule(self) -> str:
        """rq-scheduler's sorted set of every job that waits for its time, by unix second."""
        return f"{self.root}:scheduler:scheduled_jobs"

    @property
    def workers(self) -> str:
        """Set of worker keys, as RQ keeps it."""
        return f"{self.root}:workers"

    def workers_of(self, queue: str) -> str:
        """Set of worker keys that serve one queue, as RQ keeps it."""
        return f"{self.root}:workers:{queue}"

    def worker(self, name: str) -> str:
        """Hash of one worker process, as RQ keeps it."""
        return f"{self.root}:worker:{name}"

    def told_to_stop(self, worker: str) -> str:
        """There from the moment that a worker process stops until it is gone; a day where it is killed."""
        return f"{self.root}:tally:told_to_stop:{worker}"

    def commands(self, worker: str) -> str:
        """Channel on which RQ's commands reach a worker process."""
        return f"{self.root}:pubsub:{worker}"

    @property
    def suspended(self) -> str:
        """Exists while `rq suspend` holds everything."""
        return f"{self.root}:suspended"

    @property
    def leases(self) -> str:
        """Sorted set of started job ids by the millisecond their lease ends."""
        return f"{self.root}:tally:leases"

    @property
    def foreign(self) -> str:
        """Sorted set of jobs of others that were found in our queues, by the millisecond since when."""
        return f"{self.root}:tally:foreign"

    @property
    def events(self) -> str:
        """Stream of job events, read by the recorder."""
        return f"{self.root}:tally:events"

    @property
    def stream(self) -> str:
        """Hash about that stream: ``schema`` of its lines, how many events ``more`` than entries were ever
        written into it, and how many of these are ``gone`` from it.
        """
        return f"{self.root}:tally:stream"

    def counts(self, queue: str) -> str:
        """Hash of what became of all jobs of a queue: accepted, finished, failed, canceled, parked, and
        how many of these stand in fair lines (lined).
        """
        return f"{self.root}:tally:counts:{queue}"

    @property
    def paused(self) -> str:
        """Set of paused queues, lanes and job types."""
        return f"{self.root}:tally:paused"

    @property
    def pauses(self) -> str:
        """Hash of who paused what, why and since when, as JSON, beside the set."""
        return f"{self.root}:tally:pauses"

    @property
    def controls(self) -> str:
        """Hash of what operators said last of each thing, as JSON; the record keeps the same."""
        return f"{self.root}:tally:controls"

    @property
    def controls_version(self) -> str:
        """The highest version of all that operators said."""
        return f"{self.root}:tally:controls_version"

    @property
    def planned_version(self) -> str:
        """The version of all that operators said for which the windows of freezes are written."""
        return f"{self.root}:tally:planned_version"

    @property
    def limits(self) -> str:
        """Hash of concurrency limits by job type."""
        return f"{self.root}:tally:limits"

    @property
    def key_limits(self) -> str:
        """Hash of how many jobs of a key may run at once, where an operator says so."""
        return f"{self.root}:tally:key_limits"

    @property
    def rates(self) -> str:
        """Hash of how many jobs may start in a time, by job type."""
        return f"{self.root}:tally:rates"

    @property
    def key_rates(self) -> str:
        """Hash of how many jobs of a key may start in a time, where an operator says so."""
        return f"{self.root}:tally:key_rates"

    @property
    def breakers(self) -> str:
        """Sorted set of destinations whose breakers are not closed, by the millisecond since when."""
        return f"{self.root}:tally:breakers"

    def breaker(self, destination: str) -> str:
        """Hash of one breaker: see `_breakers.lua`."""
        return f"{self.root}:tally:breaker:{destination}"

    @property
    def frozen(self) -> str:
        """Sorted set of windows in which nothing of something starts, by the millisecond they begin."""
        return f"{self.root}:tally:frozen"

    def started_since(self, what: str, ended: str) -> str:
        """How many started since a freeze of something ended (Unix ms)."""
        return f"{self.root}:tally:ramp:{what}:{ended}"

    @property
    def alarms(self) -> str:
        """Sorted set of gates by the millisecond at which the next job may be let through."""
        return f"{self.root}:tally:alarms"

    @property
    def fair(self) -> str:
        """Hash of the option that tells the key, by fair queue."""
        return f"{self.root}:tally:fair"

    @property
    def quotas(self) -> str:
        """Hash of what is said of a tenant, as JSON, where it has a quota."""
        return f"{self.root}:tally:quotas"

    @property
    def uncounted(self) -> str:
        """Hash of how far the jobs from before a tenant's quota are counted; out of it they all are."""
        return f"{self.root}:tally:uncounted"

    def waiting(self, tenant: str) -> str:
        """Set of the jobs that wait of a tenant with a quota."""
        return f"{self.root}:tally:waiting:{tenant}"

    def weights(self, queue: str) -> str:
        """Hash of how much a key counts for in a fair queue, where that is not 1."""
        return f"{self.root}:tally:weights:{queue}"

    def lines(self, queue: str) -> str:
        """Sorted set of the keys of a fair queue by virtual time: the least has the next turn."""
        return f"{self.root}:tally:lines:{queue}"

    def spoken_for(self, gate: str) -> str:
        """The instant (µs) up to which starts of a rate are spoken for."""
        return f"{self.root}:tally:tat:{gate}"

    def on_the_way(self, gate: str) -> str:
        """Sorted set of who was let through a gate that time opens and did not start yet, by when (ms)."""
        return f"{self.root}:tally:on_the_way:{gate}"

    @property
    def types(self) -> str:
        """Hash of what workers declare of each job type: its version, a blank, JSON."""
        return f"{self.root}:tally:types"

    def holders(self, gate: str) -> str:
        """Set of job ids that hold a slot of one concurrency limit."""
        return f"{self.root}:tally:holders:{gate}"

    def parked(self, line: str) -> str:
        """List of job ids that wait for one gate to open, of one priority."""
        return f"{self.root}:tally:parked:{line}"

    @property
    def gates(self) -> str:
        """Sorted set of lines behind gates, by the millisecond the usher last looked at them."""
        return f"{self.root}:tally:gates"

    @property
    def left_alone(self) -> str:
        """Sorted set of queues that nobody serves, as the usher found, by until when (ms) that counts."""
        return f"{self.root}:tally:left_alone"

    @property
    def left_unseen(self) -> str:
        """Set of jobs without a hash that left a line behind a gate, until the ledger makes them again."""
        return f"{self.root}:tally:left_unseen"

    @property
    def following(self) -> str:
        """Sorted set of jobs with follow-ups to come, by the millisecond somebody last looked at them."""
        return f"{self.root}:tally:following"

    @property
    def untold(self) -> str:
        """List of attempts whose processes died, of which no observer was told yet."""
        return f"{self.root}:tally:untold"

    @property
    def dead(self) -> str:
        """Sorted set of dead job ids by the millisecond they failed."""
        return f"{self.root}:tally:dead"

    def unique(self, key: str) -> str:
        """Job id that holds an idempotency key."""
        return f"{self.root}:tally:unique:{key}"

    def scope(self, key: str) -> str:
        """Job id that took the key of what is unique last."""
        return f"{self.root}:tally:scope:{key}"

    def wake(self, lane: str) -> str:
        """List on which idle worker processes of a lane (or the ``scheduler``) block."""
        return f"{self.root}:tally:wake:{lane}"

    def done(self, job_id: str) -> str:
        """List on which those who wait for one job block."""
        return f"{self.root}:tally:done:{job_id}"

    def leader(self, duty: str) -> str:
        """Lease of the process that leads a duty: its name and fence."""
        return f"{self.root}:tally:leader:{duty}"

    def session(self, name: str) -> str:
        """Somebody signed in to the dashboard, by the hash of their session's id."""
        return f"{self.root}:tally:session:{name}"

    def plan(self, token: str) -> str:
        """A plan of jobs that was previewed, by its token."""
        return f"{self.root}:tally:plan:{token}"
