"""A database that needs no server, for what goes with an application's transaction."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session


@pytest.fixture
def engine() -> Iterator[Engine]:
    """An application's own database."""
    engine = create_engine("sqlite://")
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """An application's session on it."""
    with Session(engine) as session:
        yield session
