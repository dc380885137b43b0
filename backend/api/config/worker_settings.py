"""Settings of the workers that Tally ships. Folders are looked for below the working directory first."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    IPvAnyNetwork,
    SecretStr,
    field_validator,
)

from backend.api.config.section import Listed, Place, Seconds, Section
from backend.domain.jobs.options.bounds import OUTCOME_DELAY
from backend.shipped import shipped

_SIGNS_WITH = "whsec_"
_SECRET_BYTES = range(24, 65)


def _existing(folder: Path) -> Path:
    """The folder below the working directory, else the one shipped with us, else as it was given."""
    ours = shipped(folder)
    return (ours if not folder.exists() and ours.exists() else folder).absolute()


def _signing_secret(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    try:
        key = base64.b64decode(text.removeprefix(_SIGNS_WITH), validate=True)
    except ValueError:
        key = b""
    if not text.startswith(_SIGNS_WITH) or len(key) not in _SECRET_BYTES:
        raise ValueError(f"must be {_SIGNS_WITH} followed by 24 to 64 random bytes in base64")
    return secret


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str | SecretStr) else value


ShippedFolder = Annotated[Path, AfterValidator(_existing)]
SigningSecrets = Annotated[
    tuple[Annotated[SecretStr, AfterValidator(_signing_secret)], ...],
    Field(min_length=1, max_length=5),
    BeforeValidator(_listed),
]


class ArtifactSettings(Section):
    """Where the files that jobs produce are kept."""

    folder: Place = Field(
        Path("var/artifacts"),
        validate_default=True,
        description="Made when missing, for its owner only.",
    )
    retention_days: float = Field(30, gt=0, description="Days a file is kept unless its job says.")
    partial_hours: float = Field(
        1, gt=0, description="Hours until an unfinished file counts as left behind by a crash."
    )
    max_mb: int = Field(0, ge=0, description="Largest file in MB; 0: no limit.")


class MailSettings(Section):
    """What mails may be; the server they are handed to is set under smtp."""

    templates: ShippedFolder = Field(
        Path("config/templates"), validate_default=True, description="Folder of templates."
    )
    senders: Listed[str] = Field(
        (), description="Addresses a mail may be sent from, besides smtp.sender."
    )
    hello_name: str = Field("", description="Name given in EHLO; the host's own when empty.")
    deadline: Seconds = Field(
        60, description="Seconds for handing over one mail, up to its last byte."
    )
    confirmation_seconds: Seconds = Field(
        600,
        description="Seconds for the server's answer to the whole mail, which may look into it first: "
        "RFC 5321 asks for 600. The job's own time limit (120 s unless its call says another) ends it too.",
    )
    idle_seconds: Seconds = Field(30, description="Seconds an unused connection is kept.")
    mails_per_connection: int = Field(100, ge=1, description="Mails until a connection is renewed.")
    attachments_mb: float = Field(10, gt=0, description="Most MB of attachments in one mail.")
    unknown_outcome: Literal["retry", "fail"] = Field(
        "retry",
        description="When the server has the whole mail and its answer is not known, since it was lost "
        "or the worker killed: send again (same Message-ID), or fail so that a person decides. For fail "
        "each mail is written down in Redis before it is ended, and once more when it is answered.",
    )


class WebhookSettings(Section):
    """Whom webhooks may reach, how they are signed, and how long a receiver may take."""

    secrets: dict[str, SigningSecrets] = Field(
        default_factory=dict,
        description="Signing secrets by name (whsec_ and base64). Several of one name all sign, so "
        "that a receiver can change from one to the next.",
    )
    secret_hosts: dict[str, tuple[str, ...]] = Field(
        default_factory=dict,
        description="Hosts that a secret signs for, by its name: example.com, *.example.com. One that "
        "is not listed here signs for all.",
    )
    secret_tenants: dict[str, tuple[str, ...]] = Field(
        default_factory=dict,
        description="Tenants whose jobs may use a secret, by its name; '*': all. Jobs of keys that "
        "are bound to a tenant may use none that is not listed here.",
    )
    default_secret: str = Field("default", description="The secret of webhooks that name none.")
    allow_unsigned: bool = Field(
        False,
        description="Whether a webhook that names no secret may go unsigned where there is no default.",
    )
    allow_http: bool = Field(False, description="Whether http:// may be used; https:// always may.")
    ports: Listed[int] = Field((443, 8443), description="Ports that may be used; none: all.")
    allowed_networks: Listed[IPvAnyNetwork] = Field(
        (), description="Networks of one's own that may be reached though they are not public."
    )
    blocked_networks: Listed[IPvAnyNetwork] = Field(
        (), description="Public networks that may not be reached, such as one's own front doors."
    )
    redirects: int = Field(0, ge=0, le=5, description="Most redirects (307, 308) followed.")
    lookup_seconds: Seconds = Field(2, description="Seconds for the name's look-up.")
    connect_seconds: Seconds = Field(5, description="Seconds until a connection stands.")
    total_seconds: Seconds = Field(15, description="Seconds for all of it, whatever is sent back.")
    response_bytes: int = Field(
        65_536, ge=1024, description="Most bytes read back, headers included."
    )
    retry_after_limit: Seconds = Field(
        86_400,
        le=OUTCOME_DELAY.most,
        description="Longest wait in seconds that a receiver may ask for.",
    )
    ca_file: Place | None = Field(
        None, description="Certificates to trust instead of the system's."
    )


class SourceSettings(Section):
    """A database that exports and reports may read. Give it an account that can only read."""

    url: SecretStr = Field(description="For SQLAlchemy: postgresql://user:password@host/name.")
    tables: Listed[str] = Field((), description="Tables that may be exported; '*': all of them.")
    hidden: Listed[str] = Field(
        (),
        description="Columns that may not be exported, under whatever name their table is asked for: "
        "column, table.column or schema.table.column.",
    )
    tenant_column: str = Field(
        "",
        description="Column that tells whose a row is. Jobs of keys that are bound to a tenant read its "
        "rows only, of tables that have this column, and queries that ask for :tenant.",
    )
    queries: dict[str, str] = Field(
        default_factory=dict, description="SQL by name, with :parameters that jobs give values for."
    )
    statement_timeout: Seconds = Field(600, description="Seconds until a statement is ended.")

    @field_validator("url")
    @classmethod
    def _with_driver(cls, url: SecretStr) -> SecretStr:
        """SQLAlchemy 2.1 reads the plain schemes as psycopg 3, which is not what we ship."""
        scheme, separator, rest = url.get_secret_value().partition("://")
        if scheme in ("postgresql", "postgres"):
            return SecretStr(f"postgresql+psycopg2{separator}{rest}")
        return url


class ReportSettings(Section):
    """How reports are made."""

    folder: ShippedFolder = Field(
        Path("config/reports"), validate_default=True, description="Folder of definitions."
    )
    statement_timeout: Seconds = Field(60, description="Seconds until a report's query is ended.")
    most_rows: int = Field(
        5000,
        ge=1,
        le=100_000,
        description="Most rows of a query shown; the file and the job's result say what is left out.",
    )
    font: Place | None = Field(
        None, description="Font of PDFs, before the one that comes with Tally."
    )


class BackupSettings(Section):
    """Where the job type backup puts copies of the jobs database; a schedule starts it."""

    folder: Place = Field(
        Path("var/backups"),
        validate_default=True,
        description="Made when missing, for its owner only; better another disk.",
    )
    keep: int = Field(7, ge=1, description="How many of the newest backups stay.")
    pg_dump: Place | None = Field(None, description="The program, when it is not on the path.")


AnySection = TypeVar("AnySection", bound=Section)


def section(settings: Any, name: str, kind: type[AnySection]) -> AnySection:
    """The section ``name`` of the settings; its defaults where the settings have none."""
    found = getattr(settings, name, None)
    return found if isinstance(found, kind) else kind()
