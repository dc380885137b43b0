"""One process at a time leads a duty."""

from __future__ import annotations

from tests.contract.broker.scene import Scene


def test_the_first_who_asks_leads_and_renews_under_the_same_fence(scene: Scene) -> None:
    lead = scene.broker.leadership

    first = lead.take("cron", "a", 10.0)

    assert first > 0
    assert lead.take("cron", "b", 10.0) == 0
    assert lead.take("cron", "a", 10.0) == first


def test_the_next_leader_has_a_higher_fence(scene: Scene) -> None:
    lead = scene.broker.leadership
    first = lead.take("cron", "a", 10.0)

    scene.broker.pass_time(11)

    assert lead.take("cron", "b", 10.0) > first
    assert lead.take("cron", "a", 10.0) == 0


def test_giving_up_lets_another_lead_at_once_and_only_the_leader_can(scene: Scene) -> None:
    lead = scene.broker.leadership
    first = lead.take("cron", "a", 10.0)

    lead.give_up("cron", "b")
    assert lead.take("cron", "b", 10.0) == 0
    lead.give_up("cron", "a")

    assert lead.take("cron", "b", 10.0) > first


def test_duties_are_led_apart(scene: Scene) -> None:
    lead = scene.broker.leadership
    lead.take("cron", "a", 10.0)

    assert lead.take("relay", "b", 10.0) > 0


def test_a_leader_whose_fence_is_older_than_one_that_was_seen_leads_by_a_newer_one(
    scene: Scene,
) -> None:
    lead, day_ms = scene.broker.leadership, 86_400_000
    first = lead.take("scheduler", "a", 10.0)
    scene.broker.timetable.promote(100, first + day_ms)
    assert scene.broker.timetable.promote(100, first).moved == -1

    lead.give_up("scheduler", "a")
    fence = lead.take("scheduler", "a", 10.0)

    assert fence > first + day_ms
    assert scene.broker.timetable.promote(100, fence).moved == 0
