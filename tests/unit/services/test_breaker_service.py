"""What people say of breakers: names that can be none, names mistyped, and what is written down."""

from __future__ import annotations

import pytest

from backend.domain.access.actor import Actor
from backend.domain.errors import InvalidOption
from backend.memory.broker import MemoryBroker
from backend.memory.standing_clock import StandingClock
from backend.services.jobs.breaker_service import BreakerService

ADA = Actor("ada")
HOST = "webhook:hooks.example.com:443"


class Desk(BreakerService):
    """A service that writes down what was noted."""

    def __init__(self) -> None:
        self.noted: list[str] = []
        super().__init__(MemoryBroker(StandingClock()).breakers, self.noted.append)


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
