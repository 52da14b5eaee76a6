"""The command `roadworthy`. Each command is one module, imported only when it is asked for: `check` stays quick."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import click

from app.errors import PolicyError, RepositoryError, RoadworthyError
from app.lib import memory

COMMANDS = {
    "init": "Write a short commented roadworthy.yaml.",
    "doctor": "Say what is missing before a crawl can work.",
    "sample": "Make a sample organisation of real git repositories.",
    "crawl": "Discover, read and score everything once.",
    "serve": "Serve API and pages, and keep scores fresh.",
    "worker": "Keep scores fresh, without a web server.",
    "new": "Begin a service, API, database or cluster by a golden path.",
    "check": "Score a repository, working tree or plain folder.",
    "fix": "Mend what fails, as a diff for git apply.",
    "explain": "Show why an entity has its level.",
    "facts": "Print everything that was found in a repository.",
    "policy": "Check, test and preview scorecards.",
    "token": "Make, list and revoke bearer tokens.",
    "webhook": "Try a webhook source as its forge would, or set it up there.",
    "notifications": "Show what teams were told, and send it again.",
    "audit": "Show who changed what.",
    "db": "Bring the database up to date.",
}
USAGE, UNREADABLE = 2, 3


class Lazy(click.Group):
    """A group whose commands are imported when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        with memory.loading():
            command: click.Command = importlib.import_module(f"app.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        """Our own errors become one clear text and an exit code; everything else is a bug and shows itself."""
        try:
            return super().invoke(ctx)
        except RepositoryError as error:
            click.echo(f"roadworthy: {error}", err=True)
            ctx.exit(UNREADABLE)
        except PolicyError as error:
            click.echo(f"roadworthy: the policy is refused:\n{error}", err=True)
            ctx.exit(USAGE)
        except RoadworthyError as error:
            click.echo(f"roadworthy: {error}", err=True)
            ctx.exit(USAGE)


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="roadworthy", prog_name="roadworthy")
def cli() -> None:
    """SRE maturity scorecards: crawl, score, show why, fix.

    Begin with `roadworthy check` in a repository of your own, or `make run` for a whole sample organisation.
    """


def main() -> None:
    """Entry point of the console script. A closed pipe (`| head`) is no error."""
    try:
        cli.main(prog_name="roadworthy")
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
