"""What holds jobs back in any history by the ports: pauses, limits, rates, freezes."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from backend.domain.jobs.job import ClaimedJob, NewJob
from backend.domain.jobs.options.keyed_name import RATE_SHARE
from backend.domain.jobs.options.quota import Quota
from backend.domain.jobs.options.rate import Rate, RateWord
from backend.domain.jobs.options.rate_share import RateShare, share_in
from backend.domain.schedules.freeze import Freeze, Window, things_of
from tests.contract.broker.scene import Scene
from tests.property.model import WAITING, ModelJob
from tests.property.picking_out import QUEUES

LANES = ("default", "email")
TYPES = ("greet", "other")
THINGS = (*(f"queue:{queue}" for queue in QUEUES), "lane:email", "lane:default", "type:greet")
#: None, one that never shuts, and one that opens less than once in a stride.
RATES = (None, Rate(1_000_000, 1.0, 1_000_000), Rate(2, 3600.0, 2))
#: Four in an hour, of a key.
KEY_RATE = Rate(4, 3600.0, 4)
#: Of the one tenant: none, and each of the three.
TENANT = "acme"
QUOTAS = (
    *(None, Quota(running=1), Quota(waiting=2), Quota(waiting=4, running=2)),
    *(Quota(starts=RATES[1], running=2), Quota(starts=RATES[2])),
)
#: Seconds, between two strides.
FROZEN = 353.0


class HeldBack:
    """The part of a machine that stops jobs and lets them through."""

    scene: Scene
    now: float
    jobs: dict[str, ModelJob]

    def begin_to_hold(self) -> None:
        """Nothing is held yet."""
        self.paused: set[str] = set()
        self.limits: dict[str, int] = {}
        self.rates: dict[str, Rate | None] = {}
        #: By type when jobs started since another rate was set; by what is frozen until when.
        self.starts: dict[str, list[float]] = {kind: [] for kind in TYPES}
        self.frozen: dict[str, float] = {}
        #: When so much of the rate of the key was taken; None: it holds no more.
        self.taken: list[tuple[float, int]] | None = []
        self.quota: Quota | None = None
        self.starts_of_tenant: list[float] = []

    @rule(quota=st.sampled_from(QUOTAS))
    def set_quota(self, quota: Quota | None) -> None:
        """What the tenant may use; its rate counts from when another one was set."""
        self.scene.broker.quotas.set(TENANT, quota, by="ada", reason="")
        before = self.quota.starts if self.quota else None
        if before != (quota.starts if quota else None):
            self.starts_of_tenant = []
        self.quota = quota

    @rule(what=st.sampled_from(THINGS), again=st.booleans())
    def pause_or_resume(self, what: str, again: bool) -> None:
        if again or what in self.paused:
            self._resume(what)
        else:
            assert self.scene.do.pause(what) == (what not in self.paused)
            self.paused.add(what)

    def _resume(self, what: str) -> None:
        assert self.scene.do.resume(what, LANES) == (what in self.paused)
        self.paused.discard(what)

    @rule(kind=st.sampled_from(TYPES), most=st.integers(0, 2))
    def limit(self, kind: str, most: int) -> None:
        self.scene.do.limit(kind, most)
        self.limits[kind] = most

    @rule(kind=st.sampled_from(TYPES), rate=st.sampled_from(RATES))
    def rate(self, kind: str, rate: Rate | None) -> None:
        self.scene.do.rate(kind, rate)
        if self.rates.get(kind) != rate:
            self.rates[kind], self.starts[kind] = rate, []

    @rule(what=st.sampled_from(THINGS))
    def freeze(self, what: str) -> None:
        """Without a ramp, so that all who waited may start at its end."""
        window = Window(self._instant(-1), self._instant(FROZEN))
        freeze = Freeze(what.replace(":", "-"), what, *window, ramp_seconds=0)
        self.scene.broker.freezes.set(freeze, [window], by="ada", reason="")
        self.frozen[what] = self.now + FROZEN

    @precondition(lambda self: self.frozen)
    @rule(pick=st.integers(0, 1000))
    def lift(self, pick: int) -> None:
        what = sorted(self.frozen)[pick % len(self.frozen)]
        name = what.replace(":", "-")
        assert self.scene.broker.freezes.lift(name, by="ada", reason="")
        assert not self.scene.broker.freezes.lift(name, by="ada", reason="")
        del self.frozen[what]

    def _may_start_now(self, held: ClaimedJob) -> None:
        stopped = self._stopped()
        assert not stopped & {*things_of(held.queue, held.job_type, "")}
        self.starts[held.job_type].append(self.now)
        if rate := self.rates.get(held.job_type):
            recent = [at for at in self.starts[held.job_type] if at > self.now - rate.per]
            assert len(recent) <= rate.limit

    def _may_take(self, job: NewJob) -> None:
        if RATE_SHARE in job.options and self.taken is not None:
            self.taken.append((self.now, share_in(job.options[RATE_SHARE]).own_weight))
            recent = [units for at, units in self.taken if at > self.now - KEY_RATE.per]
            assert sum(recent) <= KEY_RATE.limit

    def lift_rate_of_key(self) -> None:
        self.scene.do.rate_key("crm:a", RateWord.NONE)
        self.taken = None

    def _is_refused(self, tenant: str, *, is_there: bool) -> bool:
        """Whether the quota of its tenant keeps a job out that is not there yet."""
        most = self.quota.waiting if self.quota and tenant == TENANT else None
        return most is not None and self._waiting_of_tenant() >= most and not is_there

    def _waiting_of_tenant(self) -> int:
        return sum(job.state in WAITING and is_of_tenant(job) for job in self.jobs.values())

    def _is_within_quota(self, running: int) -> None:
        """A job of the tenant starts while so many of its jobs run."""
        self.starts_of_tenant.append(self.now)
        quota = self.quota or Quota(waiting=1)
        assert quota.running is None or running < quota.running
        if rate := quota.starts:
            recent = [at for at in self.starts_of_tenant if at > self.now - rate.per]
            assert len(recent) <= rate.limit

    def _is_open(self, queue: str) -> bool:
        return not self._stopped() & {*things_of(queue, "", "")}

    def _stopped(self) -> set[str]:
        return self.paused | {what for what, until in self.frozen.items() if until > self.now}

    def _instant(self, seconds: float) -> datetime:
        return self.scene.broker.now() + timedelta(seconds=seconds)


def share_of(takes: int) -> dict[str, str]:
    """The option of a job that takes so much of the rate of the key; 0: nothing holds it."""
    return {RATE_SHARE: RateShare(1, takes, "crm:a", KEY_RATE).text} if takes else {}


def is_of_tenant(job: ModelJob) -> bool:
    """Whether it is a job of the one tenant."""
    return job.asked.options.get("tenant") == TENANT
