"""As whom Postgres runs: it refuses root, so root needs a stand-in."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from backend.embedded.errors import EmbeddedServerError

_NOT_AS_ROOT = "Postgres refuses to run as root; run as a normal user or set DATABASE_URL"
_STAND_INS = ("postgres", "nobody")


@dataclass(frozen=True)
class Account:
    """How a program is started: as ourselves, in a user namespace, or as another user."""

    prefix: tuple[str, ...] = ()
    uid: int | None = None
    gid: int | None = None

    def give(self, folder: Path) -> None:
        """Make the other user, if there is one, the owner of a folder and all in it."""
        if self.uid is None or self.gid is None or folder.stat().st_uid == self.uid:
            return
        for path in (folder, *folder.rglob("*")):
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def can_run(self, program: Path) -> bool:
        """Whether the program can be reached and started under this account."""
        try:
            answer = subprocess.run(
                [*self.prefix, program, "--version"],
                capture_output=True, timeout=10, check=False, cwd="/",
                user=self.uid, group=self.gid, extra_groups=self.extra_groups,
            )  # fmt: skip
        except (PermissionError, FileNotFoundError):
            return False
        return answer.returncode == 0

    @property
    def extra_groups(self) -> list[int] | None:
        """None of root's groups go along to another user."""
        return None if self.uid is None else []


def account_for(data: Path) -> Account:
    """The account that can run Postgres on ``data``, which may not exist yet."""
    if os.geteuid() != 0:
        return Account()
    owner = data.stat().st_uid if data.exists() else 0
    if owner != 0:
        return _account_of(owner)
    return namespace_account() or stand_in_account()


def namespace_account() -> Account | None:
    """Root seen as nobody inside a user namespace, files stay root's; None where refused."""
    unshare = shutil.which("unshare")
    if unshare is None:
        return None
    account = Account((unshare, "--user", "--map-user=65534", "--map-group=65534"))
    return account if account.can_run(Path("/bin/true")) else None


def stand_in_account() -> Account:
    """The user that owns a Postgres run by root where user namespaces are refused."""
    names = {user.pw_name: user for user in pwd.getpwall()}
    for name in _STAND_INS:
        if user := names.get(name):
            return Account(uid=user.pw_uid, gid=user.pw_gid)
    raise EmbeddedServerError(_NOT_AS_ROOT)


def reachable_programs(account: Account, postgres: Path, spare: Path) -> Path:
    """The folder with the Postgres programs; copied to ``spare`` if hidden from the account."""
    if account.uid is None or account.can_run(postgres):
        return postgres.parent
    install = postgres.parent.parent
    package = install.parent
    copy = spare / package.name / install.name
    if not copy.exists():
        # The wheel's shared libraries are looked for in a folder beside the package.
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, spare / libraries.name, dirs_exist_ok=True)
        half = copy.with_name(f"{copy.name}.new")
        shutil.copytree(install, half, symlinks=True, dirs_exist_ok=True)
        half.rename(copy)
        account.give(spare)
    if not account.can_run(copy / "bin" / postgres.name):
        raise EmbeddedServerError(f"{_NOT_AS_ROOT} (user {account.uid} cannot reach {spare})")
    return copy / "bin"


def _account_of(uid: int) -> Account:
    try:
        return Account(uid=uid, gid=pwd.getpwuid(uid).pw_gid)
    except KeyError as error:
        raise EmbeddedServerError(
            f"the Postgres data belongs to user {uid}, who is not in /etc/passwd: "
            "run as the user who made it, or give the data to root with chown -R"
        ) from error
