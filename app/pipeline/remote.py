"""Asking a running Roadworthy, for commands with `--server`."""

from __future__ import annotations

from urllib.parse import urlsplit

from app.errors import RepositoryError, SettingsError
from app.lib.http import Http, HttpError, Response
from app.settings.access import is_loopback

_LIMITS = {"timeout": 30.0, "total": 120.0, "max_size": 64 * 1024 * 1024, "max_redirects": 0}


def ask(server: str, token: str, path: str, body: bytes) -> Response:
    """The answer to one `POST` of JSON, a 200.

    Raises RepositoryError when the server can't be asked, SettingsError when it refuses the token.
    """
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    parts = urlsplit(server)
    if token and parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise SettingsError(f"a token is sent over https only, not to {server}")
    if token:
        headers["Authorization"] = f"Bearer {token}"
    url = f"{server.rstrip('/')}{path}"
    try:
        answer = Http(allow_private=True, **_LIMITS).send("POST", url, body, headers)  # type: ignore[arg-type]
    except HttpError as error:
        raise RepositoryError(f"asking the server: {error}") from None
    if answer.status in (401, 403):
        raise SettingsError(f"{server} refuses the token ({answer.status}): it needs the scope read")
    if answer.status != 200:
        raise RepositoryError(f"{server} answered {answer.status}{_detail(answer)}")
    return answer


def _detail(answer: Response) -> str:
    try:
        body = answer.json()
    except HttpError:
        return ""
    return f": {body['detail']}" if isinstance(body, dict) and isinstance(body.get("detail"), str) else ""
