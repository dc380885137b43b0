"""What a report is: its parameters, where its data comes from, and how it is laid out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from backend.domain.text.nearest_name import suggestion

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
CellFormat = Literal["auto", "text", "integer", "number", "percent", "milliseconds", "bytes"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Parameter(_Part):
    """A value that a job may give."""

    type: Literal["date", "datetime", "integer", "number", "text", "boolean"]
    #: For dates also the words today and yesterday. Without a default the job must give a value.
    default: Any = None
    required: bool = False
    choices: tuple[Any, ...] = ()
    description: str = ""


class ColumnLabel(_Part):
    """How a column is headed and shown."""

    label: str
    format: CellFormat = "auto"


Columns = dict[str, str | ColumnLabel]


class TextBlock(_Part):
    """A paragraph."""

    text: str


class FiguresBlock(_Part):
    """The first row of a dataset as key figures."""

    figures: Name
    title: str = ""
    columns: Columns = Field(default_factory=dict)


class TableBlock(_Part):
    """A dataset as a table."""

    table: Name
    title: str
    columns: Columns = Field(default_factory=dict)
    empty: str = "Nothing to show."


class ChartBlock(_Part):
    """A dataset as a chart: one column says where, the others how much."""

    chart: Name
    title: str
    kind: Literal["bar", "line"] = "bar"
    category: str
    series: dict[str, str] = Field(min_length=1, max_length=8)


def _kind_of_block(block: Any) -> str:
    names = block.keys() if isinstance(block, dict) else vars(block).keys()
    found = [name for name in ("text", "figures", "table", "chart") if name in names]
    return found[0] if len(found) == 1 else "none"


Block = Annotated[
    Annotated[TextBlock, Tag("text")]
    | Annotated[FiguresBlock, Tag("figures")]
    | Annotated[TableBlock, Tag("table")]
    | Annotated[ChartBlock, Tag("chart")],
    Discriminator(
        _kind_of_block,
        custom_error_type="block",
        custom_error_message="a block has one of: text, figures, table, chart",
    ),
]


class Definition(_Part):
    """One report. Its data is SQL by name, or what a Python function returns by name."""

    title: str = Field(min_length=1)
    description: str = ""
    source: str = "tally"
    parameters: dict[Name, Parameter] = Field(default_factory=dict)
    datasets: dict[Name, str] = Field(default_factory=dict)
    function: str | None = Field(None, pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")
    layout: tuple[Block, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if bool(self.datasets) == (self.function is not None):
            raise ValueError("give datasets (SQL by name) or a function (package.module:name)")
        for name, sql in self.datasets.items():
            for unknown in placeholders(sql) - self.parameters.keys():
                near = suggestion(unknown, self.parameters)
                raise ValueError(f"dataset {name!r} uses :{unknown}, which is no parameter{near}")
        for name in self.shown() if self.datasets else ():
            if name not in self.datasets:
                near = suggestion(name, self.datasets)
                raise ValueError(f"the layout shows {name!r}, which is no dataset{near}")
        return self

    def shown(self) -> Iterator[str]:
        """The datasets that the layout shows."""
        for block in self.layout:
            if isinstance(block, FiguresBlock):
                yield block.figures
            elif isinstance(block, TableBlock):
                yield block.table
            elif isinstance(block, ChartBlock):
                yield block.chart


def placeholders(sql: str) -> set[str]:
    """The parameters that a query asks for."""
    from sqlalchemy import text

    return set(text(sql).compile().params)
