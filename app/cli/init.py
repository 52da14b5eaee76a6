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
  # Every repository of an organisation, group, workspace or project.
  forges:
    - forge: {forge}   # github, gitlab, gitea, forgejo, bitbucket or bitbucket-server
      owner: {owner}{api}
      token: {{env: GIT_TOKEN}}   # may list and read repositories

credentials:
  - host: {host}
    token: {{env: GIT_TOKEN}}   # read access to contents is enough
"""
_PUBLIC = {"github.com": "github", "gitlab.com": "gitlab", "bitbucket.org": "bitbucket", "codeberg.org": "forgejo"}
_KINDS = ("gitlab", "gitea", "forgejo", "bitbucket-server", "bitbucket", "github")
"""Kinds of forge that the name of a host may tell."""
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
@click.option("--org", "org_url", metavar="URL", help="Crawl a forge's organisation, by its page.")
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


def _of_organisation(page: str) -> str:
    """The settings for the organisation whose page on its forge this is, such as https://github.com/acme."""
    from urllib.parse import urlsplit

    parts = urlsplit(page if "://" in page else f"https://{page}")
    host, owner = parts.hostname or "", parts.path.strip("/").removeprefix("groups/").removeprefix("orgs/")
    if not host or not owner:
        raise SettingsError(f"{page} is no page of an organisation, such as https://github.com/acme")
    forge = _PUBLIC.get(host) or next((kind for kind in _KINDS if kind in host), "github")
    own = "" if host in _PUBLIC and forge != "forgejo" else f"{parts.scheme}://{parts.netloc}"
    api = f"{own}/api/v3" if own and forge == "github" else own
    return _ORG.format(
        forge=forge,
        owner=json.dumps(owner),
        api=f"\n      url: {json.dumps(api)}" if api else "",
        host=json.dumps(host),
    )


def _body(backstage_url: str | None, org_url: str | None) -> str:
    if backstage_url:
        base = backstage_url.rstrip("/")
        url = base if base.endswith("/api/catalog") else f"{base}/api/catalog"
        return _BACKSTAGE.format(url=json.dumps(url))
    if org_url:
        return _of_organisation(org_url)
    return _REPOSITORIES
