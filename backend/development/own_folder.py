"""The folder in which servers keep their data between starts, within somebody's project."""

from __future__ import annotations

from pathlib import Path

from backend.cli.output.folder_to_write import check_writable, writing_into


def own_folder(folder: Path) -> Path:
    """The folder, made where it is missing; no version control takes it in."""
    folder = folder.absolute()
    with writing_into(folder, "choose another with --state-dir"):
        folder.mkdir(parents=True, exist_ok=True)
        ignoring = folder / ".gitignore"
        if not ignoring.exists():
            ignoring.write_text("*\n", encoding="utf-8")
        check_writable(folder)
    return folder
