"""The payload of `generate_report`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictFloat, StrictInt, StrictStr

from workers.artifacts.file_name import FileName
from workers.handlers.payload import Payload

ParameterName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Value = StrictBool | StrictInt | StrictFloat | Annotated[StrictStr, Field(max_length=1000)] | None
Kind = Literal["html", "pdf", "xlsx", "csv"]


class Report(Payload):
    """Which report, about what, as which kind of file."""

    report: str = Field(
        pattern=r"^[a-z][a-z0-9_]{0,62}$",
        description="A definition's name: its file without .yaml.",
    )
    parameters: Annotated[dict[ParameterName, Value], Field(max_length=50)] = Field(
        default_factory=dict, description="Values; those left out have the definition's defaults."
    )
    format: Kind = "html"
    name: FileName | None = Field(
        None, description="What people see; made from the report if none."
    )
    retention_days: float | None = Field(None, gt=0, le=3650, description="Days the file is kept.")
