"""What is tried of each distribution is built once."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.wheels.archive import Archive
from scripts.wheels.client import client
from scripts.wheels.isolated import isolated
from tests.contract.wheels.installing import built_wheel


@pytest.fixture(scope="session")
def whole_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that setuptools builds."""
    return built_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def isolated_wheel(whole_wheel: Path) -> Path:
    """The one for projects that have packages of our names."""
    return isolated(Archive.read(whole_wheel)).write(whole_wheel.parent)


@pytest.fixture(scope="session")
def client_wheel(whole_wheel: Path) -> Path:
    """The one for programs that only enqueue."""
    return client(Archive.read(whole_wheel)).write(whole_wheel.parent)
