"""Puts into the wheel what lies beside the packages: migrations, templates, what deployments copy."""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

_ROOT = Path(__file__).parent
_FOLDERS = (
    *("migrations", "config/reports", "config/templates", "examples/starter"),
    *("config/prometheus", "config/grafana", "deploy"),
)
_FILES = ("config/redis.conf", "config/redis-acl.conf", "docs/runbook.md")


class BuildWithShippedFiles(build_py):
    """Copies it to ``backend/shipped``, where `backend.shipped` looks when there is no checkout."""

    def run(self) -> None:
        """Builds as usual, then adds them; an editable install reads the checkout itself."""
        super().run()
        if self.editable_mode:
            return
        shipped = Path(self.build_lib) / "backend" / "shipped"
        for folder in _FOLDERS:
            shutil.copytree(_ROOT / folder, shipped / folder, dirs_exist_ok=True)
        for file in _FILES:
            (shipped / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(_ROOT / file, shipped / file)


setup(cmdclass={"build_py": BuildWithShippedFiles})
