"""The Redis Function library: assembled from ``lua/``, one file a step, versioned by its content.

The version is part of every function's name, so the functions of two releases live side by side and
a worker of the last release keeps working during a deploy.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from redis import Redis
from redis.exceptions import ResponseError

#: In this order: later steps call what earlier ones define.
STEPS = (
    "found",
    "enqueue",
    "claim",
    "pick_out",
    "settle",
    "extend",
    "promote",
    "follow",
    "rescue",
    "cancel",
    "redrive",
    "discard",
    "give_back",
    "reprioritise",
    "run_now",
    "pause",
    "resume",
    "muster",
    "limit",
    "key_limit",
    "quota",
    "count_in",
    "rate",
    "key_rate",
    "breaker",
    "freeze",
    "plan",
    "fairness",
    "twin",
    "find_lines",
    "controls",
    "adopt",
    "usher",
    "appear",
    "declare",
    "purge",
    "evict",
    "progress",
    "checkpoint",
    "prune",
    "change_over",
    "trim",
    "shed",
    "lead",
    "await",
    "relay",
    "facts",
    "recount",
    "enrolment",
    "reseat",
    "restore",
    "recall",
    "remake",
    "remind",
    "attest",
    "balance",
    "raise",
)
#: What they share, before all of them.
SHARED = (
    "_history",
    "_prelude",
    "_fair",
    "_turns",
    "_places",
    "_quotas",
    "_on_the_way",
    "_lines",
    "_gates",
    "_freezes",
    "_rates",
    "_breakers",
    "_anew",
    "_unique",
    "_endings",
    "_taken",
    "_leaving",
)
#: What steps besides themselves leave to later ones.
_LEFT_TO_LATER = {
    "claim": ["may_pick", "claim_state", "take_all", "take_lined", "conclude"],
    "settle": ["ATTEMPT", "end_attempt"],
    "trim": ["account"],
}
#: How many superseded versions stay loaded for the workers of earlier releases.
KEPT_VERSIONS = 3

_WORD = re.compile(r"\w+")
_COMMENT = re.compile(r"--.*$", re.MULTILINE)
_DECLARED = re.compile(
    r"^local (?:function (?P<function>\w+)\(|(?P<names>\w+(?:, \w+)*)(?P<value> =|$))", re.MULTILINE
)
_FLAGS = re.compile(r"^-- flags: (.+)$", re.MULTILINE)
#: Stands for the moment of loading, by which alone one text differs from another.
_LOADED_AT = "@loaded_at@"


@cache
def source_of(step: str) -> str:
    """The Lua text of one step, or of one of those in ``SHARED``."""
    return _files()[step].read_text(encoding="utf-8")


@cache
def _files() -> dict[str, Traversable]:
    """The Lua files by name: folders tell what a step is for, names are the same in all of them."""
    lua = files("backend.broker").joinpath("lua")
    folders = [lua, *(each for each in lua.iterdir() if each.is_dir())]
    found = [file for folder in folders for file in folder.iterdir()]
    return {file.name.removesuffix(".lua"): file for file in found if file.name.endswith(".lua")}


@cache
def version() -> str:
    """Eight hexadecimal digits that change with the content of the library."""
    text = "\n".join(source_of(step) for step in (*SHARED, *STEPS))
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def function_name(step: str) -> str:
    """What `FCALL` is given for a step."""
    return f"tally_{version()}_{step}"


def _registration(step: str) -> str:
    match = _FLAGS.search(source_of(step))
    flags = ", ".join(f"'{flag.strip()}'" for flag in match[1].split(",")) if match else ""
    return (
        f"redis.register_function{{function_name='{function_name(step)}', "
        f"description='{_LOADED_AT}', flags={{{flags}}}, callback=function(keys, argv) "
        f"return run({step}, keys, argv) end}}"
    )


def assemble(loaded_at: int = 0) -> str:
    """The whole library as `FUNCTION LOAD` wants it; ``loaded_at`` tells its age in milliseconds."""
    return _assembled().replace(_LOADED_AT, str(loaded_at))


@cache
def _assembled() -> str:
    """Made once a process: it takes a fifth of a second."""
    parts = [f"#!lua name=tally_{version()}", *map(_shared, SHARED)]
    parts += [_enclosed(step, _registration(step)) for step in STEPS]
    return "\n".join(parts)


def _shared(name: str) -> str:
    """What steps share, of which later files see the names alone that they use: see `_enclosed`."""
    later = [*SHARED[SHARED.index(name) + 1 :], *STEPS]
    used = {word for each in later for word in _WORD.findall(source_of(each))}
    left: list[str] = []

    def declared(found: re.Match[str]) -> str:
        names = (found["function"] or found["names"]).split(", ")
        if not used.intersection(names):
            return found[0]
        left.extend(names)
        if found["function"]:
            return f"function {found['function']}("
        return f"{found['names']} =" if found["value"] else ""

    text = _DECLARED.sub(declared, source_of(name))
    return f"local {', '.join(left)}\ndo\n{text}\nend"


def _enclosed(step: str, registration: str) -> str:
    """A step, of which later ones see what they call alone: Lua has room for 200 names in a library."""
    text, names = source_of(step), [*_LEFT_TO_LATER.get(step, [])]
    if any(_calls(later, step) for later in STEPS[STEPS.index(step) + 1 :]):
        names.append(step)
    for name in names:
        text = re.sub(
            rf"^local (function {name}\(|{name} =)", r"\1", text, count=1, flags=re.MULTILINE
        )
    left = f"local {', '.join(names)}\n" if names else ""
    return f"{left}do\n{text}\n{registration}\nend"


def _calls(one: str, other: str) -> bool:
    return re.search(rf"(?<![\w.]){other}\(", _COMMENT.sub("", source_of(one))) is not None


def load(client: Redis) -> None:
    """Loads this release's library unless it is there, and drops the oldest superseded ones."""
    if client.function_list(library=f"tally_{version()}"):
        return
    seconds, microseconds = client.time()
    try:
        client.function_load(assemble(seconds * 1000 + microseconds // 1000))
    except ResponseError as error:
        if "already exists" not in str(error):
            raise
        return
    _drop_superseded(client)


def _drop_superseded(client: Redis) -> None:
    loaded: Any = client.function_list(library="tally_*")
    by_age = sorted((_loaded_at(entry), _fields(entry)["library_name"]) for entry in loaded)
    superseded = [name for _, name in by_age if name != f"tally_{version()}"]
    for name in superseded[:-KEPT_VERSIONS]:
        client.function_delete(name)


def _loaded_at(library: Any) -> int:
    """When a library was loaded, as its functions tell; 0 when they do not."""
    description = _fields(_fields(library)["functions"][0]).get("description") or ""
    return int(description) if description.isdigit() else 0


def _fields(entry: Any) -> dict[str, Any]:
    """One entry of `FUNCTION LIST`, whichever protocol the client speaks."""
    pairs = entry if isinstance(entry, dict) else dict(zip(entry[::2], entry[1::2], strict=True))
    return {_text(name): _text(value) for name, value in pairs.items()}


def _text(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value
