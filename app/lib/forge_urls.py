"""URLs of files and folders on git forges: read by their shape alone, written as the forge of a host shows them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, unquote, urlsplit

from app.lib import repository_urls


@dataclass(frozen=True, slots=True)
class ForgePlace:
    """A place in a repository. `repository` is its one name (`repository_urls`)."""

    repository: str
    ref: str
    path: str
    fragment: str = ""
    query: str = ""


@dataclass(frozen=True, slots=True)
class _Views:
    """What stands between a repository and a commit or branch in the address of a page."""

    at_commit: str
    of_file: str
    of_folder: str


Forges = Mapping[str, str]
"""Host, with its port where it has one, or without → which forge it is, by the names of `sources.forges`."""
NONE: Forges = {}
_VIEWS = {
    "github": _Views("blob", "blob", "tree"),
    "gitlab": _Views("-/blob", "-/blob", "-/tree"),
    "gitea": _Views("src/commit", "src/branch", "src/branch"),
    "forgejo": _Views("src/commit", "src/branch", "src/branch"),
    "bitbucket": _Views("src", "src", "src"),
}
_NAMES = {
    "github": "github",
    "gitlab": "gitlab",
    "gitea": "gitea",
    "forgejo": "forgejo",
    "codeberg": "forgejo",
    "bitbucket.org": "bitbucket",
}
"""Part of a host's name → which forge it surely is."""
_RAW_GITHUB = re.compile(r"/(?P<repo>[^/]+/[^/]+)/(?:refs/heads/)?(?P<ref>[^/]+)/(?P<path>.+)")
_SHAPES = (
    re.compile(r"/(?P<repo>.+?)/-/(?:blob|tree|raw|edit)/(?P<ref>[^/]+)/?(?P<path>.*)"),  # GitLab
    re.compile(r"/(?P<repo>[^/]+/[^/]+)/src/(?:branch|commit|tag)/(?P<ref>[^/]+)/?(?P<path>.*)"),  # Gitea, Forgejo
    re.compile(r"/(?P<repo>[^/]+/[^/]+)/raw/(?:branch|commit|tag)/(?P<ref>[^/]+)/?(?P<path>.*)"),  # Gitea, Forgejo
    re.compile(r"/(?P<repo>[^/]+/[^/]+)/(?:blob|tree|raw|edit)/(?P<ref>[^/]+)/?(?P<path>.*)"),  # GitHub
    re.compile(r"/(?P<repo>[^/]+/[^/]+)/src/(?P<ref>[^/]+)/?(?P<path>.*)"),  # Bitbucket Cloud
)
_DATA_CENTER = re.compile(r"/(?:projects|users)/(?P<project>[^/]+)/repos/(?P<name>[^/]+)/(?:browse|raw)/?(?P<path>.*)")
_SERVER = re.compile(r"https?://[^/]+(?:/[^/]+)*?/scm/[^/]+/[^/]+")
_PLAIN = re.compile(r"/(?P<repo>[^/]+(?:/[^/]+)+?)/?")


def split(url: str) -> ForgePlace | None:
    """The place an http(s) URL of a file or folder names, or None when it has no known shape."""
    parts = _parts(url)
    if parts is None:
        return None
    base, host, path, query, fragment = parts
    if host == "raw.githubusercontent.com":
        match = _RAW_GITHUB.fullmatch(path)
        return match and ForgePlace(
            _named(f"https://github.com/{match['repo']}"), match["ref"], match["path"].strip("/"), fragment, query
        )
    if match := _DATA_CENTER.fullmatch(path):
        ref = (parse_qs(query).get("at") or [""])[0].removeprefix("refs/heads/")
        return ForgePlace(
            _named(f"{base}/scm/{match['project'].lower()}/{match['name']}"), ref, match["path"].strip("/"), fragment
        )
    for shape in _SHAPES:
        if match := shape.fullmatch(path):
            return ForgePlace(
                _named(f"{base}/{match['repo']}"), match["ref"], match["path"].strip("/"), fragment, query
            )
    return None


def repository_of(url: str) -> ForgePlace | None:
    """As `split`, and the address of a whole repository too (ref and path then empty), in any form that git takes."""
    if not url.startswith(("https://", "http://")):
        return _whole(url)
    place = split(url)
    if place is not None:
        return place
    parts = _parts(url)
    match = _PLAIN.fullmatch(parts[2]) if parts else None
    if parts is None or match is None:
        return None
    return ForgePlace(_named(f"{parts[0]}/{match['repo']}"), "", "", parts[4], parts[3])


def _whole(url: str) -> ForgePlace | None:
    if "://" not in url and "@" not in url:
        return None
    try:
        address = repository_urls.parse(url)
    except ValueError:
        return None
    return ForgePlace(address.name, "", "") if address.path else None


def _named(url: str) -> str:
    """The name of a repository whose address was decoded: it may hold what no address may."""
    try:
        return repository_urls.parse(url).name
    except ValueError:
        return url.removesuffix(".git")


def forge_of(repository: str, forges: Forges = NONE) -> str:
    """Which forge shows a repository: as `forges` says of its host, else as the host's name says; "" where neither
    does, or where no forge shows it."""
    if not repository.startswith(("https://", "http://")):
        return ""
    place = repository.split("/")[2]
    host = place.rpartition(":")[0] or place
    if said := forges.get(place) or forges.get(host):
        return said
    if _SERVER.fullmatch(repository):
        return "bitbucket-server"
    return next((forge for part, forge in _NAMES.items() if part in host), "")


def line_url(repository: str, commit: str, path: str, line: int = 0, forges: Forges = NONE) -> str:
    """The page of a line at its commit on the forge, for repositories with an address on one; "" for all others.

    A forge that nobody names shows pages as GitHub does.
    """
    if not (repository.startswith(("https://", "http://")) and path and commit):
        return ""
    forge, name = forge_of(repository, forges), quote(path, errors="replace")
    if forge == "bitbucket-server":
        return f"{_shown_by_server(repository)}/{name}?at={commit}" + (f"#{line}" if line else "")
    mark = "#lines-" if forge == "bitbucket" else "#L"
    view = _VIEWS.get(forge, _VIEWS["github"]).at_commit
    return f"{repository}/{view}/{commit}/{name}" + (f"{mark}{line}" if line else "")


def branch_url(repository: str, branch: str, path: str = "", *, folder: bool = False, forge: str = "") -> str:
    """The page of a file or folder on a branch. `forge` "": as the host's name says."""
    repository = repository.removesuffix(".git")
    forge = forge or forge_of(repository)
    end = f"/{quote(path.strip('/'), errors='replace')}" if path.strip("/") else ""
    if forge == "bitbucket-server":
        return f"{_shown_by_server(repository)}{end}?at={quote(f'refs/heads/{branch}', safe='')}"
    views = _VIEWS.get(forge, _VIEWS["github"])
    return f"{repository}/{views.of_folder if folder else views.of_file}/{quote(branch)}{end}"


def _shown_by_server(repository: str) -> str:
    """Bitbucket Data Center fetches from another path than it shows."""
    base, _, name = repository.rpartition("/")
    base, _, project = base.rpartition("/")
    if project.startswith("~"):
        return f"{base.removesuffix('/scm')}/users/{project[1:].lower()}/repos/{name}/browse"
    return f"{base.removesuffix('/scm')}/projects/{project.upper()}/repos/{name}/browse"


def _parts(url: str) -> tuple[str, str, str, str, str] | None:
    """(base, host, decoded path, query, decoded fragment) of an http(s) URL."""
    try:
        parts = urlsplit(url.strip())
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    return (
        f"{parts.scheme}://{parts.hostname}{port}",
        parts.hostname,
        unquote(parts.path),
        parts.query,
        unquote(parts.fragment),
    )
