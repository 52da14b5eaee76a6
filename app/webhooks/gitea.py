"""Gitea's and Forgejo's webhooks. Both also send GitHub's headers, so the path decides the forge, never a header."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from app.webhooks import github, signatures
from app.webhooks.model import Event, Forge, Headers

_PLACES = ("clone_url", "ssh_url", "html_url")


def _forge(identity: str) -> Forge:
    """Gitea and Forgejo differ in the spelling of headers; Forgejo sends Gitea's as well."""
    prefixes = ("x-gitea",) if identity == "gitea" else ("x-forgejo", "x-gitea")

    def first(headers: Headers, name: str) -> str:
        return next((headers[f"{prefix}-{name}"] for prefix in prefixes if headers.get(f"{prefix}-{name}")), "")

    def verify(headers: Headers, body: bytes, secrets: Sequence[str], now: datetime) -> None:
        """HMAC-SHA256 in hex without a prefix; empty when the hook has no secret. Raises Refused."""
        signatures.hexadecimal(secrets, body, first(headers, "signature"))
        github.only_json(headers)

    def event(headers: Headers, payload: Mapping[str, Any]) -> Event:
        return github.read(first(headers, "event"), payload, _PLACES)

    return Forge(identity, verify, lambda headers: first(headers, "delivery"), event)


GITEA, FORGEJO = _forge("gitea"), _forge("forgejo")
