"""One job: where it stands, why, what became of each attempt, what it was given and what it gave."""

from __future__ import annotations

from typing import Any, NamedTuple

from flask import Response

from backend.api.access.own_jobs import find_own
from backend.api.http.problem import told_of
from backend.api.routers import artifacts, job_search
from backend.api.schemas.artifacts import ArtifactResource
from backend.api.schemas.job_actions import Why
from backend.api.schemas.jobs import JobResource
from backend.dashboard.request.file_answers import shown_or_saved
from backend.dashboard.request.page_context import Visit
from backend.dashboard.request.routes import Routes
from backend.domain.errors import ArtifactError, JobNotFound, MigrationError, Unavailable
from backend.domain.history.history_record import JobHistory
from backend.domain.jobs.job import JobView
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.plans.job_preview import JobPreview

routes = Routes()


class _Possible(NamedTuple):
    """What can be done with a job in its state."""

    cancel: bool
    redrive: bool
    discard: bool
    replay: bool
    move: bool
    run_now: bool


@routes.page("/job/<job_id>", "jobs.get")
def job(visit: Visit, job_id: str) -> Response:
    """Everything about it."""
    found = find_own(visit.call, job_id)
    standing = visit.parts.standing(found)
    shown = visit.call.app_state.resources.beside_others(found, standing)
    history, away = _history(visit, found)
    is_discarded = history is not None and history.job.discarded_at is not None
    return visit.show(
        "job.html",
        job=shown,
        history=history,
        away=away,
        why=_why(visit, shown),
        replay=_replay(visit, shown, history),
        files=_files(visit, job_id),
        can=_possible(shown.state, is_discarded=is_discarded),
        is_discarded=is_discarded,
        longest=_longest(history),
        is_recorded=history is not None,
        follow_ups=[(each, _is_there(visit, each.id)) for each in shown.follow_ups],
        now=visit.parts.clock.now(),
    )


@routes.page("/job/<job_id>/files/<artifact_id>", "jobs.download")
def job_file(visit: Visit, job_id: str, artifact_id: str) -> Response:
    """One of its files; a PDF opens in the browser, everything else is saved."""
    return shown_or_saved(artifacts.download(visit.call, job_id, artifact_id))


def _history(visit: Visit, found: JobView | JobHistory) -> tuple[JobHistory | None, str]:
    if isinstance(found, JobHistory):
        return found, ""
    try:
        return visit.parts.history.get_job(found.id), ""
    except JobNotFound:
        return None, "It is too new for the record; attempts show within moments."
    except (Unavailable, MigrationError) as error:
        return None, f"Attempts are in the record, which cannot be read now: {told_of(error)}"


def _is_there(visit: Visit, job_id: str) -> bool:
    try:
        find_own(visit.call, job_id)
    except (JobNotFound, Unavailable, MigrationError):
        return False
    return True


def _why(visit: Visit, shown: JobResource) -> Why | None:
    """Only of jobs that have not ended; of those that have, the page says it."""
    if JobState(shown.state).is_final:
        return None
    try:
        return job_search.why(visit.call, shown.id)
    except (Unavailable, MigrationError):
        return None


def _replay(visit: Visit, shown: JobResource, history: JobHistory | None) -> JobPreview | None:
    """What a replay of one that has ended would meet now."""
    if history is None or not JobState(shown.state).is_final or not visit.may("jobs.replay"):
        return None
    return visit.parts.previews.preview_replay(history, of_tenant=visit.call.who.tenant)


def _files(visit: Visit, job_id: str) -> list[ArtifactResource]:
    try:
        return artifacts.artifacts(visit.call, job_id).items
    except (ArtifactError, Unavailable, MigrationError):
        return []


def _possible(state: JobState, *, is_discarded: bool) -> _Possible:
    is_dead = state is JobState.FAILED and not is_discarded
    return _Possible(
        cancel=not state.is_final,
        redrive=is_dead,
        discard=is_dead,
        replay=state.is_final,
        move=state in {JobState.QUEUED, JobState.SCHEDULED},
        run_now=state is JobState.SCHEDULED,
    )


def _longest(history: JobHistory | None) -> float:
    """Seconds that the longest attempt took with its wait: what the bars are drawn against."""
    attempts: tuple[Any, ...] = history.attempts if history else ()
    return max(((each.waited or 0) + (each.ran or 0) for each in attempts), default=0.0) or 1.0
