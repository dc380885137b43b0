"""Postgres refuses root: what root does instead."""

from __future__ import annotations

import os
import pwd
import shutil
import tempfile
from pathlib import Path

import psutil
import pytest

from backend.embedded.account import account_for, namespace_account, stand_in_account
from backend.embedded.postgres_server import PostgresOptions, PostgresServer
from backend.embedded.state.socket_folder import remove_socket_folder, socket_folder

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root needs a stand-in")


@pytest.fixture
def reachable_dir():
    """A folder that other users can reach, which pytest's own are not."""
    folder = Path(tempfile.mkdtemp(prefix="tally test ", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def sockets():
    folder = socket_folder(None)
    yield folder
    remove_socket_folder(folder)


@needs_root
def test_root_runs_postgres_as_another_user_where_namespaces_are_refused(reachable_dir, sockets):
    home = reachable_dir / "postgres"
    home.mkdir()
    options = PostgresOptions(durable=False)
    server = PostgresServer(
        home,
        socket_dir=sockets,
        log=reachable_dir / "postgres.log",
        options=options,
        account=stand_in_account(),
    )

    server.start()
    try:
        user = psutil.Process(server.pid()).uids().real
        assert user == stand_in_account().uid != 0
        assert server.answers()
    finally:
        server.stop()

    assert account_for(home / "data") == stand_in_account()


@needs_root
def test_root_in_a_namespace_keeps_the_files_its_own(servers, shared_state_dir):
    if namespace_account() is None:
        pytest.skip("user namespaces are refused here")

    assert (shared_state_dir / "postgres" / "data").stat().st_uid == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root does need a stand-in")
def test_a_normal_user_needs_no_stand_in(tmp_path):
    account = account_for(tmp_path / "data")

    assert (account.prefix, account.uid) == ((), None)
    assert pwd.getpwuid(os.geteuid())
