"""`roadworthy init`: a short commented settings file to begin with."""

from __future__ import annotations

import json
from pathlib import Path

import click

from app.cli import options
from app.errors import SettingsError

_HEAD = "# What Roadworthy reads and where it keeps it. All settings: docs/settings.md. Check: `roadworthy doctor`.\n"
_REPOSITORIES = """\
sources:
  # Git URLs to crawl, and local folders that hold repositories.
  repositories: []
  directories: [.]

transport:
  allow_file: true        # local repositories may be read; set false on a server
"""
_BACKSTAGE = """\
sources:
  backstage:
    - url: {url}
      token: {{env: BACKSTAGE_TOKEN}}   # a static external access token of the portal
"""
_ORG = """\
sources:
  # Discovery of a whole organisation comes through its catalog; until then name its repositories one by one.
  repositories:
    - {url}

credentials:
  - host: {host}
    token: {{env: GIT_TOKEN}}   # read access to contents is enough
"""
_TAIL = """
# Repositories that hold alerts or runbooks of services living elsewhere:
# evidence_repositories:
#   - {url: "https://git.example.org/sre/alerts", provides: [alerts]}

# Your own scorecards; without this line the ones that come with Roadworthy are used.
# policy: {path: scorecards}
"""


@click.command()
@options.config
@click.option("--backstage", "backstage_url", metavar="URL", help="Read entities from this Backstage catalog.")
@click.option("--org", "org_url", metavar="URL", help="Begin with this repository or organisation.")
@options.output_format
def command(config: Path, backstage_url: str | None, org_url: str | None, output: str) -> None:
    """Write roadworthy.yaml. Never overwrites one."""
    if config.exists():
        raise SettingsError(f"{config} is already there; edit it, or name another with --config")
    config.write_text(_HEAD + "\n" + _body(backstage_url, org_url) + _TAIL, "utf-8")
    if output == "json":
        click.echo(json.dumps({"config": str(config)}))
        return
    click.echo(f"Wrote {config}.\nNext: roadworthy doctor, then roadworthy crawl --limit 20")


def _body(backstage_url: str | None, org_url: str | None) -> str:
    from urllib.parse import urlsplit

    if backstage_url:
        base = backstage_url.rstrip("/")
        url = base if base.endswith("/api/catalog") else f"{base}/api/catalog"
        return _BACKSTAGE.format(url=json.dumps(url))
    if org_url:
        return _ORG.format(url=json.dumps(org_url), host=json.dumps(urlsplit(org_url).hostname or "git.example.org"))
    return _REPOSITORIES
