"""A model that is given as a payload becomes the JSON of it."""

from __future__ import annotations

from functools import lru_cache
from types import NoneType
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError

from backend.domain.errors import InvalidPayload
from backend.domain.jobs.job_type import JobType
from backend.services.jobs.payload_problems import invalid_payload
from workers.job_types.returned import model_of

#: What JSON says as it is, by pydantic's names; a bound, an alias, a function beside it is more.
_SCALARS = {"str": str, "int": int, "float": float, "bool": bool}
#: Of a model and of what is in it: whatever else is said might change how it is written or read.
_OF_MODEL = frozenset(
    {"type", "cls", "config", "custom_init", "metadata", "ref", "root_model", "schema"}
)
_OF_CONFIG = frozenset({"title", "strict", "extra_fields_behavior"})
_OF_FIELDS = frozenset({"type", "fields", "model_name", "computed_fields"})
_OF_FIELD = frozenset({"type", "schema", "metadata"})
_NO_DEFAULT: Any = object()


def payload_in(kind: JobType, given: BaseModel) -> dict[str, Any]:
    """A model as the JSON that makes an equal one: a masked secret, say, would not.

    What nobody set is left out, as it is when a caller writes the object: so both are the same job under
    an idempotency key, and a worker of another release applies its own defaults.
    """
    fields = _plain_fields(type(given))
    plain = _read(fields, given) if fields else None
    return _compared(kind, given) if plain is None else plain


class _PlainField(NamedTuple):
    """A field that JSON says as it is, as long as its value is of these types."""

    name: str
    types: frozenset[type]
    default: Any


def _read(fields: tuple[_PlainField, ...], given: BaseModel) -> dict[str, Any] | None:
    """What was set; None where a value is not what its field says, as nobody checks what is assigned."""
    values, is_set, payload = given.__dict__, given.__pydantic_fields_set__, {}
    for name, types, default in fields:
        value = values.get(name, _NO_DEFAULT)
        if type(value) not in types:
            return None
        if name in is_set:
            payload[name] = value
        elif value is not default:
            return None
    return payload


@lru_cache(maxsize=1000)
def _plain_fields(model: type[BaseModel]) -> tuple[_PlainField, ...]:
    """The fields of a model that has no others; else none.

    To read the JSON again and to compare costs more than all else in a call that enqueues, and of most
    payloads pydantic's own description of the model tells that it will be equal.
    """
    schema: Any = model.__pydantic_core_schema__
    if model.model_dump is not BaseModel.model_dump or not _is_plain(schema):
        return ()
    fields = [_plain_field(name, said) for name, said in schema["schema"]["fields"].items()]
    found = tuple(field for field in fields if field is not None)
    return found if len(found) == len(fields) else ()


def _is_plain(schema: Any) -> bool:
    """Whether nothing but its fields tells how a model is written and read."""
    if not isinstance(schema, dict) or schema["type"] != "model" or not schema.keys() <= _OF_MODEL:
        return False
    config, inner = schema.get("config", {}), schema["schema"]
    return (
        not (schema.get("custom_init") or schema.get("root_model"))
        and config.keys() <= _OF_CONFIG
        and config.get("extra_fields_behavior") != "allow"
        and inner.keys() <= _OF_FIELDS
        and not inner.get("computed_fields")
    )


def _plain_field(name: str, field: dict[str, Any]) -> _PlainField | None:
    schema, types, default = field["schema"], set[type](), _NO_DEFAULT
    if not field.keys() <= _OF_FIELD:
        return None
    if schema.keys() == {"type", "schema", "default"}:
        schema, default = schema["schema"], schema["default"]
    if schema.keys() == {"type", "schema"} and schema["type"] == "nullable":
        schema, types = schema["schema"], {NoneType}
    scalar = _SCALARS.get(schema["type"]) if schema.keys() == {"type"} else None
    return _PlainField(name, frozenset({scalar, *types}), default) if scalar else None


def _compared(kind: JobType, given: BaseModel) -> dict[str, Any]:
    try:
        payload, is_same = _tried(given, exclude_unset=True)
        if not is_same:
            # A default that was changed in its place, as by `append`, counts as unset.
            payload, is_same = _tried(given, exclude_unset=False)
    except ValidationError as error:
        raise invalid_payload(kind, error) from None
    except ValueError as error:
        raise InvalidPayload(f"the payload of {kind.name!r} is not JSON: {error}") from error
    if not is_same:
        raise InvalidPayload(
            f"the payload of {kind.name!r}: a {type(given).__name__} does not come back from JSON "
            "as it was; give a mapping with the values themselves",
            field="payload",
        )
    return payload


def _tried(given: BaseModel, *, exclude_unset: bool) -> tuple[dict[str, Any], bool]:
    """The JSON of a model, and whether it makes an equal one."""
    payload = given.model_dump(
        mode="json", by_alias=True, round_trip=True, exclude_unset=exclude_unset
    )
    return payload, model_of(type(given), payload) == given
