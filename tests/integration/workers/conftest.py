"""Settings, contexts and servers for the workers' tests."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from backend.api.config.worker_settings import SourceSettings
from backend.broker.server.connection import connect
from backend.embedded.servers import Servers
from tests.integration.runtime.cluster import Cluster
from tests.integration.workers.mail_servers import MailServer, RudeServer
from tests.integration.workers.receivers import RawReceiver, Receiver
from tests.integration.workers.record import record_database
from tests.integration.workers.shop import QUERIES, shop_database
from tests.workers_at_work import Settings, settings_for


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings whose artifacts go to a folder of the test's own."""
    return settings_for(tmp_path)


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """Who signs the certificates of the servers on loopback."""
    return trustme.CA()


@pytest.fixture(scope="session")
def certificates(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that makes a client trust them."""
    path = tmp_path_factory.mktemp("trust") / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture(scope="session")
def server_tls(authority: trustme.CA) -> ssl.SSLContext:
    """A server's side of TLS for 127.0.0.1 and localhost."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    return context


@pytest.fixture
def start_mail_server() -> Iterator[Callable[..., MailServer]]:
    """Starts real mail servers that end with the test."""
    started: list[MailServer] = []

    def start(**options: Any) -> MailServer:
        server = MailServer(**options)
        server.start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def start_rude_server() -> Iterator[Callable[..., RudeServer]]:
    """Starts mail servers that misbehave; they end with the test."""
    started: list[RudeServer] = []

    def start(**steps: Any) -> RudeServer:
        server = RudeServer(**steps)
        server.start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def deploy(servers: Servers, tmp_path: Path) -> Iterator[Callable[..., Cluster]]:
    """Makes a deployment with settings of its own; it ends with the test."""
    client = connect(servers.redis_url)
    client.flushall()
    client.close()
    made: list[Cluster] = []

    def make(**settings: str) -> Cluster:
        files = {"TALLY_ARTIFACTS__FOLDER": str(tmp_path / "artifacts")}
        made.append(Cluster(servers.redis_url, tmp_path, **files, **settings))
        return made[-1]

    yield make
    for cluster in made:
        cluster.end()


@pytest.fixture
def deploy_email(deploy: Callable[..., Cluster]) -> Callable[..., Cluster]:
    """Makes a deployment whose mails go to one server."""

    def make(server: MailServer | RudeServer, **settings: str) -> Cluster:
        reached = {
            "HOST": "127.0.0.1",
            "PORT": str(server.port),
            "SECURITY": "none",
            "TIMEOUT": "60",
        }
        return deploy(
            **{f"TALLY_SMTP__{name}": value for name, value in reached.items()}, **settings
        )

    return make


@pytest.fixture
def start_receiver() -> Iterator[Callable[..., Receiver]]:
    """Starts HTTP receivers that end with the test."""
    started: list[Receiver] = []

    def start(**options: Any) -> Receiver:
        receiver = Receiver(**options)
        receiver.start()
        started.append(receiver)
        return receiver

    yield start
    for receiver in started:
        receiver.stop()


@pytest.fixture
def start_raw_receiver() -> Iterator[Callable[..., RawReceiver]]:
    """Starts receivers that misbehave; they end with the test."""
    started: list[RawReceiver] = []

    def start(deed: Any) -> RawReceiver:
        receiver = RawReceiver(deed)
        receiver.start()
        started.append(receiver)
        return receiver

    yield start
    for receiver in started:
        receiver.stop()


@pytest.fixture(scope="session")
def shop_url(servers: Servers) -> Iterator[str]:
    """A Postgres with the shop's data."""
    with shop_database(servers.database_url) as url:
        yield url


@pytest.fixture
def shop(settings: Settings, shop_url: str) -> Settings:
    """Settings with the shop as a source."""
    source = SourceSettings(
        url=shop_url, tables=("orders", "missing"), queries=QUERIES, statement_timeout=5
    )
    return settings.but(sources={"shop": source})


@pytest.fixture(scope="session")
def record_url(servers: Servers) -> Iterator[str]:
    """A Postgres with Tally's own tables."""
    with record_database(servers.database_url) as url:
        yield url


@pytest.fixture
def own(settings: Settings, record_url: str) -> Settings:
    """Settings of a deployment that names no source: reports are about Tally itself."""
    return settings.but(database_url=record_url)
