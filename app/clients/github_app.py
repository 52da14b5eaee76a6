"""A GitHub App's installation token: an hour's credential for one organisation, made from the App's private key."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from app.clients.forges.api import ForgeError
from app.lib.http import Http, HttpError
from app.lib.times import parse_instant

_EARLY = timedelta(minutes=5)


@dataclass
class InstallationToken:
    """Called, it gives a token that lives for at least five more minutes. Safe for threads. Raises ForgeError."""

    http: Http
    base: str
    app_id: str
    installation: str
    private_key: str = field(repr=False)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    _token: str = field(default="", repr=False)
    _until: datetime | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __call__(self) -> str:
        with self._lock:
            now = self.now()
            if self._until is None or now >= self._until - _EARLY:
                self._token, self._until = self._fresh(now)
            return self._token

    def _fresh(self, now: datetime) -> tuple[str, datetime]:
        """GitHub takes a JWT of at most ten minutes; a minute back allows for its clock."""
        import jwt  # nine megabytes, for those alone who have an App

        moment = int(now.timestamp())
        claims = {"iat": moment - 60, "exp": moment + 540, "iss": self.app_id}
        try:
            proof = jwt.encode(claims, self.private_key, algorithm="RS256")
        except (ValueError, TypeError, jwt.PyJWTError):
            raise ForgeError("the GitHub App's private key is no RSA key in PEM form", permanent=True) from None
        url = f"{self.base.rstrip('/')}/app/installations/{self.installation}/access_tokens"
        headers = {"Authorization": f"Bearer {proof}", "Accept": "application/vnd.github+json"}
        try:
            answer = self.http.send("POST", url, b"", headers)
            body = answer.json() if answer.status == 201 else {}
        except HttpError as error:
            raise ForgeError(str(error), permanent=error.permanent) from None
        if answer.status != 201 or not isinstance(body, dict) or "token" not in body:
            raise ForgeError(
                f"GitHub gave the App no token for installation {self.installation} ({answer.status})",
                answer.status,
                permanent=400 <= answer.status < 500,
            )
        return str(body["token"]), parse_instant(str(body["expires_at"]))
