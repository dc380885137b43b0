"""An attempt that an interrupt ends beside its handler: its lines are kept, and nobody watches it on."""

from __future__ import annotations

from typing import Any

from backend.domain.jobs.attempts.outcome import Outcome, OutcomeKind
from backend.domain.jobs.job import ClaimedJob
from backend.domain.jobs.job_type import JobType
from tests.unit.runtime.attempts import claimed
from tests.unit.runtime.one_slot import OneSlot
from workers.base_worker import JobContext, StopRequested
from workers.runtime.attempts.job_contexts import context_maker
from workers.runtime.attempts.live_logs import LiveLogs
from workers.runtime.attempts.runner import Interruptible


class _Interrupted:
    """Runs a handler that logs, and is interrupted when that has returned."""

    kind = JobType("greet", lambda _: None, secret_fields=("card",))

    def soft_after(self, _job: ClaimedJob) -> float:
        return 0.0

    hard_after = soft_after

    def run(self, _job: ClaimedJob, context: JobContext, _slot: Interruptible) -> Outcome:
        context.log.info("paid with 4111")
        raise StopRequested


def _logged_by(logs: LiveLogs) -> Any:
    """Contexts of attempts whose lines are shown while they run."""
    return context_maker(
        "w",
        None,  # type: ignore[arg-type]
        None,  # type: ignore[arg-type]
        lambda context, _job, progress: logs.watch(context, progress, str),
    )


def test_it_keeps_its_lines_without_secrets_and_is_forgotten() -> None:
    logs = LiveLogs(None, now=lambda: 0.0)  # type: ignore[arg-type]
    logs._begin = lambda: None  # type: ignore[method-assign]
    job = claimed({"card": "4111"})
    it = OneSlot(job, runner=_Interrupted(), make_context=_logged_by(logs))

    it.slot.run()
    logs.look()

    assert it.ended["a"].kind is OutcomeKind.RELEASED
    assert "paid with [hidden]" in it.ended["a"].log
    assert it.ended["a"].run_seconds > 0
    assert logs._watched == {}
