"""Options that several commands share, and how a command loads its settings."""

from __future__ import annotations

import getpass
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.errors import SettingsError
from app.lib import shipped

if TYPE_CHECKING:
    from app.policy.model import Policy
    from app.settings import Settings

config = click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("roadworthy.yaml"),
    show_default=True,
    envvar="ROADWORTHY_CONFIG",
    help="Settings file; relative paths in it lie beside it.",
)
output_format = click.option(
    "--format", "output", type=click.Choice(("table", "json")), default="table", show_default=True, help="How to print."
)


def settings_of(path: Path, *, needed: bool = True) -> Settings:
    """Loads the settings; a missing file is one clear sentence when it is `needed`."""
    from app.settings import load

    if needed and not path.exists():
        raise SettingsError(
            f"{path} does not exist: `roadworthy init` writes one, `roadworthy sample DIR` makes a sample"
        )
    return load(path, os.environ)


def end_on_sigterm() -> None:
    """For what runs until SIGTERM: one that comes while it still starts ends it as well, and leaves nothing behind."""

    def end(_number: int, _frame: object) -> None:
        sys.exit(0)

    signal.signal(signal.SIGTERM, end)


def actor() -> str:
    """The operating system's user: whoever runs this can read the database anyway."""
    try:
        return f"cli:{getpass.getuser()}"
    except (OSError, KeyError):
        return "cli"


def packaged_scorecards() -> Path:
    """The scorecards that come with Roadworthy."""
    return shipped.folder("scorecards")


def packaged_golden_paths() -> Path:
    """The golden paths that come with Roadworthy."""
    return shipped.folder("golden-paths")


def known_level(level: str | None, policy: Policy) -> None:
    """Refuses a level that no scorecard has."""
    names = [item.id for card in policy.scorecards.values() for item in card.levels]
    if level and level not in names:
        raise click.BadParameter(
            f"{level} is no level; known are {', '.join(dict.fromkeys(names))}", param_hint="--fail-under"
        )
