"""What is tried of each distribution is built and installed once."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.wheels.archive import Archive
from scripts.wheels.client import client
from scripts.wheels.isolated import isolated
from tests.contract.wheels.installing import built_wheel, environment


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


@pytest.fixture(scope="session")
def whole_programs(whole_wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of an environment that has the whole wheel."""
    return environment(tmp_path_factory.mktemp("environments") / "whole", whole_wheel)


@pytest.fixture(scope="session")
def isolated_programs(isolated_wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of an environment that has the isolated wheel."""
    return environment(tmp_path_factory.mktemp("environments") / "isolated", isolated_wheel)


@pytest.fixture(scope="session")
def client_programs(client_wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of an environment that has the wheel of the client."""
    return environment(tmp_path_factory.mktemp("environments") / "client", client_wheel)
