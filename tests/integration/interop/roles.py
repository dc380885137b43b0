"""All that each kind of process does to Redis: the accounts in config/redis-acl.conf need no more."""

from __future__ import annotations

import time

from redis import Redis

from backend.broker.events.event_progress import RedisEventProgress
from backend.broker.events.event_stream import LAST_GROUP, RedisEventStream
from backend.broker.events.relay_target import RedisRelayTarget
from backend.broker.jobs.dispatch import RedisDispatch
from backend.broker.jobs.gates.lost_lines import COUNTED_EVERY, RedisLostLines
from backend.broker.jobs.gates.quotas import RedisQuotas
from backend.broker.jobs.inspection import RedisInspection
from backend.broker.jobs.job_queue import RedisJobQueue
from backend.broker.jobs.lease_book import RedisLeaseBook
from backend.broker.jobs.operations import RedisOperations
from backend.broker.jobs.progress_notes import RedisProgressNotes
from backend.broker.jobs.wake_calls import RedisWakeCalls
from backend.broker.keys import Keys
from backend.broker.ledger.event_floor import RedisEventFloor
from backend.broker.ledger.ledger_repair import RedisLedgerRepair
from backend.broker.ledger.ledger_view import RedisLedgerView
from backend.broker.ledger.redis_controls import RedisControls
from backend.broker.schedules.job_promoter import JobPromoter
from backend.broker.schedules.leadership import RedisLeadership
from backend.broker.server import library
from backend.broker.server.functions import Functions
from backend.broker.server.server_facts import RedisFacts
from backend.broker.session_book import RedisSessions
from backend.broker.workers.command_channel import RedisCommandChannel
from backend.broker.workers.worker_commands import RedisWorkerCommands
from backend.broker.workers.worker_presence import RedisWorkerPresence, forget_worker
from backend.cli.checks.redis import check_redis
from backend.domain.jobs.attempts.outcome import AttemptError, Outcome, OutcomeKind
from backend.domain.jobs.job_event import EventKind
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.options.quota import Quota
from backend.domain.jobs.options.rate import Rate
from backend.domain.ledger.control import Control
from backend.domain.ledger.ledger_ports import Attestation, RestorableJob, Seat
from backend.domain.ports import ClaimPlan, Rescued
from tests.integration.broker.bench import Bench, new_job

ACT = {"by": "ada", "reason": "a test"}
ERROR = AttemptError("exception", "ValueError", "no", "Traceback…")


def deploy(client: Redis, _keys: Keys) -> None:
    """A deploy puts the library into Redis, and drops superseded ones."""
    client.function_delete(f"tally_{library.version()}")
    for number in range(library.KEPT_VERSIONS + 1):
        text = library.assemble(number).replace(library.version(), f"old{number:05}")
        client.function_load(text)
    library.load(client)
    for number in range(1, library.KEPT_VERSIONS + 1):
        client.function_delete(f"tally_old{number:05}")


def serve(client: Redis, keys: Keys) -> None:
    """The API, the dashboard and the `tally` command: accepts, shows, and does what people ask for."""
    library.load(client)
    queue, desk = RedisJobQueue(client, client, keys), RedisOperations(client, keys)
    once = {"unique_key": "order-7", "unique_window": 100}
    queue.enqueue([new_job("s1"), new_job("s2", delay=100, **once), new_job("s3", "low")])
    queue.enqueue([new_job("s4", limit_key="k", limit=1)])
    queue.find("s1")
    queue.wait("s1", 0.01)
    for what in ("queue:normal", "lane:default", "type:greet"):
        desk.pause(what)
        desk.resume(what, ["default"])
    desk.limit("greet", 1)
    desk.limit("greet", 0)
    Functions(client, keys.root).call("muster", "0", 10, "greet")
    quotas = RedisQuotas(client, keys)
    quotas.set("acme", Quota(1, 1, Rate(1, 1)), by="ada", reason="")
    quotas.all(10)
    quotas.set("acme", None, by="ada", reason="")
    _agree(client, keys)
    desk.reprioritise([("s1", "high"), ("s2", "low")], front=True, **ACT)
    desk.run_now(["s2"], **ACT)
    desk.cancel(["s1", "s2", "started"], force=True, **ACT)
    desk.redrive(["dead1"], **ACT)
    desk.discard(["dead2"], **ACT)
    desk.resolve(["dead3"], **ACT)
    desk.purge("low", **ACT)
    desk.purge("normal", **ACT)
    sessions = RedisSessions(client, keys)
    sessions.keep("s", "who", 10)
    sessions.prolong("s", "who", 10)
    sessions.find("s")
    sessions.drop("s")
    commands = RedisWorkerCommands(client, keys)
    commands.shut_down("w9")
    commands.forget("w9")
    _look(client, keys)


def _agree(client: Redis, keys: Keys) -> None:
    """Operators' words are read and compared, and new ones of the record obeyed."""
    controls = RedisControls(client, keys, ["default"])
    controls.read()
    for name, value in (("pause:type:x", "1"), ("limit:type:x", "1"), ("pause:type:x", "")):
        assert controls.adopt([Control(name, value, controls.version() + 1)]) == 1
    controls.settled()


def _lift(client: Redis, keys: Keys) -> None:
    """Events go on above what is on record."""
    floor = RedisEventFloor(client, keys)
    floor.raise_above(floor.look().last_version + (1 << 40))


def _look(client: Redis, keys: Keys) -> None:
    look = RedisInspection(client, keys)
    look.queue_states(look.queue_names())
    look.paused()
    look.pauses()
    look.parked("type:greet", 0, 5)
    look.newest_parked(5)
    look.waiting("normal", 0, 5)
    look.position("s1", "normal")
    look.scheduled(0, 5)
    look.started("normal")
    look.dead(0, 5)
    look.dead_count()
    look.jobs(["s1"])
    look.workers()
    look.gate("type:greet")
    look.limits()
    look.twins([new_job("s1")])
    RedisFacts(client, keys).read()
    RedisLeadership(client, keys).led()
    progress = RedisEventProgress(client, keys)
    progress.head()
    progress.recorded()
    RedisEventStream(client, client, keys, consumer="api").lag()


def _hand_on(client: Redis, keys: Keys) -> None:
    """A handler enqueues, where the stream of events has a limit, as it has by default."""
    queue = RedisJobQueue(client, client, keys, stream_limit=1_000_000)
    queue.enqueue([new_job("h1"), new_job("h2", "low", delay=100)])
    RedisInspection(client, keys).twins([new_job("h1")])


def work(client: Redis, keys: Keys) -> None:
    """Worker processes and their supervisor: claim, settle, renew, rescue, appear, listen."""
    library.load(client)
    _hand_on(client, keys)
    presence = RedisWorkerPresence(
        client, keys, name="w9", lane="default", queues=["normal"], slots=4, lifetime=60
    )
    presence.register()
    dispatch = RedisDispatch(client, keys, worker="w9", lanes=["default"], lease=60)
    plan = [ClaimPlan("high", 0), ClaimPlan("normal", 1)]
    _, jobs = dispatch.settle_and_claim([], plan, 8)
    book = RedisLeaseBook(client, keys)
    book.extend([(job.id, job.fence) for job in jobs], 60)
    RedisProgressNotes(client, keys).note(jobs[0].id, jobs[0].fence, "{}")
    presence.beat(jobs, stopping=False)
    kinds = [OutcomeKind.FINISHED, OutcomeKind.RETRIED, OutcomeKind.FAILED, OutcomeKind.RELEASED]
    ended = [
        (job, Outcome(kind, "1", None if kind is OutcomeKind.FINISHED else ERROR, 5))
        for job, kind in zip(jobs, kinds, strict=False)
    ]
    dispatch.settle_and_claim(ended, plan, 8)
    dispatch.settle_and_claim([], plan, 8)
    book.expired(5)
    released = [Rescued(lease, Outcome(OutcomeKind.RELEASED)) for lease in book.of_worker("w9")]
    book.rescue(released, only_expired=False)
    calls = RedisWakeCalls(client, client, keys, worker="w9", lanes=["default"], lease_seconds=60)
    calls.claim_when_woken(plan, 8, 0.01)
    calls.end()
    channel = RedisCommandChannel(client, keys, "w9").listen()
    next(channel)
    channel.close()
    dispatch.close()
    presence.beat([], stopping=True)
    presence.unregister()


def work_and_keep_up(client: Redis, keys: Keys) -> None:
    """Worker processes, and the jobs of theirs that prune, reconcile and look after workers."""
    library.load(client)
    _compare(client, keys, "p5")
    _agree(client, keys)
    RedisEventProgress(client, keys).recorded()
    look = RedisInspection(client, keys)
    RedisOperations(client, keys).prune(look.queue_names(), max_dead=1, max_dead_age=0)
    RedisWorkerPresence(
        client, keys, name="gone", lane="default", queues=["normal"], slots=4, lifetime=60
    ).register()
    [forget_worker(client, keys, worker.name, ["low"]) for worker in look.workers()]
    work(client, keys)


def operate(client: Redis, keys: Keys) -> None:
    """A person's `tally` command, `doctor` included; and a web process with a worker inside."""
    work_and_keep_up(client, keys)
    codes = {finding.code for finding in check_redis(client, time.time)}
    assert "redis_version" in codes
    assert "redis_config_hidden" not in codes
    serve(client, keys)
    _lift(client, keys)


def keep_time(client: Redis, keys: Keys) -> None:
    """Scheduler, recorder and relay: promote, rescue, prune, lead, read the events."""
    library.load(client)
    leadership = RedisLeadership(client, keys)
    fence = leadership.take("scheduler", "a", 10)
    promoter = JobPromoter(client, client, keys, name="a")
    promoter.promote(10, fence)
    promoter.wait_for_change(0.01)
    leadership.give_up("scheduler", "a")
    book = RedisLeaseBook(client, keys)
    crashed = Outcome(OutcomeKind.CRASHED, error=ERROR)
    book.rescue([Rescued(lease, crashed) for lease in book.expired(5)], only_expired=True)
    book.of_workers({"w9"})
    desk = RedisOperations(client, keys)
    desk.prune(["normal"], max_dead=1, max_dead_age=0)
    desk.usher(10, 10)
    lines = RedisLostLines(client, keys)
    for _ in range(COUNTED_EVERY):
        lines.find()
    Functions(client, keys.root).call("find_lines", "fair:normal\x1facme")
    _agree(client, keys)
    _lift(client, keys)
    deploy(client, keys)
    _relay(RedisRelayTarget(client, keys))
    stream = RedisEventStream(client, client, keys, consumer="c1")
    stream.acknowledge(stream.read(1000, 0.01))
    stream.reclaim(10)
    stream.trim()
    stream.shed(1)
    stream.lag()
    stream.leave()
    RedisEventProgress(client, keys).recorded()
    RedisFacts(client, keys).read()
    leadership.led()
    _compare(client, keys, "r1")
    look = RedisInspection(client, keys)
    look.queue_states(look.queue_names())
    look.jobs(["r1"])
    [forget_worker(client, keys, worker.name, ["low"]) for worker in look.workers()]


def _compare(client: Redis, keys: Keys, job_id: str) -> None:
    """The ledger looks at everything, and puts one job right, makes one again, attests a third."""
    view, repair = RedisLedgerView(client, keys), RedisLedgerRepair(client, keys)
    assert list(view.jobs())
    assert list(view.entries())
    view.balances()
    view.contents(job_id)
    view.outcome(job_id)
    facts = view.facts([job_id, "nobody"])
    places = view.places(facts.values())[job_id]
    assert view.recount(facts[job_id], {**places, "holders:type:greet": 1}) == {"queue:normal": 1}
    repair.reseat(facts[job_id], places, Seat(facts[job_id].state, 0, 60))
    lost = RestorableJob(new_job("r3"), JobState.QUEUED, 1, 1, 1, 0)
    repair.restore([lost], count=True)
    remade = RestorableJob(new_job(job_id), JobState.QUEUED, 1, 1, 1, 0)
    repair.remake(view.facts([job_id])[job_id], places, remade, has_checkpoint=True)
    repair.remind(view.facts([job_id])[job_id])
    repair.attest(view.facts([job_id])[job_id], Attestation(EventKind.RELEASED))
    repair.write_off(view.balances()[0])
    quotas = RedisQuotas(client, keys)
    quotas.tenants()
    assert list(quotas.counted("acme")) == [[]]
    quotas.miscounted([job_id], repair=True)


def _relay(gate: RedisRelayTarget) -> None:
    gate.close_to_others(1)
    gate.send([new_job("r1"), new_job("r2", delay=100)], 1)
    gate.known(["r1"])


def furnish(bench: Bench) -> None:
    """Jobs in every state, for the roles to work on, and a recorder that has read some of their events."""
    for number in range(6):
        bench.dead(job_id=f"dead{number}")
    bench.started(job_id="started")
    ended = bench.started(job_id="ended")
    bench.let_lease_end(ended.id)
    due = bench.scheduled(job_id="due")
    bench.make_due(due)
    bench.parked_by_limit(job_type="held")
    limited = {"limit_key": "k", "limit": 1}
    bench.seed(*[new_job(f"n{number}", **limited) for number in range(3)])
    bench.seed(*[new_job(f"p{number}") for number in range(6)])
    bench.redis.xgroup_create(bench.keys.events, LAST_GROUP, id="0")
    RedisEventStream(bench.redis, bench.redis, bench.keys, consumer="recorder").read(3, 0.01)
