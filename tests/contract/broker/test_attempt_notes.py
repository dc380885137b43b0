"""What a running attempt says of itself, and what later attempts know of it."""

from __future__ import annotations

from backend.domain.jobs.step_codes import ExtendCode
from tests.contract.broker.scene import Scene


def test_the_newest_progress_is_readable_while_the_job_runs(scene: Scene) -> None:
    held = scene.started()

    for done in (1, 2):
        code = scene.broker.progress_notes.note(held.id, held.fence, f'{{"done":{done}}}')
        assert code is ExtendCode.EXTENDED

    assert scene.view(held.id).progress == {"done": 2}
    assert scene.kinds(held.id) == ["enqueued", "started"]


def test_who_notes_progress_hears_that_the_job_is_to_stop(scene: Scene) -> None:
    held = scene.started()
    scene.cancel(held.id)

    code = scene.broker.progress_notes.note(held.id, held.fence, "{}")

    assert code is ExtendCode.ASKED_TO_CANCEL


def test_the_next_attempt_starts_with_a_clean_slate(scene: Scene) -> None:
    held = scene.started()
    scene.broker.progress_notes.note(held.id, held.fence, '{"done":1}')
    scene.settle(held, "released")

    scene.claim()

    assert scene.view(held.id).progress is None


def test_what_an_attempt_keeps_later_attempts_find_even_after_death(scene: Scene) -> None:
    held = scene.started()
    assert scene.broker.checkpoints.load(held.id) == ""
    assert scene.broker.checkpoints.save(held.id, held.fence, '{"page":3}')
    scene.settle(held, "failed")

    scene.do.redrive([held.id], by="ada", reason="")

    assert scene.broker.checkpoints.load(held.id) == '{"page":3}'


def test_who_lost_the_lease_may_note_and_keep_nothing(scene: Scene) -> None:
    late = scene.started()
    scene.settle(late, "released")
    scene.claim()

    assert scene.broker.progress_notes.note(late.id, late.fence, "{}") is ExtendCode.LOST
    assert not scene.broker.checkpoints.save(late.id, late.fence, '"late"')

    assert (scene.view(late.id).progress, scene.broker.checkpoints.load(late.id)) == (None, "")
