"""What an error that a store answers with means for whoever asked: one of three."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Meaning(StrEnum):
    """What waiting would change."""

    #: What we sent is wrong; it stays wrong however often it is sent.
    MISTAKE = "mistake"
    #: What we sent is right and will not be done until somebody changes something: a right, a value.
    REFUSED = "refused"
    #: What we sent is right and can be done later, without any change to it.
    NOT_NOW = "not now"


class StoreAnswer(NamedTuple):
    """An error reply, read."""

    #: The store's own word for it: Redis' first word, Postgres' SQLSTATE.
    code: str
    meaning: Meaning
    #: What a person should look at, as half a sentence.
    remedy: str
    #: The connection leads to a server that is not the one to write to: its name must be looked up again.
    is_wrong_server: bool = False
    #: False for what no table of ours names: worth a loud word in the log.
    is_known: bool = True
