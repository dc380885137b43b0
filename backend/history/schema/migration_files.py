"""The migrations as files."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources.abc import Traversable

from backend.domain.errors import MigrationError
from backend.locks.fork_locks import cached_property

_NAME = re.compile(r"\d{8}_\d{3}_[a-z0-9_]+\.sql")
_HEADER = re.compile(r"^-- no-transaction\s*$", re.MULTILINE)
_IN_STEPS = re.compile(r"^-- in steps\s*$", re.MULTILINE)
_STEP_MARKS = re.compile(r"^-- (?:repeated|afterwards)\s*$", re.MULTILINE)
_STEPS = ("first", "repeated", "afterwards")
#: What is made once. `IF NOT EXISTS` stands where a file may be run again after an interruption.
_MADE = re.compile(r"^CREATE (?:TABLE|VIEW) (?!IF NOT EXISTS)(\w+)", re.MULTILINE)
_BETWEEN = re.compile(r";\s*\n\s*\n")


@dataclass(frozen=True)
class MigrationFile:
    """One step of the schema."""

    name: str
    sql: str

    @cached_property
    def checksum(self) -> str:
        """SHA-256 of the text, whatever its line ends."""
        return hashlib.sha256(self.sql.replace("\r\n", "\n").encode()).hexdigest()

    @property
    def in_transaction(self) -> bool:
        """False for what Postgres refuses inside one; such a file must bear being run twice."""
        return _HEADER.search(self.sql) is None

    @property
    def is_in_steps(self) -> bool:
        """Whether it repeats a statement until nothing is left, with what comes before and after."""
        return _IN_STEPS.search(self.sql) is not None

    def names(self) -> list[str]:
        """The tables and views that it makes."""
        return _MADE.findall(self.sql)

    def steps(self) -> tuple[str, str, str]:
        """What comes first, is repeated, comes last; raises `MigrationError` where one is missing.

        The repeated statement answers with how many rows are left to do and of how many. What comes
        first must bear being run again.
        """
        parts = _STEP_MARKS.split(self.sql)
        if len(parts) != len(_STEPS):
            raise MigrationError(f"{self.name}: steps stand between `repeated` and `afterwards`")
        first, repeated, last = parts
        return first, repeated.strip(), last

    def statements(self) -> list[str]:
        """What is sent at once: the whole file, or, outside a transaction, what empty lines set apart."""
        if self.in_transaction:
            return [self.sql]
        return [part for part in _BETWEEN.split(self.sql.strip().rstrip(";")) if part.strip()]


def read_migrations(folder: Traversable) -> list[MigrationFile]:
    """Every migration of a folder in order; raises `MigrationError` for a name that has no place in it."""
    found = list(_read(folder))
    if not found:
        raise MigrationError(f"there is no migration in {folder}; is the installation complete?")
    return sorted(found, key=lambda file: file.name)


def _read(folder: Traversable) -> Iterator[MigrationFile]:
    if not folder.is_dir():
        return
    for entry in folder.iterdir():
        if not entry.name.endswith(".sql"):
            continue
        if not _NAME.fullmatch(entry.name):
            raise MigrationError(f"{entry.name}: a migration is named YYYYMMDD_NNN_subject.sql")
        yield MigrationFile(entry.name, entry.read_text(encoding="utf-8"))
