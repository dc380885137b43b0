"""Settings of the workers that Tally ships. Folders are looked for below the working directory first."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from backend.api.config.section import Seconds, Section

_CHECKOUT = Path(__file__).resolve().parents[3]


def _existing(folder: Path) -> Path:
    """The folder below the working directory, else the one shipped with us, else as it was given."""
    shipped = _CHECKOUT / folder
    return shipped if not folder.exists() and shipped.exists() else folder


ShippedFolder = Annotated[Path, AfterValidator(_existing)]


class ArtifactSettings(Section):
    """Where the files that jobs produce are kept."""

    folder: Path = Field(Path("var/artifacts"), description="Made when missing, for its owner only.")
    retention_days: float = Field(30, gt=0, description="Days a file is kept unless its job says.")
    partial_hours: float = Field(
        1, gt=0, description="Hours until an unfinished file counts as left behind by a crash."
    )
    max_mb: int = Field(0, ge=0, description="Largest file in MB; 0: no limit.")


class MailSettings(Section):
    """What mails may be; the server they are handed to is set under smtp."""

    templates: ShippedFolder = Field(Path("config/templates"), description="Folder of templates.")
    senders: tuple[str, ...] = Field(
        (), description="Addresses a mail may be sent from, besides smtp.sender."
    )
    hello_name: str = Field("", description="Name given in EHLO; the host's own when empty.")
    deadline: Seconds = Field(60, description="Seconds for handing over one mail, in all.")
    idle_seconds: Seconds = Field(30, description="Seconds an unused connection is kept.")
    mails_per_connection: int = Field(100, ge=1, description="Mails until a connection is renewed.")
    attachments_mb: float = Field(10, gt=0, description="Most MB of attachments in one mail.")
    unknown_outcome: Literal["retry", "fail"] = Field(
        "retry", description="When the server is lost after the mail's last byte: send again "
        "(same Message-ID), or fail so that a person decides.",
    )
