"""Puts what lies beside the packages into the wheel: migrations, shipped reports and mail templates."""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

_ROOT = Path(__file__).parent
_SHIPPED = ("migrations", "config/reports", "config/templates")


class BuildWithShippedFiles(build_py):
    """Copies them to ``backend/shipped``, where `backend.shipped` looks when there is no checkout."""

    def run(self) -> None:
        """Builds as usual, then adds the folders; an editable install reads the checkout itself."""
        super().run()
        if self.editable_mode:
            return
        for folder in _SHIPPED:
            target = Path(self.build_lib) / "backend" / "shipped" / folder
            shutil.copytree(_ROOT / folder, target, dirs_exist_ok=True)


setup(cmdclass={"build_py": BuildWithShippedFiles})
