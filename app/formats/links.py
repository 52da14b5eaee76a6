"""Where a runbook link points: a file in a repository (ours or another), a page elsewhere, or nothing that can work.

Pure: it says where to look, not whether anything is there.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from app.lib import forge_urls

_ACTION = re.compile(r"\{\{(?:(?!\{\{).)*?\}\}|__TPL__|\$\{[^{}]*\}", re.DOTALL)
_ALERTNAME = re.compile(r"\{\{-?\s*\$labels\.alertname\s*-?\}\}")
_OPERATOR_RUNBOOKS = re.compile(r"https://runbooks\.prometheus-operator\.dev/runbooks/([^/#?]+)/([^/#?]+)/?")


_USERINFO = re.compile(r"(?<=://)[^/\s?#]*@")


@dataclass(frozen=True, slots=True)
class Target:
    """`state`: file, external, templated, dead_template or invalid. For a file: where, and `alternatives` to try next.

    `repository` is a canonical URL; `path` is relative to its root; `url` is set for external pages.
    """

    state: str
    repository: str = ""
    path: str = ""
    anchor: str = ""
    url: str = ""
    alternatives: tuple[str, ...] = ()
    any_case: bool = False
    """The address is a site's, whose generator (Hugo) writes paths in lower case: the file may be spelled otherwise.
    Forges and file systems tell cases apart, so everywhere else the spelling must be right."""


def resolve(value: str, *, repository: str, path: str) -> Target:
    """What the link `value`, written in the file `path` of `repository`, points at.

    A template in the query is ignored; in the path it can't be followed. `$labels.alertname` is empty when Prometheus
    renders annotations, so a path that needs it never works (tried with Prometheus 2.42).
    """
    text = _USERINFO.sub("", value.strip())
    head = re.split(r"[?]", text, maxsplit=1)[0]
    if _ALERTNAME.search(head):
        return Target("dead_template", url=text)
    if _ACTION.search(head):
        return Target("templated", url=text)
    if "://" in text or text.startswith("//"):
        return _absolute(_ACTION.sub("", text))
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", text):
        return Target("invalid", url=text)
    return _relative(text, repository, path)


def _absolute(text: str) -> Target:
    if text.startswith("file://"):
        return Target("invalid", url=text)
    try:
        parts = urlsplit(text)
    except ValueError:  # an address in [ ] that is none
        return Target("invalid", url=text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return Target("invalid", url=text)
    if match := _OPERATOR_RUNBOOKS.match(text):
        page = f"content/runbooks/{match[1]}/{match[2]}.md"
        home = "https://github.com/prometheus-operator/runbooks"
        return Target("file", home, page, unquote(parts.fragment), any_case=True)
    place = forge_urls.split(text)
    if place is None or not place.path:
        return Target("external", url=text, anchor=unquote(parts.fragment))
    return Target("file", place.repository, place.path, place.fragment, text, _pages(place.path))


def _relative(text: str, repository: str, path: str) -> Target:
    bare, _, anchor = text.partition("#")
    bare = unquote(bare.split("?")[0])
    folder = posixpath.dirname(path)
    if not bare:
        return Target("file", repository, path, unquote(anchor))
    beside, at_root = _normal(posixpath.join(folder, bare)), _normal(bare.lstrip("/"))
    order = [at_root] if bare.startswith("/") else [beside, *([] if bare.startswith(".") else [at_root])]
    inside = [candidate for candidate in order if candidate and not candidate.startswith("../")]
    if not inside:
        return Target("invalid", url=text)
    alternatives = dict.fromkeys([*inside[1:], *(page for one in inside for page in _pages(one))])
    return Target("file", repository, inside[0], unquote(anchor), alternatives=tuple(alternatives))


def _normal(path: str) -> str:
    normal = posixpath.normpath(path)
    return "" if normal in (".", "..") else normal


def _pages(path: str) -> tuple[str, ...]:
    """What a forge or documentation site shows for a folder or a name without its ending."""
    if posixpath.splitext(path)[1]:
        return ()
    bare = path.rstrip("/")
    return f"{bare}.md", f"{bare}/README.md", f"{bare}/index.md", f"{bare}/_index.md"
