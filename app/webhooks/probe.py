"""A signed ping as a forge would send it, to see that a source is set up: `roadworthy webhook test`."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable

from app.webhooks.receive import Source

MARK = "X-Roadworthy-Test"
"""The header by which a ping of our own is counted apart: that it is believed says nothing of what the forge sends."""


def ping(source: Source, number: int = 0) -> tuple[dict[str, str], bytes]:
    """Headers and body of a ping signed with the source's secret of this number."""
    body = json.dumps({"zen": "A ping of our own", "object_kind": "ping"}).encode()
    return {MARK: "1", **signed(source, body, number)}, body


def signed(source: Source, body: bytes, number: int = 0) -> dict[str, str]:
    """The headers with which the source's forge would send a body, as a ping, under its secret of this number."""
    secret = source.secrets[number]
    headers = _SIGNED[source.forge.id](hmac.new(secret.encode(), body, hashlib.sha256).hexdigest(), secret)
    return {"Content-Type": "application/json", **headers}


def _github(signature: str, _secret: str) -> dict[str, str]:
    return {
        "X-GitHub-Event": "ping",
        "X-GitHub-Delivery": _fresh(),
        "X-Hub-Signature-256": f"sha256={signature}",
    }


def _gitlab(_signature: str, secret: str) -> dict[str, str]:
    """A signing token cannot be tried this way: GitLab's own test button signs with it."""
    return {"X-Gitlab-Event": "Ping", "X-Gitlab-Event-UUID": _fresh(), "X-Gitlab-Token": secret}


def _gitea(signature: str, _secret: str) -> dict[str, str]:
    return {"X-Gitea-Event": "ping", "X-Gitea-Delivery": _fresh(), "X-Gitea-Signature": signature}


def _forgejo(signature: str, _secret: str) -> dict[str, str]:
    return {"X-Forgejo-Event": "ping", "X-Forgejo-Delivery": _fresh(), "X-Forgejo-Signature": signature}


def _bitbucket(signature: str, _secret: str) -> dict[str, str]:
    name = {"X-Request-UUID": _fresh(), "X-Request-Id": _fresh()}
    return {**name, "X-Event-Key": "diagnostics:ping", "X-Hub-Signature": f"sha256={signature}"}


def _fresh() -> str:
    return f"probe-{secrets.token_hex(8)}"


_SIGNED: dict[str, Callable[[str, str], dict[str, str]]] = {
    "github": _github,
    "gitlab": _gitlab,
    "gitea": _gitea,
    "forgejo": _forgejo,
    "bitbucket": _bitbucket,
    "bitbucket-server": _bitbucket,
}
