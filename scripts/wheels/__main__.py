"""``python -m scripts.wheels dist``: builds the wheel there, and of it the other ones."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from scripts.wheels.archive import Archive
from scripts.wheels.client import client
from scripts.wheels.isolated import isolated

ROOT = Path(__file__).parents[2]


def build(folder: Path) -> list[Path]:
    """All wheels of this checkout; all of one version, for they are made of one."""
    # What an earlier build left there would be packed again, also what has been removed since.
    shutil.rmtree(ROOT / "build", ignore_errors=True)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    subprocess.run([*pip, "--wheel-dir", str(folder), str(ROOT)], check=True)
    whole = max(folder.glob("tally_queue-*.whl"), key=lambda wheel: wheel.stat().st_mtime)
    return [whole, *(make(Archive.read(whole)).write(folder) for make in (isolated, client))]


if __name__ == "__main__":
    for made in build(Path(sys.argv[1] if len(sys.argv) > 1 else "dist")):
        print(made)
