"""Priorities, lanes, and the queue that the two make together."""

from __future__ import annotations

import pytest

from backend.domain.errors import UnknownPriority
from backend.domain.jobs.queue_name import Priority, QueueName, queues_of


@pytest.mark.parametrize(
    ("name", "priority", "lane"),
    [
        ("high", Priority.HIGH, "default"),
        ("low:email", Priority.LOW, "email"),
        ("normal:a:b", Priority.NORMAL, "a:b"),
        ("normal:", Priority.NORMAL, "default"),
    ],
)
def test_a_queue_is_read_from_its_name(name: str, priority: Priority, lane: str) -> None:
    assert QueueName.parse(name) == QueueName(priority, lane)


@pytest.mark.parametrize("name", ["high", "normal", "low", "high:email", "low:export"])
def test_a_queue_is_written_as_it_is_read(name: str) -> None:
    assert str(QueueName.parse(name)) == name


@pytest.mark.parametrize(
    ("word", "meant"), [("hihg", "high"), ("Low", "low"), ("nromal", "normal"), ("lo", "low")]
)
def test_a_mistyped_priority_is_told_the_nearest_one(word: str, meant: str) -> None:
    with pytest.raises(UnknownPriority, match=f"did you mean '{meant}'"):
        Priority.parse(word)


def test_a_wild_guess_is_told_them_all() -> None:
    with pytest.raises(UnknownPriority, match="use one of high, normal, low") as refusal:
        QueueName.parse("urgent:email")

    assert "did you mean" not in str(refusal.value)


def test_lanes_have_all_their_queues_the_urgent_first() -> None:
    names = [str(queue) for queue in queues_of(["default", "email"])]

    assert names == ["high", "high:email", "normal", "normal:email", "low", "low:email"]


def test_priorities_are_declared_in_the_order_in_which_workers_look() -> None:
    assert [priority.value for priority in Priority] == ["high", "normal", "low"]
