"""People and their groups, as the catalog tells; and which owners an identity may see. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal, Protocol

from app.catalog.model import Catalog, EntityRef
from app.identity.model import ADMIN, Identity

Visibility = Literal["all", "owners"]


class Directory(Protocol):
    """Who is who."""

    def groups_of(self, user: EntityRef) -> tuple[EntityRef, ...]:
        """The groups a user is a direct member of; none for an unknown one."""

    def by_email(self, email: str) -> EntityRef | None:
        """The one user whose profile has this address; None for none, and for more than one."""


class CatalogDirectory:
    """Over the catalog as it is now. The index of addresses is made once a catalog."""

    def __init__(self, catalog: Callable[[], Catalog]) -> None:
        self._catalog = catalog
        self._emails: tuple[Catalog | None, dict[str, EntityRef | None]] = (None, {})

    def groups_of(self, user: EntityRef) -> tuple[EntityRef, ...]:
        return self._catalog().related(user, "memberOf")

    def by_email(self, email: str) -> EntityRef | None:
        catalog = self._catalog()
        made_for, found = self._emails
        if made_for is not catalog:
            found = _addresses(catalog)
            self._emails = (catalog, found)
        return found.get(email.lower())


def visible_owners(
    identity: Identity, catalog: Callable[[], Catalog], visibility: Visibility
) -> frozenset[EntityRef] | None:
    """Whose entities an identity may see: its groups, those below them, and itself; None: everyone's.

    Only people are limited by the setting: a token or plugin is limited when it was made so. Admins see everything.
    """
    if ADMIN in identity.scopes or not (identity.limited or (visibility == "owners" and identity.person)):
        return None
    return frozenset(below for group in identity.groups for below in catalog().group_tree(group))


def is_among(groups: Iterable[EntityRef], wanted: Iterable[EntityRef]) -> bool:
    return not set(wanted).isdisjoint(groups)


def _addresses(catalog: Catalog) -> dict[str, EntityRef | None]:
    found: dict[str, EntityRef | None] = {}
    for ref, entity in catalog.entities.items():
        profile = entity.spec.get("profile")
        email = profile.get("email") if isinstance(profile, dict) else None
        if ref.kind == "user" and isinstance(email, str) and email:
            found[email.lower()] = None if email.lower() in found else ref
    return found
