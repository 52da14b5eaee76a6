"""The composition root: builds the parts of a process from its settings, once. Nothing connects at import."""

from __future__ import annotations

import dataclasses
import os
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

from app.catalog.model import EntityRef
from app.clients.forges import changes, changes_bitbucket, requests
from app.clients.jwks import Jwks, http_for_keys
from app.clients.tech_insights import TechInsightsClient
from app.errors import SettingsError
from app.formats import reading
from app.identity.access import Access, Rates
from app.identity.authenticator import Authenticator, Proxy
from app.identity.backstage import Backstage
from app.jobs.hints import Hints, ProcessHints
from app.lib import shipped
from app.lib.http import Http
from app.lib.rate import Limiter, MemoryLimiter, Rate
from app.lib.signing import SHORTEST, Signer
from app.notifications import slack, standard
from app.notifications.model import Target
from app.pipeline.deliver import Deliverer
from app.pipeline.fix_keeper import FixKeeper
from app.pipeline.fix_requests import FixRequests, Speaking
from app.pipeline.gatekeeper import Gatekeeper, Telling
from app.pipeline.policies import PolicyKeeper
from app.pipeline.services import Pipeline
from app.repos.git import Git
from app.repos.tree import Limits
from app.settings import Settings
from app.settings.access import BackstageTokens, TrustedProxy
from app.sources import (
    canonical,
    credentials_of,
    forge_api,
    forge_name,
    forges_of,
    intervals_of,
    providers_of,
    rules_of,
)
from app.store import migrate
from app.store.store import Store
from app.webhooks.forges import FORGES
from app.webhooks.gate import Gate
from app.webhooks.receive import Source

_UPSTREAM_SIZE = 64 * 1024 * 1024  # a bulk run of everything: 7 kB an entity


def utc_now() -> datetime:
    return datetime.now(UTC)


def policy_folder(settings: Settings | None = None) -> Path:
    """The scorecards in use: those of the settings, or the ones that come with Roadworthy."""
    if settings is not None and settings.policy.path:
        return settings.path(settings.policy.path)
    return shipped.folder("scorecards")


def open_store(settings: Settings) -> Store:
    """The store, its schema brought up to date first."""
    url = settings.database_url
    if url.startswith("sqlite:///"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    migrate.upgrade(url)
    return Store.open(url, settings.database.connections)


def build(settings: Settings, *, clock: Callable[[], datetime] = utc_now) -> Pipeline:
    """Everything a worker needs. Raises SettingsError or PolicyError."""
    store = open_store(settings)
    store.claims.read_again(reading.VERSION, clock())
    mirrors = settings.mirrors
    return Pipeline(
        store=store,
        git=Git(timeout=mirrors.timeout.total_seconds(), credentials=credentials_of(settings)),
        mirrors=settings.path(mirrors.path),
        rules=rules_of(settings),
        limits=Limits(
            mirrors.max_file_size, mirrors.max_files, mirrors.max_depth, mirrors.max_total_size, mirrors.history
        ),
        policies=PolicyKeeper(policy_folder(settings), store, clock),
        providers=providers_of(settings),
        evidence={canonical(settings, one.url): one.provides for one in settings.evidence_repositories},
        interval=settings.polling.interval,
        clock=clock,
        intervals=intervals_of(settings),
        forges=forges_of(settings),
        work=hints_of(settings, "work"),
        news=hints_of(settings, "news"),
    )


def hints_of(settings: Settings, kind: str) -> Hints:
    """What carries hints of a kind: Redis where there is one, else this process alone. Raises SettingsError."""
    if not settings.redis.url:
        return ProcessHints()
    from app.jobs.redis_hints import RedisHints  # its client takes five megabytes: only where there is a Redis

    try:
        return RedisHints(settings.redis.url, kind)
    except ValueError as error:
        raise SettingsError(f"redis.url: {error}") from None


def access_of(settings: Settings, pipeline: Pipeline) -> Access:
    """Who may ask. Raises SettingsError when a secret is not where it should be."""
    said = settings.auth
    shown = Access(
        public_url=settings.serve.public_url,
        hosts=frozenset(name.lower() for name in settings.serve.hosts),
        cors_origins=frozenset(origin.lower() for origin in settings.serve.cors_origins),
        frame_ancestors=tuple(origin.lower() for origin in settings.serve.frame_ancestors),
    )
    if said.mode == "off":
        return shown
    return dataclasses.replace(
        shown,
        authenticator=Authenticator(
            tokens=pipeline.store.tokens,
            directory=pipeline.store.people,
            clock=pipeline.clock,
            portals=tuple(_portal(one) for one in said.backstage),
            proxy=_proxy(said.proxy) if said.proxy else None,
            admins=tuple(EntityRef.parse(ref) for ref in said.admins),
        ),
        signer=Signer(_session_secret(settings)),
        visibility=said.visibility,
        public=frozenset(said.public),
        session_lifetime=said.session.lifetime,
        sessions=pipeline.store.sessions,
        rates=Rates(Rate(said.limits.reads), Rate(said.limits.writes), Rate(said.limits.failures)),
        limiter=_limiter(settings.redis.url),
    )


def _limiter(redis_url: str) -> Limiter:
    if not redis_url:
        return MemoryLimiter()
    from app.clients.redis_limiter import RedisLimiter

    return RedisLimiter(redis_url)


def _portal(said: BackstageTokens) -> Backstage:
    base, inside = said.url.rstrip("/"), (said.internal_url or said.url).rstrip("/")
    http = http_for_keys()
    return Backstage(
        issuer=f"{base}/api/auth",
        keys=Jwks(http, f"{inside}/api/auth/.well-known/jwks.json"),
        plugins={one: Jwks(http, f"{inside}/api/{one}/.backstage/auth/v1/jwks.json") for one in said.plugins},
        audiences=said.audiences,
        algorithms=said.algorithms,
        leeway=said.leeway,
        user_scopes=said.user_scopes,
        plugin_scopes=said.plugin_scopes,
    )


def _proxy(said: TrustedProxy) -> Proxy:
    return Proxy(said.header, tuple(ip_network(one) for one in said.addresses), said.scopes)


def _session_secret(settings: Settings) -> bytes:
    """The settings' secret, or one of our own, made at the first start and kept for this user alone."""
    if settings.auth.session.secret is not None:
        secret = settings.reveal(settings.auth.session.secret).encode()
        if len(secret) < SHORTEST:
            raise SettingsError(f"auth.session.secret is shorter than {SHORTEST} characters")
        return secret
    file = settings.path(".roadworthy/session.key")
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as made:
            made.write(secrets.token_bytes(SHORTEST))
    except FileExistsError:
        pass  # made at an earlier start, or by another process at this one
    secret = file.read_bytes()
    if len(secret) < SHORTEST:
        raise SettingsError(f"{file} is not whole: delete it and start again")
    return secret


def webhook_sources(settings: Settings) -> dict[tuple[str, str], Source]:
    """Who may call, by (forge, name). Raises SettingsError when a secret is not where it should be."""
    return {
        (one.forge, one.name): Source(
            one.name,
            FORGES[one.forge],
            tuple(settings.reveal(secret) for secret in one.secrets),
            one.url,
            settings.gate.mode != "off",
        )
        for one in settings.webhooks.sources
    }


def gate_of(settings: Settings) -> Gate:
    """The door for webhooks."""
    said = settings.webhooks
    return Gate(webhook_sources(settings), max_body=said.max_body, at_once=said.at_once)


def gatekeeper_of(settings: Settings, pipeline: Pipeline) -> Gatekeeper | None:
    """Who judges proposed changes; None when that is off. A GitHub App makes check runs, a token commit statuses."""
    if settings.gate.mode == "off":
        return None
    tells = {
        "gitlab": changes.gitlab,
        "gitea": changes.gitea,
        "forgejo": changes.gitea,
        "bitbucket": changes_bitbucket.cloud,
        "bitbucket-server": changes_bitbucket.server,
    }
    tellings = []
    for one in settings.sources.forges:
        tell = changes.github_app if one.app else changes.github_token
        if one.forge == "github" or one.forge in tells:
            api = forge_api(settings, one)
            tellings.append(Telling(one.forge, one.owner, api, tells.get(one.forge, tell), forge_name(one)))
    page_url = settings.serve.public_url.rstrip("/")
    return Gatekeeper(pipeline, tuple(tellings), settings.gate.mode, settings.gate.name, page_url)


def fix_requests_of(settings: Settings) -> FixRequests:
    """Who opens fix pull requests: every source of the settings whose forge has them."""
    public = {"github": "github.com", "gitlab": "gitlab.com", "gitea": "gitea.com", "forgejo": "codeberg.org"}
    found = []
    for one in settings.sources.forges:
        if (keep := requests.FORGES.get(one.forge)) is not None:
            host = urlsplit(one.url).netloc.removeprefix("api.") if one.url else public[one.forge]
            found.append(Speaking(host, one.owner, forge_api(settings, one), keep, one.forge))
    return FixRequests(tuple(found), settings.serve.public_url.rstrip("/"))


def fix_keeper_of(settings: Settings, pipeline: Pipeline) -> FixKeeper | None:
    """Who keeps fix pull requests as they were asked for; None where no forge has any."""
    spoken = fix_requests_of(settings)
    return FixKeeper(pipeline, spoken) if spoken.forges else None


def deliverer_of(settings: Settings, pipeline: Pipeline) -> Deliverer:
    """Who tells the world. Raises SettingsError when a secret is not where it should be."""
    writes = {"slack": slack.write, "webhook": standard.write}
    targets = [
        Target(
            name=one.name,
            url=settings.reveal(one.url),
            write=writes[one.kind],
            secret=settings.reveal(one.secret),
            owners=tuple(EntityRef.parse(owner, kind="group") for owner in one.owners),
            scorecards=one.scorecards,
            what=one.what,
            reasons=one.reasons,
            window=one.window,
        )
        for one in settings.notifications.targets
    ]
    http = Http(settings.transport.allow_private, total=15)
    return Deliverer(pipeline, targets, http, settings.serve.public_url.rstrip("/"))


def upstream_of(settings: Settings) -> TechInsightsClient | None:
    """The other Tech Insights backend, if the settings name one. Raises SettingsError without its token."""
    said = settings.tech_insights.upstream
    if said is None:
        return None
    seconds = said.timeout.total_seconds()
    http = Http(settings.transport.allow_private, timeout=seconds, total=seconds, max_size=_UPSTREAM_SIZE)
    token = settings.reveal(said.token)
    return TechInsightsClient(http, said.url.rstrip("/"), token)
