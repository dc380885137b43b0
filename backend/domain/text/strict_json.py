"""JSON that comes back as it went in: nothing is made text on the way, and what cannot be told is named.

Python's own encoder turns the keys 1, True and None into text (two of them may then be one), and says
"not serializable" without saying where.
"""

from __future__ import annotations

import json
import json.encoder
import math
from collections.abc import Callable, Iterator
from typing import Any

#: Deeper than anything that people write, and shallow enough for every reader's own limit.
DEEPEST = 200

_CONTAINERS = (dict, list, tuple)
_SCALARS = (str, int, float, type(None))
_PLAIN = frozenset({*_SCALARS, bool})
#: Python neither prints nor reads whole numbers beyond so many digits.
_LARGEST = 10**4300
#: Makes JSON of a value that is none, or gives it back as it is.
Convert = Callable[[Any], Any]


class NotJson(ValueError):
    """A value that JSON cannot say; the message begins with the path to it."""


def as_it_is(value: Any) -> Any:
    """Converts nothing."""
    return value


def json_encoder(
    root: str, convert: Convert = as_it_is, *, ensure_ascii: bool = False
) -> Callable[[Any], str]:
    """A function that makes JSON text of a value, or raises `NotJson` with a path that begins at ``root``.

    ``convert`` is asked about what JSON does not know. Tuples become lists.
    """

    def converted(value: Any) -> Any:
        known = _converted(value, convert)
        if known is value or not _is_sound(known, 1):
            raise NotJson
        return known

    encode = _encoder(converted, ensure_ascii=ensure_ascii)

    def encoded(value: Any) -> str:
        try:
            if type(value) in _PLAIN or _is_sound(value, 1):
                return encode(value)
        except MemoryError:
            raise
        except Exception as error:
            raise NotJson(_first_fault(value, root, convert)) from error
        raise NotJson(_first_fault(value, root, convert))

    return encoded


def _encoder(default: Callable[[Any], Any], *, ensure_ascii: bool) -> Callable[[Any], str]:
    """As `JSONEncoder.encode`, which makes an encoder in C for each value: longer work than a small value.

    That looks for what contains itself; here whatever lies too deep is refused before.
    """
    separators = (",", ":")
    whole = json.JSONEncoder(
        separators=separators, ensure_ascii=ensure_ascii, allow_nan=False, default=default
    )
    names = "encode_basestring_ascii" if ensure_ascii else "encode_basestring"
    try:
        make: Any = getattr(json.encoder, "c_make_encoder")  # noqa: B009 - not every Python has it
        parts = make(
            None, default, getattr(json.encoder, names), None, ":", ",", False, False, False
        )
    except (AttributeError, TypeError):
        return whole.encode
    return lambda value: "".join(parts(value, 0))


def _is_sound(value: Any, depth: int) -> bool:
    """Whether all keys are text and nothing lies too deep. Called for every job, so no more than that."""
    if isinstance(value, dict):
        try:
            # The fastest question that only text answers.
            "".join(value)
        except TypeError:
            return False
        value = value.values()
    elif not isinstance(value, list | tuple):
        return True
    for inner in value:
        if type(inner) in _PLAIN or not isinstance(inner, _CONTAINERS):
            continue
        if depth >= DEEPEST or not _is_sound(inner, depth + 1):
            return False
    return True


def _first_fault(value: Any, root: str, convert: Convert) -> str:
    vague = f"{root} is not JSON"
    try:
        return next(_faults(value, root, convert, ()), vague)
    except Exception:  # noqa: BLE001 - as above
        return vague


def _faults(value: Any, path: str, convert: Convert, above: tuple[int, ...]) -> Iterator[str]:
    """Where, and why not."""
    if id(value) in above:
        yield f"{path} contains itself"
    elif len(above) >= DEEPEST:
        yield f"{path[:60]}… lies deeper than {DEEPEST} levels"
    elif isinstance(value, _CONTAINERS):
        yield from _faults_inside(value, path, convert, above)
    elif isinstance(value, float) and not math.isfinite(value):
        yield f"{path} is {value}, which is no number to JSON"
    elif isinstance(value, int) and abs(value) >= _LARGEST:
        yield f"{path} is a whole number of more than 4300 digits"
    elif not isinstance(value, _SCALARS):
        known = _converted(value, convert)
        if known is value:
            yield f"{path} is {_a(value)}, which is not JSON"
        else:
            yield from _faults(known, path, convert, (*above, id(value)))


def _faults_inside(
    value: Any, path: str, convert: Convert, above: tuple[int, ...]
) -> Iterator[str]:
    is_object = isinstance(value, dict)
    for place, inner in value.items() if is_object else enumerate(value):
        if is_object and not isinstance(place, str):
            yield f"{path} has the key {place!r:.40}, {_a(place)}; JSON has only keys that are text"
        step = f".{place}" if is_object else f"[{place}]"
        yield from _faults(inner, path + step, convert, (*above, id(value)))


def _converted(value: Any, convert: Convert) -> Any:
    """Converting runs foreign code, which may raise whatever it likes."""
    try:
        return convert(value)
    except Exception:  # noqa: BLE001 - then it is what JSON cannot say, and told so
        return value


def _a(value: Any) -> str:
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"
