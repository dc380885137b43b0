"""What each SQLSTATE of Postgres means. A table, and nothing but reading it."""

from __future__ import annotations

from backend.domain.store_answer import Meaning, StoreAnswer

_SERVER = "check DATABASE_URL and the server"
_ACCOUNT = "check the account in DATABASE_URL and its rights"
_PRIMARY = "DATABASE_URL must lead to the primary; its name is looked up again"
_VALUES = "a value does not fit"
_OURS = "the statement is wrong"

#: Classes (the first two letters) that tell of the server or the way to it.
_NOT_NOW = {
    "08": _SERVER,  # connection
    "25": _SERVER,  # state of the transaction: ended by the server, read-only
    "40": _SERVER,  # rolled back: serialisation, deadlock
    "53": "it is out of disk, memory or connections",
    "55": "somebody holds a lock, or the object is not ready",
    "57": _SERVER,  # canceled, shut down, starting up
    "58": "its system failed: look at its log and disk",
    "F0": "its configuration file is damaged",
    "XX": "it failed inside: look at its log",
    "3D": "there is no such database: " + _SERVER,
}
_REFUSED = {"28": _ACCOUNT, "21": _VALUES, "22": _VALUES, "23": _VALUES, "54": _VALUES}
_MISTAKES = (
    *(
        "01",
        "02",
        "03",
        "09",
        "10",
        "0A",
        "0B",
        "0F",
        "0L",
        "0P",
        "0Z",
        "20",
        "24",
        "26",
        "27",
        "2B",
    ),
    *("2D", "2F", "34", "38", "39", "3B", "3F", "42", "44", "72", "HV", "P0"),
)
_CLASSES = {
    **{letters: (Meaning.NOT_NOW, remedy) for letters, remedy in _NOT_NOW.items()},
    **{letters: (Meaning.REFUSED, remedy) for letters, remedy in _REFUSED.items()},
    **dict.fromkeys(_MISTAKES, (Meaning.MISTAKE, _OURS)),
}
#: The account lacks a right.
NO_RIGHTS = "42501"
_READ_ONLY = "25006"
#: States that mean something else than their class.
_STATES = {
    NO_RIGHTS: StoreAnswer(NO_RIGHTS, Meaning.REFUSED, _ACCOUNT),
    _READ_ONLY: StoreAnswer(_READ_ONLY, Meaning.NOT_NOW, _PRIMARY, is_wrong_server=True),
    # We spoke after an error of our own within one transaction.
    "25P02": StoreAnswer("25P02", Meaning.MISTAKE, _OURS),
    "25001": StoreAnswer("25001", Meaning.MISTAKE, _OURS),
}

#: No such table, column, function or schema.
_SCHEMA = frozenset({"42P01", "42703", "42883", "3F000"})
#: What a row without a partition has in common with one that a check of a table refuses.
CHECK_VIOLATION = "23514"
#: A statement took longer than it may, or somebody canceled it.
CANCELED = "57014"
#: Classes that tell of the values in a row.
_VALUE_CLASSES = frozenset({"21", "22", "23", "54"})


def read_state(state: str) -> StoreAnswer:
    """What a SQLSTATE means. Without one the server did not speak: the connection is lost."""
    if state in _STATES:
        return _STATES[state]
    if not state:
        return StoreAnswer("", Meaning.NOT_NOW, _SERVER)
    meaning, remedy = _CLASSES.get(state[:2], (None, _SERVER))
    if meaning is None:
        return StoreAnswer(state, Meaning.NOT_NOW, remedy, is_known=False)
    return StoreAnswer(state, meaning, remedy)


def is_about_schema(state: str) -> bool:
    """Whether a table or column is not there, or not as this release needs it."""
    return state in _SCHEMA


def is_about_values(state: str) -> bool:
    """Whether the values of a row were refused: the same row is refused again."""
    return state[:2] in _VALUE_CLASSES
