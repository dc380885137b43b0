"""What each error reply of Redis means. A table, and nothing but reading it.

Texts are those of Redis 7.0 to 8 and Valkey 7.2 to 9. A reply begins with a word in capitals; where it
does not, the server said ``ERR``, and only the text tells what it is.
"""

from __future__ import annotations

import re

from backend.domain.store_answer import Meaning, StoreAnswer

_SERVER = "check REDIS_URL and the server"
_PRIMARY = "REDIS_URL must lead to the primary; its name is looked up again"
_ACCOUNT = "check REDIS_URL and its ACL"
_CLUSTER = "the cluster moves or has lost a part; look at CLUSTER INFO"
_OURS = "what was sent is wrong, or a key holds what is not ours"

_NOT_NOW = {
    "MISCONF": "Redis cannot save to disk; free its disk and look at its log",
    "BUSY": "a script keeps it busy; end that with SCRIPT KILL or FUNCTION KILL",
    "EXECABORT": _SERVER,
    "OOM": "let workers drain the queues, or raise maxmemory",
    "NOMASTERLINK": _SERVER,
    "NOQUORUM": _CLUSTER,
}
#: The same, and whoever answers so is not, or not yet, the server to write to.
_WRONG_SERVER = {
    "READONLY": _PRIMARY,
    "UNBLOCKED": "Redis ended a call that was waiting; its role may have changed",
    "MASTERDOWN": _PRIMARY,
    "LOADING": "it reads its data from disk after a start; wait",
    "NOREPLICAS": "too few replicas follow it (min-replicas-to-write); bring one back",
    "CLUSTERDOWN": _CLUSTER,
    "TRYAGAIN": _CLUSTER,
    "MOVED": _CLUSTER,
    "ASK": _CLUSTER,
}
#: Who asks is refused, not what is asked.
ACCOUNT = ("NOPERM", "NOAUTH", "WRONGPASS", "DENIED")
_MISTAKES = (
    *("WRONGTYPE", "NOSCRIPT", "NOGROUP", "BUSYGROUP", "BUSYKEY", "CROSSSLOT", "NOPROTO"),
    *("NOTBUSY", "UNKILLABLE", "INPROG", "INVALIDOBJ", "IOERR"),
)

#: By the code that a reply begins with.
ANSWERS = {
    **{code: StoreAnswer(code, Meaning.NOT_NOW, remedy) for code, remedy in _NOT_NOW.items()},
    **{
        code: StoreAnswer(code, Meaning.NOT_NOW, remedy, is_wrong_server=True)
        for code, remedy in _WRONG_SERVER.items()
    },
    **{code: StoreAnswer(code, Meaning.REFUSED, _ACCOUNT) for code in ACCOUNT},
    **{code: StoreAnswer(code, Meaning.MISTAKE, _OURS) for code in _MISTAKES},
}
_TOO_LARGE = "it is larger than Redis takes (proto-max-bulk-len)"
_MISSING = "load them with `tally migrate --functions-only`"
#: By a part of the text of those that say no more than ``ERR``, in small letters.
_PLAIN = {
    "can't run this command": StoreAnswer("NOPERM", Meaning.REFUSED, _ACCOUNT),
    "has no permissions": StoreAnswer("NOPERM", Meaning.REFUSED, _ACCOUNT),
    "authentication required": StoreAnswer("NOAUTH", Meaning.REFUSED, _ACCOUNT),
    "max number of clients reached": StoreAnswer("ERR", Meaning.NOT_NOW, "raise maxclients"),
    "function not found": StoreAnswer("ERR", Meaning.NOT_NOW, _MISSING),
    "invalid bulk length": StoreAnswer("ERR", Meaning.REFUSED, _TOO_LARGE),
    "invalid multibulk length": StoreAnswer("ERR", Meaning.REFUSED, _TOO_LARGE),
}
_MISTAKE = StoreAnswer("ERR", Meaning.MISTAKE, _OURS)

#: redis-py's own words around the reply to one command of several.
_IN_PIPELINE = re.compile(r"^Command # \d+ \(.*\) of pipeline caused error: ", re.DOTALL)
_ABORTED_BY = re.compile(r"^EXECABORT .*? because of: (?=[A-Z]+ )")
_CODE = re.compile(r"^-?([A-Z][A-Z0-9_]*)(?:\s|$)")


def read_reply(text: str, code: str = "") -> StoreAnswer:
    """What an error reply means; ``code`` is its first word where a client has taken it off."""
    words = _IN_PIPELINE.sub("", text, count=1)
    if code and not words.startswith(f"{code} "):
        words = f"{code} {words}"
    words = _ABORTED_BY.sub("", words.removeprefix("ERR "), count=1)
    match = _CODE.match(words)
    if match is None or match[1] == "ERR":
        return _plain(words)
    return ANSWERS.get(match[1]) or StoreAnswer(match[1], Meaning.NOT_NOW, _SERVER, is_known=False)


def happened_halfway(text: str) -> bool:
    """Whether a function of ours had begun when it was refused: some of its writes may have been done."""
    return " script: " in text


def _plain(words: str) -> StoreAnswer:
    small = words.lower()
    return next((answer for part, answer in _PLAIN.items() if part in small), _MISTAKE)
