"""Settings of what Tally tells about itself."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic import field_validator as checks

from backend.api.config.section import Section

_SHORTEST_TOKEN = 20
_PORT = "Port of /metrics of %s, the first of several each ten further; 0: none."


class MetricsSettings(Section):
    """Where Prometheus finds the processes that are no web servers."""

    host: str = Field("127.0.0.1", description="Address to listen on; loopback unless changed.")
    worker_port: int = Field(9641, ge=0, le=65535, description=_PORT % "a supervisor of workers")
    scheduler_port: int = Field(9642, ge=0, le=65535, description=_PORT % "a scheduler")
    recorder_port: int = Field(9643, ge=0, le=65535, description=_PORT % "a recorder")
    token: SecretStr = Field(
        SecretStr(""),
        description="Who reads /metrics must send it as a bearer token, from 20 bytes; empty: open.",
    )
    targets_folder: Path | None = Field(
        None, description="Folder where each notes its address, for file_sd_configs of Prometheus."
    )

    @checks("token")
    @classmethod
    def _fit_for_a_header(cls, token: SecretStr) -> SecretStr:
        text = token.get_secret_value()
        if 0 < len(text.encode()) < _SHORTEST_TOKEN:
            raise ValueError(f"needs at least {_SHORTEST_TOKEN} bytes")
        # Others would be sent in one of several ways, none of which this process could know.
        if any(not "!" <= character <= "~" for character in text):
            raise ValueError("takes visible characters of ASCII alone, no spaces")
        return token
