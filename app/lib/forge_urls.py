"""URLs of files and folders on git forges, split into repository, ref and path. Decided by the URL's shape alone."""

from __future__ import annotations

import re
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


_RAW_GITHUB = re.compile(r"/(?P<repo>[^/]+/[^/]+)/(?:refs/heads/)?(?P<ref>[^/]+)/(?P<path>.+)")
_SHAPES = (
    re.compile(r"/(?P<repo>.+?)/-/(?:blob|tree|raw|edit)/(?P<ref>[^/]+)/?(?P<path>.*)"),  # GitLab
    re.compile(r"/(?P<repo>[^/]+/[^/]+)/src/(?:branch|commit|tag)/(?P<ref>[^/]+)/?(?P<path>.*)"),  # Gitea, Forgejo
    re.compile(r"/(?P<repo>[^/]+/[^/]+)/raw/(?:branch|commit|tag)/(?P<ref>[^/]+)/?(?P<path>.*)"),  # Gitea, Forgejo
    re.compile(r"/(?P<repo>[^/]+/[^/]+)/(?:blob|tree|raw|edit)/(?P<ref>[^/]+)/?(?P<path>.*)"),  # GitHub
    re.compile(r"/(?P<repo>[^/]+/[^/]+)/src/(?P<ref>[^/]+)/?(?P<path>.*)"),  # Bitbucket Cloud
)
_DATA_CENTER = re.compile(r"/(?:projects|users)/(?P<project>[^/]+)/repos/(?P<name>[^/]+)/(?:browse|raw)/?(?P<path>.*)")
_SERVER = re.compile(r"(?P<base>https://[^/]+(?:/[^/]+)*?)/scm/(?P<project>[^/]+)/(?P<name>[^/]+)")
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


def line_url(repository: str, commit: str, path: str, line: int = 0) -> str:
    """The page of a line at its commit on the forge, for repositories fetched over https; "" for all others."""
    if not (repository.startswith("https://") and path and commit):
        return ""
    host = repository.split("/")[2]
    name, view, mark = quote(path, errors="replace"), "blob", "#L"
    if match := _SERVER.fullmatch(repository):  # Bitbucket Data Center fetches from another path than it shows
        shown = f"{match['base']}/projects/{match['project'].upper()}/repos/{match['name']}/browse"
        return f"{shown}/{name}?at={commit}" + (f"#{line}" if line else "")
    if "gitlab" in host:
        view = "-/blob"
    elif any(name in host for name in ("gitea", "forgejo", "codeberg")):
        view = "src/commit"
    elif host == "bitbucket.org":
        view, mark = "src", "#lines-"
    return f"{repository}/{view}/{commit}/{name}" + (f"{mark}{line}" if line else "")


def branch_url(repository: str, branch: str, path: str = "", *, folder: bool = False) -> str:
    """The page of a file or folder on a branch; the view's name is told by the host, as in `line_url`."""
    host = repository.split("/")[2]
    view = "tree" if folder else "blob"
    if "gitlab" in host:
        view = f"-/{view}"
    elif any(name in host for name in ("gitea", "forgejo", "codeberg")):
        view = "src/branch"
    end = f"/{quote(path.strip('/'), errors='replace')}" if path.strip("/") else ""
    return f"{repository.removesuffix('.git')}/{view}/{quote(branch)}{end}"


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
