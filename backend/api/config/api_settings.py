"""Settings of the HTTP API: where it listens, who may come in, and how much."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, SecretStr
from pydantic import field_validator as checks

from backend.api.config.section import Listed, Place, Seconds, Section
from backend.domain.access.role import Role

_SHORTEST_KEY = 20
_SHORTEST_SECRET = 32
_OF_ONE_ADDRESS = 200
#: Plain names, each after one slash: two slashes would make every link lead to another host.
ROOT_PATH = re.compile(r"(/(?!\.+(?:/|$))[A-Za-z0-9._~-]+)+")


class JwtSettings(Section):
    """Which tokens of an identity provider are taken. None are unless a key is set."""

    algorithm: Literal["HS256", "RS256"] = Field(
        "HS256", description="The only algorithm taken, whatever a token says of itself."
    )
    secret: SecretStr = Field(SecretStr(""), description="Shared secret of HS256, from 32 bytes.")
    public_key_file: Place | None = Field(None, description="Public key of RS256, as PEM.")
    issuer: str = Field("", description="What iss must be; empty: not looked at.")
    audience: str = Field("tally", description="What aud must be.")
    role_claim: str = Field("role", description="Claim that holds the role.")
    tenant_claim: str = Field("tenant", description="Claim that holds the tenant, if any.")
    types_claim: str = Field(
        "job_types", description="Claim that lists the job types the bearer may have run, if any."
    )
    longest_life: Seconds = Field(3600, description="Seconds between iat and exp, at most.")
    leeway: float = Field(30, ge=0, le=300, description="Seconds by which clocks may differ.")

    @checks("secret")
    @classmethod
    def _long_enough(cls, secret: SecretStr) -> SecretStr:
        if 0 < len(secret.get_secret_value().encode()) < _SHORTEST_SECRET:
            raise ValueError(f"needs at least {_SHORTEST_SECRET} bytes")
        return secret


class RateSettings(Section):
    """How many requests each process takes; more are answered 429. 0: no limit."""

    key_per_second: float = Field(500, ge=0, description="Requests of one key.")
    key_burst: int = Field(1000, ge=1, description="Requests of one key at once.")
    address_per_second: float = Field(1000, ge=0, description="Requests of one address.")
    address_burst: int = Field(2000, ge=1, description="Requests of one address at once.")
    wrong_tokens_per_minute: float = Field(
        20, ge=0, description="Tokens that are not good, from one address."
    )


class ApiSettings(Section):
    """The HTTP server and the doors of the API."""

    host: str = Field("127.0.0.1", description="Address to listen on; loopback unless changed.")
    port: int = Field(8000, ge=0, le=65535, description="0: any free one.")
    processes: int = Field(1, ge=1, le=64, description="Web processes.")
    threads: int = Field(16, ge=1, le=256, description="Requests at once in each process.")
    connections: int = Field(
        1000, ge=20, le=50_000, description="Open connections of each process; more wait."
    )
    connections_per_address: int | None = Field(
        None,
        ge=1,
        description="Open connections of one address in each process; more are answered 503. Not set: "
        "200, or all that there are when api.trusted_proxies says that a proxy is in front.",
    )
    least_bytes_per_second: int = Field(
        1024,
        ge=0,
        description="Who reads an answer slower than this for half a minute is cut off; 0: nobody is.",
    )
    graceful_timeout: Seconds = Field(
        30, description="Seconds a stopping server lets requests end."
    )
    access_log: bool = Field(True, description="One log line for each request.")
    bootstrap_key: SecretStr = Field(
        SecretStr(""),
        description="A bearer token that is good without Postgres: to make the first key, and for "
        "outages. At least 20 characters; empty: none.",
    )
    bootstrap_role: Role = Field(Role.ADMIN, description="What the bootstrap key may do.")
    jwt: JwtSettings = Field(JwtSettings(), description="Tokens of an identity provider.")
    rates: RateSettings = Field(RateSettings(), description="How fast callers may come.")
    trusted_proxies: int = Field(
        0,
        ge=0,
        le=10,
        description="Proxies in front whose X-Forwarded-For, -Proto, -Host and -Prefix are believed.",
    )
    root_path: str = Field(
        "",
        description="Path below which a proxy serves all of this, such as /tally; taken off the paths of "
        "requests that have it. Empty: what a trusted proxy says in X-Forwarded-Prefix.",
    )
    max_body_bytes: int = Field(8 * 1024 * 1024, ge=1024, description="Largest request body.")
    max_bulk: int = Field(1000, ge=1, le=10_000, description="Most jobs in one request.")
    longest_wait: float = Field(
        30, ge=0, le=300, description="Most seconds of Prefer: wait; half of the threads may wait."
    )
    audit_required: bool = Field(
        False,
        description="Refuse what people do while the audit log cannot be written; otherwise the "
        "process log takes its place for that time. Enqueueing goes on in any case.",
    )
    worker_lanes: Listed[str] = Field(
        (),
        description="Lanes that a worker inside each web process serves; `all` for every one; "
        "none: no such worker. JOB_QUEUE_ENABLED=false leaves it out.",
    )
    worker_slots: int = Field(4, ge=1, le=100, description="Slots of that worker.")
    docs: bool = Field(True, description="A page to browse the API at /api/docs.")
    hsts: bool = Field(False, description="Tell browsers to insist on HTTPS; only behind TLS.")

    @checks("root_path")
    @classmethod
    def _plain(cls, path: str) -> str:
        if path and not ROOT_PATH.fullmatch(path.rstrip("/")):
            raise ValueError("must be a path such as /tally, of letters, digits and . _ ~ -")
        return path.rstrip("/")

    @property
    def most_connections_of_an_address(self) -> int:
        """How many one address may have open; a proxy has one address for all its clients."""
        if self.connections_per_address is not None:
            return self.connections_per_address
        return self.connections if self.trusted_proxies else _OF_ONE_ADDRESS

    @checks("bootstrap_key")
    @classmethod
    def _hard_to_guess(cls, key: SecretStr) -> SecretStr:
        if 0 < len(key.get_secret_value()) < _SHORTEST_KEY:
            raise ValueError(f"needs at least {_SHORTEST_KEY} characters")
        return key
