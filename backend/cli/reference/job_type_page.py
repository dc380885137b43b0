"""The page that documents every job type: generated, so that it cannot fall behind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from backend.domain.jobs.attempts.retry_policy import RetryPolicy
from backend.domain.jobs.job_type import JobType, JobTypeCatalogue
from backend.domain.jobs.options.rate import Rate

_HEAD = """\
# Job types

Every job type that this release ships, generated from the code. Fields marked `required` must be given;
unknown fields are refused. One of your own appears when its package is listed under `job_packages`.
"""


def job_type_page(catalogue: JobTypeCatalogue) -> str:
    """The page in Markdown."""
    job_types = list(catalogue)
    overview = ["| job type | lane | priority | runs in |", "|---|---|---|---|"]
    overview += [
        f"| [`{kind.name}`](#{kind.name}) | {kind.lane} | {kind.priority} | {kind.isolation} |"
        for kind in job_types
    ]
    sections = ["\n".join(_section(kind)) for kind in job_types]
    return "\n\n".join([_HEAD.rstrip(), "\n".join(overview), *sections]) + "\n"


def _section(kind: JobType) -> Iterator[str]:
    yield f"## {kind.name}\n"
    yield kind.description.replace("``", "`") + "\n"
    yield from _facts(kind)
    schema = kind.payload.model_json_schema() if kind.payload else {}
    if schema.get("properties"):
        yield ""
        yield from _table(schema, schema.get("$defs", {}))
        for part in _nested(schema):
            yield f"\nEach `{part['title']}` has:\n"
            yield from _table(part, schema.get("$defs", {}))
    elif kind.payload:
        yield "\nThe payload is an empty object."
    else:
        yield "\nThe payload is any JSON object."


def _facts(kind: JobType) -> Iterator[str]:
    seconds = f"{kind.timeout:g} s, killed {kind.grace:g} s later"
    where = f"lane `{kind.lane}`, priority `{kind.priority}`, runs in a {kind.isolation}"
    yield f"- Version {kind.version}, {where}."
    yield f"- Time limit {seconds}; {_limit(kind.limit)}{_rate(kind.rate)}."
    yield f"- {_retries(kind.retry)}"
    if kind.secret_fields:
        yield f"- Shown masked: {', '.join(f'`{name}`' for name in sorted(kind.secret_fields))}."


def _rate(rate: Rate | None) -> str:
    return f", no more than {rate.words} started" if rate else ""


def _limit(limit: int | None) -> str:
    return f"at most {limit} at once" if limit else "as many at once as there are slots"


def _retries(retry: RetryPolicy) -> str:
    count = retry.max_attempts - 1
    delays = ", ".join(f"{delay:g} s" for delay in retry.delays[:count])
    times = "once" if count == 1 else f"up to {count} times"
    return f"Tried again {times}, after {delays}." if count else "Never tried again."


def _table(schema: dict[str, Any], parts: dict[str, Any]) -> Iterable[str]:
    required = schema.get("required", ())
    yield "| field | type | meaning |"
    yield "|---|---|---|"
    for name, field in schema["properties"].items():
        meaning = field.get("description", "")
        if name in required:
            meaning = f"required. {meaning}"
        elif field.get("default") not in (None, "", [], {}):
            meaning = f"{meaning} Default `{field['default']}`."
        yield f"| `{name}` | {_escaped(_type(field, parts))} | {_escaped(meaning.strip())} |"


def _nested(schema: dict[str, Any]) -> list[dict[str, Any]]:
    return [part for part in schema.get("$defs", {}).values() if "properties" in part]


def _type(field: dict[str, Any], parts: dict[str, Any]) -> str:
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        return name if "properties" in parts.get(name, {}) else "any JSON"
    if "anyOf" in field:
        kinds = dict.fromkeys(_type(choice, parts) for choice in field["anyOf"])
        return " or ".join(kind for kind in kinds if kind != "null")
    if "enum" in field:
        return " or ".join(f"`{choice}`" for choice in field["enum"])
    if field.get("type") == "array":
        return f"list of {_type(field.get('items', {}), parts)}"
    return str(field.get("type", "any JSON"))


def _escaped(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
