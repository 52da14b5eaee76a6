"""`policy preview --server`: the impact of a policy on what a running Roadworthy has stored, page after page."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from app.errors import RepositoryError
from app.pipeline.remote import ask
from app.policy.model import Policy

_PAGE = 200


@dataclass(frozen=True, slots=True)
class Previewed:
    """`items` as the API tells them, `looked_at` entities, `version` of the policy in force: "" where there is none."""

    items: list[dict[str, Any]]
    looked_at: int
    version: str


def remote_preview(policy: Policy, server: str, token: str) -> Previewed:
    """Raises RepositoryError when the server can't be asked, SettingsError when it refuses the token."""
    items: list[dict[str, Any]] = []
    looked_at = 0
    body: dict[str, Any] = {"documents": dict(policy.documents), "limit": _PAGE}
    while True:
        page = _page(server, token, body)
        items += page["items"]
        looked_at += page["looked_at"]
        if page["next_cursor"] is None:
            return Previewed(items, looked_at, page["policy_version"])
        body["cursor"] = page["next_cursor"]


def _page(server: str, token: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = ask(server, token, "/api/v1/policy/preview", json.dumps(body, ensure_ascii=False).encode())
    try:
        found = json.loads(answer.body)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not {"items", "looked_at", "policy_version", "next_cursor"} <= found.keys():
        raise RepositoryError(f"{server} did not answer as this version of Roadworthy expects")
    return found
