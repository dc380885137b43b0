"""What people say of breakers: names that can be none, names mistyped, and what is written down."""

from __future__ import annotations

import pytest

from backend.domain.access.actor import Actor
from backend.domain.errors import InvalidOption
from backend.domain.jobs.job_type import JobType
from backend.domain.jobs.options.breaker import Breaker
from backend.memory.broker import MemoryBroker
from backend.memory.standing_clock import StandingClock
from backend.services.jobs.breaker_service import BreakerService

ADA = Actor("ada")
HOST = "webhook:hooks.example.com:443"


def _nothing() -> None: ...


KINDS = [
    JobType("send_webhook", _nothing, breaker=Breaker(by="url", name="webhook")),
    JobType("push", _nothing, breaker=Breaker(by=lambda note: note["to"])),
    JobType("send_email", _nothing, breaker=Breaker(name="mail_server")),
    JobType("greet", _nothing),
]


class Desk(BreakerService):
    """A service that writes down what was noted."""

    def __init__(self) -> None:
        self.noted: list[str] = []
        super().__init__(MemoryBroker(StandingClock()).breakers, self.noted.append, KINDS)


@pytest.mark.parametrize("destination", ["", "a\nb", "x" * 257])
def test_what_can_be_no_destination_is_refused(destination: str) -> None:
    desk = Desk()

    for act in (desk.open, desk.close):
        with pytest.raises(InvalidOption, match="a destination is a line of 1 to 256 characters"):
            act(destination, by=ADA)
    with pytest.raises(InvalidOption):
        desk.find(destination)


def test_closing_one_that_holds_nobody_back_names_the_one_that_was_meant() -> None:
    desk = Desk()
    desk.open(HOST, by=ADA)

    with pytest.raises(InvalidOption, match="holds nobody back, did you mean"):
        desk.close(HOST.replace("hooks", "hoks"), by=ADA)

    assert desk.close("elsewhere", by=ADA) is False


def test_what_changed_is_written_down_and_what_was_so_before_is_not() -> None:
    desk = Desk()

    done = [desk.open(HOST, by=ADA), desk.open(HOST, by=ADA)]
    done += [desk.close(HOST, by=ADA), desk.close(HOST, by=ADA)]

    assert done == [True, False, True, False]
    assert desk.noted == [f"breaker:{HOST}"] * 2


@pytest.mark.parametrize(
    "mistyped",
    ["hooks.example.com", "hooks.example.com:443", "webhook", "webhook:", "mail_server:x", "greet"],
)
def test_what_no_breaker_watches_is_not_said_to_be_open(mistyped: str) -> None:
    desk = Desk()

    for act in (lambda: desk.open(mistyped, by=ADA), lambda: desk.find(mistyped)):
        with pytest.raises(InvalidOption, match="here they watch mail_server, push:…, webhook:…"):
            act()
    assert (desk.noted, desk.not_closed()) == ([], [])


def test_the_name_of_breakers_by_key_is_not_suggested_to_who_gave_it() -> None:
    with pytest.raises(InvalidOption) as refused:
        Desk().open("webhook", by=ADA)

    assert str(refused.value) == (
        "no breaker watches 'webhook'; here they watch mail_server, push:…, webhook:…, where … is as in "
        "webhook:hooks.example.com:443"
    )


@pytest.mark.parametrize(
    "said", ["https://hooks.example.com/in", "webhook:https://hooks.example.com"]
)
def test_who_gives_an_address_is_told_the_name_of_its_breaker(said: str) -> None:
    with pytest.raises(InvalidOption, match=r"as in webhook:hooks\.example\.com:443"):
        Desk().open(said, by=ADA)


def test_whatever_a_breaker_watches_can_be_held_back() -> None:
    desk = Desk()

    for destination in (HOST, "push:warehouse", "mail_server"):
        assert desk.open(destination, by=ADA)
        assert desk.find(destination).is_by_hand
