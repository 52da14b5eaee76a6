"""Part of the composition root: from the settings of sources to providers, credentials and rules of transport."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from urllib.parse import urlsplit

from app.catalog.providers.backstage_catalog import BackstageCatalog
from app.catalog.providers.forge import ForgeProvider
from app.catalog.providers.git_urls import GitUrls
from app.catalog.providers.local_directory import LocalDirectory
from app.catalog.providers.model import Provider
from app.clients.backstage import BackstageClient
from app.clients.forges import bitbucket, gitea, github, gitlab
from app.clients.forges.api import Api, ForgeRepository
from app.clients.github_app import InstallationToken
from app.lib.http import Http
from app.repos import urls
from app.repos.git import Credential
from app.repos.urls import TransportRules
from app.settings import Settings
from app.settings.forges import ForgeSource
from app.settings.model import BackstageSource

_FORGES: dict[
    str, tuple[Callable[[Http, str, Callable[[], str]], Api], Callable[[Api, str], Iterator[ForgeRepository]]]
] = {
    "github": (github.api, github.repositories),
    "gitlab": (gitlab.api, gitlab.repositories),
    "gitea": (gitea.api, gitea.repositories),
    "forgejo": (gitea.api, gitea.repositories),
    "bitbucket": (bitbucket.api, bitbucket.repositories),
    "bitbucket-server": (bitbucket.server_api, bitbucket.server_repositories),
}
"""How each forge is asked, and how its repositories are listed."""


def providers_of(settings: Settings) -> Sequence[Provider]:
    """Every source of the settings. Evidence repositories are crawled too, wherever else they are listed."""
    found: list[Provider] = []
    if settings.sources.repositories:
        found.append(GitUrls(settings.sources.repositories))
    found += [LocalDirectory(settings.path(folder)) for folder in settings.sources.directories]
    found += [_backstage(settings, one) for one in settings.sources.backstage]
    found += [_forge(settings, one) for one in settings.sources.forges]
    if settings.evidence_repositories:
        listed = [canonical(settings, one.url) for one in settings.evidence_repositories]
        found.append(GitUrls(listed, "evidence repositories"))
    return found


def intervals_of(settings: Settings) -> dict[str, timedelta]:
    """Provider → how often its repositories are looked at, where its source says so itself."""
    return {forge_name(one): one.interval for one in settings.sources.forges if one.interval is not None}


def _backstage(settings: Settings, source: BackstageSource) -> BackstageCatalog:
    """A catalog on a private address needs `transport.allow_private`."""
    token = settings.reveal(source.token)
    return BackstageCatalog(source.name, BackstageClient(Http(settings.transport.allow_private), source.url, token))


def forge_api(settings: Settings, source: ForgeSource) -> Api:
    """A forge's API with the source's credentials. Raises SettingsError when a secret is not where it should be."""
    http = Http(settings.transport.allow_private)
    return _FORGES[source.forge][0](http, source.url, _token(settings, source, http))


def _forge(settings: Settings, source: ForgeSource) -> ForgeProvider:
    """A forge on a private address needs `transport.allow_private`."""
    api, listing = forge_api(settings, source), _FORGES[source.forge][1]
    if source.app is not None:
        listing = github.installed_repositories
    return ForgeProvider(
        name=forge_name(source),
        list_all=lambda: listing(api, source.owner),
        include=source.include,
        exclude=source.exclude,
        archived=source.archived,
        forks=source.forks,
    )


def forge_name(source: ForgeSource) -> str:
    """Stable, and its own: an owner of the same name may be on two GitLabs."""
    host = urlsplit(source.url).netloc
    return f"forge {source.forge} {source.owner}" + (f" at {host}" if host else "")


def _token(settings: Settings, source: ForgeSource, http: Http) -> Callable[[], str]:
    if source.app is not None:
        key = settings.reveal(source.app.private_key)
        return InstallationToken(http, source.url or github.PUBLIC, source.app.id, source.app.installation, key)
    token = settings.reveal(source.token)
    return lambda: token


def forges_of(settings: Settings) -> dict[str, str]:
    """Host → which forge it is: as `sources.hosts` says, else as forge and webhook sources do."""
    told = [(one.host.lower(), one.forge) for one in settings.sources.hosts]
    named = [(one.url, one.forge) for one in settings.sources.forges]
    named += [(one.url, one.forge) for one in settings.webhooks.sources]
    told += [(urlsplit(url).netloc.lower().removeprefix("api."), forge) for url, forge in named if url]
    found: dict[str, str] = {}
    for place, forge in told:
        found.setdefault(place, forge)
    for place, forge in told:
        found.setdefault(place.rpartition(":")[0] or place, forge)
    return found


def canonical(settings: Settings, url: str) -> str:
    """An evidence repository's URL; a path is relative to the settings file."""
    return urls.canonical(url if "://" in url or "@" in url else str(settings.path(url)))


def rules_of(settings: Settings) -> TransportRules:
    said = settings.transport
    return TransportRules(said.hosts, said.allow_file, said.allow_http, said.allow_git, said.allow_private)


def credentials_of(settings: Settings) -> dict[str, Credential]:
    """Host → what to answer when it asks. Raises SettingsError when a secret is not where it should be."""
    return {
        one.host.lower(): Credential(
            one.username, settings.reveal(one.token), str(settings.path(one.ssh_key_file)) if one.ssh_key_file else ""
        )
        for one in settings.credentials
    }
