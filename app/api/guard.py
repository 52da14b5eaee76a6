"""Who asks, before any view runs. A view says what it needs; one that says nothing needs `read`, or `admin` to change.

`g.identity` is set for every request. Without proof: 401 (pages: the sign-in page); without the scope: 403. Neither
says whether what was asked for exists.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from flask import Flask, abort, current_app, g, request
from werkzeug.exceptions import Forbidden, HTTPException, ServiceUnavailable, TooManyRequests, Unauthorized

from app.api import forms, sessions
from app.errors import CredentialsError, UncheckableError
from app.identity.access import Access
from app.identity.authenticator import Authenticator
from app.identity.model import ADMIN, ANONYMOUS, NOBODY, PUBLIC, READ, Identity
from app.lib.rate import Rate
from app.settings.access import is_loopback

View = TypeVar("View", bound=Callable[..., Any])
_SAFE = ("GET", "HEAD", "OPTIONS")
_NEEDS, _PUBLIC, _OPENABLE = "_needs_scope", "_is_public", "_openable_as"


class _Challenge(HTTPException):
    """An error that says how to come back (RFC 6750)."""

    def __init__(self, description: str, said: Mapping[str, str] | None = None) -> None:
        super().__init__(description)
        self._said = {"realm": "roadworthy", **(said or {})}

    def get_headers(self, *args: Any, **kwargs: Any) -> list[tuple[str, str]]:
        challenge = "Bearer " + ", ".join(f'{name}="{text}"' for name, text in self._said.items())
        return [*super().get_headers(*args, **kwargs), ("WWW-Authenticate", challenge)]


class Unproven(_Challenge, Unauthorized):
    """Who asks did not prove it."""


class OutOfScope(_Challenge, Forbidden):
    """Who asks may not do this."""


def require(scope: str) -> Callable[[View], View]:
    """Marks a view (or one method of a class of views): it needs this scope."""
    return _marked(_NEEDS, scope)


def public(view: View) -> View:
    """Marks a view that anyone may ask, signed in or not; it checks for itself what it must."""
    return _marked(_PUBLIC, True)(view)


def openable(name: str) -> Callable[[View], View]:
    """Marks a view that the settings may open to everyone (`auth.public: [name]`)."""
    return _marked(_OPENABLE, name)


def _marked(mark: str, value: object) -> Callable[[View], View]:
    def apply(view: View) -> View:
        setattr(view, mark, value)
        return view

    return apply


def install(app: Flask, access: Access) -> None:
    app.extensions["access"] = access
    app.before_request(_enter)
    app.jinja_env.globals["csrf_field"] = forms.csrf_field
    app.context_processor(lambda: {"identity": g.get("identity", NOBODY), "signs_in": access.is_on})


def _enter() -> None:
    access: Access = current_app.extensions["access"]
    g.identity = NOBODY
    view = _view(current_app, request.endpoint or "", request.method)
    if getattr(view, _PUBLIC, False):
        g.identity = _known_or_nobody(access)
        return
    if access.authenticator is None:
        _only_this_machine(access)
        g.identity = ANONYMOUS
    elif request.method != "OPTIONS":
        g.identity = _identified(access, access.authenticator, getattr(view, _OPENABLE, "") in access.public)
        needed = getattr(view, _NEEDS, READ if request.method in _SAFE else ADMIN)
        _check_rate(access, g.identity, needed, access.authenticator.clock())
        _check_scope(g.identity, needed)
    if request.method not in _SAFE and g.identity.ambient:
        _check_source()


def scope_of(app: Flask, endpoint: str, method: str) -> str:
    """The scope that a route needs; "" for a public one."""
    view = _view(app, endpoint, method)
    return "" if getattr(view, _PUBLIC, False) else getattr(view, _NEEDS, READ if method in _SAFE else ADMIN)


def _view(app: Flask, endpoint: str, method: str) -> Any:
    """What will answer: a function, or of a class of views the method asked for. None where nothing will."""
    if endpoint.endswith(".static"):
        return _static
    function = app.view_functions.get(endpoint)
    view_class = getattr(function, "view_class", None)
    return function if view_class is None else getattr(view_class, "get" if method == "HEAD" else method.lower(), None)


@public
def _static() -> None:
    """Stands for style sheets and scripts of ours: the sign-in page needs them too, and they tell nothing."""


def _known_or_nobody(access: Access) -> Identity:
    if access.authenticator is None:
        return ANONYMOUS
    try:
        return _proven(access, access.authenticator) or NOBODY
    except (CredentialsError, UncheckableError):
        return NOBODY


def _only_this_machine(access: Access) -> None:
    """Sign-in is off: neither another machine nor another site's name may reach us, however we were started."""
    if request.remote_addr and not is_loopback(request.remote_addr):
        abort(403, "Sign-in is off, so only this machine is answered: set auth.mode to on.")
    name = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
    if not access.knows_host(name.strip("[]")):
        abort(421, "Sign-in is off, so this name is not answered: set auth.mode to on, or add it to serve.hosts.")


def _identified(access: Access, authenticator: Authenticator, open_to_all: bool) -> Identity:
    try:
        found = _proven(access, authenticator)
    except CredentialsError:
        if open_to_all:
            return PUBLIC
        _wait_or_pass(access, f"failures:{request.remote_addr}", access.rates.failures, authenticator.clock())
        raise Unproven(str(CredentialsError()), {"error": "invalid_token"}) from None
    except UncheckableError as error:
        raise ServiceUnavailable(str(error), retry_after=15) from None
    if found is None and not open_to_all:
        raise Unproven(str(CredentialsError()))
    return found or PUBLIC


def _proven(access: Access, authenticator: Authenticator) -> Identity | None:
    """From what the request carries: an Authorization header counts alone; then the session, then the proxy."""
    said = request.headers.get("Authorization")
    if said is not None:
        scheme, _, text = said.partition(" ")
        if scheme.lower() != "bearer":
            raise CredentialsError
        return authenticator.bearer(text.strip())
    found = sessions.identity_of(request, access, authenticator)
    if found is None and authenticator.proxy is not None:
        name = request.headers.get(authenticator.proxy.header)
        found = authenticator.named(request.remote_addr or "", name) if name is not None else None
    return found


def _check_scope(identity: Identity, scope: str) -> None:
    if not identity.may(scope):
        raise OutOfScope(f"That needs the scope {scope}.", {"error": "insufficient_scope", "scope": scope})


def _check_rate(access: Access, identity: Identity, needed: str, now: datetime) -> None:
    """What only needs `read` is a read, a POST too: Tech Insights asks by POST."""
    is_read = needed == READ
    kind, rate = ("reads", access.rates.reads) if is_read else ("writes", access.rates.writes)
    _wait_or_pass(access, f"{kind}:{_who(identity)}", rate, now)


def _who(identity: Identity) -> str:
    """Each identity has its own allowance, a token its own too; who did not sign in shares one with their address."""
    return f"{identity.subject}:{identity.key}" if identity is not PUBLIC else f"public:{request.remote_addr}"


def another_read() -> Callable[[], bool]:
    """Whether this request's asker may read once more, whenever it is called: each call takes from their allowance."""
    access: Access = current_app.extensions["access"]
    authenticator, rate, key = access.authenticator, access.rates.reads, f"reads:{_who(g.identity)}"
    if authenticator is None or rate.count <= 0:
        return lambda: True
    return lambda: access.limiter.take(key, rate, authenticator.clock()) <= 0


def _wait_or_pass(access: Access, key: str, rate: Rate, now: datetime) -> None:
    wait = access.limiter.take(key, rate, now)
    if wait > 0:
        seconds = math.ceil(wait)
        raise TooManyRequests(f"Too many requests: come back in {seconds} s.", retry_after=seconds)


def _check_source() -> None:
    """What a browser sends by itself is no consent: an API call must be of this site, a form ours."""
    if request.path.startswith("/api/"):
        forms.check_origin()
    else:
        forms.check_form()
