"""The settings of `webhooks`: which forges may call, and how much at once. With their defaults."""

from __future__ import annotations

from dataclasses import dataclass

from app.settings.secret import Secret

FORGES = ("github", "gitlab", "gitea", "forgejo", "bitbucket", "bitbucket-server")


@dataclass(frozen=True, slots=True)
class WebhookSource:
    """One installation of a forge. `secrets`: one, or two while rotating."""

    name: str
    forge: str
    secrets: tuple[Secret, ...]
    url: str = ""


@dataclass(frozen=True, slots=True)
class Webhooks:
    sources: tuple[WebhookSource, ...] = ()
    max_body: int = 26 * 1024 * 1024
    at_once: int = 6
