"""The payload of `export_data`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    ValidationInfo,
    field_validator,
)

from workers.artifacts.file_name import FileName
from workers.handlers.payload import Payload
from workers.sources.table_name import parts_of

_MOST_LETTERS = 63


def _printable(name: str) -> str:
    if not name.isprintable():
        raise ValueError("a name has no control characters")
    return name


#: Any name that a database may have: it is looked up there, and quoted.
Identifier = Annotated[
    str, Field(min_length=1, max_length=_MOST_LETTERS), AfterValidator(_printable)
]
Table = Annotated[str, Field(min_length=1, max_length=262), AfterValidator(_printable)]
Parameter = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_$]{0,62}$")]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$")]
Order = Annotated[
    str, Field(min_length=1, max_length=_MOST_LETTERS + 1), AfterValidator(_printable)
]
Scalar = StrictBool | StrictInt | StrictFloat | StrictStr | None
_MOST_VALUES = 1000


def _is_table(text: str) -> bool:
    parts = parts_of(text)
    return len(parts) in (1, 2) and all(0 < len(part) <= _MOST_LETTERS for part in parts)


class Condition(Payload):
    """Which rows: ``column`` compared with ``value``, which is bound and never part of the SQL."""

    column: Identifier
    op: Literal["=", "!=", "<", "<=", ">", ">=", "in", "is null", "is not null"] = "="
    value: Scalar | list[Scalar] = None

    @field_validator("value")
    @classmethod
    def _fits_the_operator(
        cls, value: Scalar | list[Scalar], info: ValidationInfo
    ) -> Scalar | list[Scalar]:
        op = str(info.data.get("op", "="))
        if (op == "in") != isinstance(value, list):
            raise ValueError("a list of values goes with the operator in, and with no other")
        if isinstance(value, list) and not 0 < len(value) <= _MOST_VALUES:
            raise ValueError(f"the operator in takes 1 to {_MOST_VALUES} values")
        if op.startswith("is ") != (value is None):
            raise ValueError(
                "is null and is not null take no value, every other operator takes one"
            )
        return value


class Export(Payload):
    """A table (with columns, conditions and order), or a query that the source's settings name."""

    source: Name = Field("tally", description="A name under sources in the settings.")
    query: Name | None = Field(None, description="A name under queries of the source.")
    parameters: dict[Parameter, Scalar] = Field(
        default_factory=dict, description="Values of the query's parameters."
    )
    table: Table | None = Field(
        None, description="table or schema.table; a name that holds a dot stands in double quotes."
    )
    columns: Annotated[tuple[Identifier, ...], Field(max_length=500)] = Field(
        (), description="All when none."
    )
    where: Annotated[tuple[Condition, ...], Field(max_length=50)] = ()
    order_by: Annotated[tuple[Order, ...], Field(max_length=20)] = Field(
        (), description="Columns; with a minus in front for the reverse."
    )
    limit: int | None = Field(None, ge=1, description="Most rows.")
    format: Literal["csv", "jsonl", "parquet", "xlsx"] = "csv"
    compression: Literal["none", "gzip"] = "none"
    spreadsheet_safe: bool = Field(
        True, description="CSV only: text that a spreadsheet would run gets an apostrophe in front."
    )
    null: str = Field(
        "",
        max_length=20,
        pattern=r"^[\x20-\x7e]*$",
        description="CSV only: what stands for NULL. Empty unless given, like an empty text.",
    )
    name: FileName | None = Field(
        None, description="What people see; made from the source if none."
    )
    retention_days: float | None = Field(None, gt=0, le=3650, description="Days the file is kept.")

    @field_validator("table")
    @classmethod
    def _either(cls, table: str | None, info: ValidationInfo) -> str | None:
        if (table is None) == (info.data.get("query") is None):
            raise ValueError("give a table or the name of a query: one of them")
        return table

    @field_validator("columns", "where", "order_by")
    @classmethod
    def _of_tables_only(cls, value: tuple[object, ...], info: ValidationInfo) -> tuple[object, ...]:
        if value and info.data.get("query") is not None:
            raise ValueError("a query says itself which columns, rows and order it wants")
        return value

    @field_validator("parameters")
    @classmethod
    def _of_queries_only(cls, value: dict[str, Scalar], info: ValidationInfo) -> dict[str, Scalar]:
        if value and info.data.get("query") is None:
            raise ValueError("parameters belong to a query; a table takes where")
        return value

    @field_validator("table")
    @classmethod
    def _a_name(cls, table: str | None) -> str | None:
        if table is not None and not _is_table(table):
            raise ValueError("give table or schema.table, with names of at most 63 letters")
        return table

    @field_validator("null")
    @classmethod
    def _of_csv_only(cls, null: str, info: ValidationInfo) -> str:
        if null and info.data.get("format") != "csv":
            raise ValueError("only csv needs a text for NULL; the other formats have one")
        return null

    @field_validator("compression")
    @classmethod
    def _once_is_enough(cls, compression: str, info: ValidationInfo) -> str:
        if compression != "none" and info.data.get("format") in ("parquet", "xlsx"):
            raise ValueError("parquet and xlsx are compressed already; leave it out")
        return compression
