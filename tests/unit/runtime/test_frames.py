"""What a worker process and its child say to each other."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from backend.domain.jobs.attempts.outcome import AttemptError, Outcome, OutcomeKind
from backend.domain.jobs.job import ClaimedJob
from workers.runtime.children import frames

JOB = ClaimedJob(
    "a", "1-0", 2, 1, True, "low:email", "greet", '["ä"]'.encode(), b'{"tags":["x"]}', 1.5, 3
)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    yield ours, theirs
    ours.close()
    theirs.close()


def test_a_job_arrives_as_it_left(pair: tuple[socket.socket, socket.socket]) -> None:
    frames.send(pair[0], frames.job_frame(JOB, "w1"))

    frame = frames.receive(pair[1])

    assert frame is not None
    assert frame["worker"] == "w1"
    assert frames.job_of(frame) == JOB


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome(OutcomeKind.FINISHED, '{"n":"ä"}', run_seconds=0.25),
        Outcome(OutcomeKind.FAILED, error=AttemptError("timeout", "T", "ä", "tb")),
        Outcome(OutcomeKind.RETRIED, error=AttemptError("e", "E", "\udcff", ""), delay=5.0),
    ],
    ids=["finished", "failed", "no utf-8"],
)
def test_an_outcome_arrives_as_it_left(
    pair: tuple[socket.socket, socket.socket], outcome: Outcome
) -> None:
    frames.send(pair[0], frames.outcome_frame(JOB, outcome, left="a process"))

    frame = frames.receive(pair[1])

    assert frame is not None
    assert frames.outcome_of(frame) == outcome
    assert frame["left"] == "a process"


def test_what_is_said_of_a_job_is_of_that_attempt_only() -> None:
    said = [
        frames.outcome_frame(JOB, Outcome(OutcomeKind.FINISHED)),
        frames.progress_frame(JOB, 1, 2, "half"),
        frames.cancel_frame(JOB),
    ]

    assert [frames.is_of(JOB, frame) for frame in said] == [True] * 3
    for other in (JOB._replace(fence="2-0"), JOB._replace(id="b")):
        assert [frames.is_of(other, frame) for frame in said] == [False] * 3


def test_frames_follow_each_other_whatever_their_size(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    large = {"text": "x" * 3_000_000}
    sender = threading.Thread(
        target=lambda: [frames.send(pair[0], frame) for frame in (large, {"n": 2})]
    )
    sender.start()

    received = [frames.receive(pair[1]), frames.receive(pair[1])]

    sender.join(10)
    assert received == [large, {"n": 2}]


def test_the_end_of_the_other_side_is_no_frame(pair: tuple[socket.socket, socket.socket]) -> None:
    pair[0].close()

    assert frames.receive(pair[1]) is None


def test_half_a_frame_is_no_frame(pair: tuple[socket.socket, socket.socket]) -> None:
    pair[0].sendall(b"\x00\x00\x00\x09half")
    pair[0].close()

    assert frames.receive(pair[1]) is None
