"""Puts what a checkout keeps at its top, scorecards and golden paths, into the wheel as `app/data/…`.

All else stands in `pyproject.toml`. `app.lib.shipped` looks in both places.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

FOLDERS = ("scorecards", "golden-paths")


class WithFolders(build_py):
    """Builds the package, then copies the folders into it. An editable install reads them where they are."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        for name in FOLDERS:
            target = Path(self.build_lib) / "app" / "data" / name
            shutil.rmtree(target, ignore_errors=True)  # what a build before this one left behind
            if Path(name).is_dir():
                shutil.copytree(name, target)


setup(cmdclass={"build_py": WithFolders})
