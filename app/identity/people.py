"""People and their groups, and which owners an identity may see. Pure; who is who is asked of a `Directory`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal, Protocol

from app.catalog.model import EntityRef
from app.identity.model import ADMIN, Identity

Visibility = Literal["all", "owners"]


class Directory(Protocol):
    """Who is who."""

    def groups_of(self, user: EntityRef) -> tuple[EntityRef, ...]:
        """The groups a user is a direct member of; none for an unknown one."""

    def by_email(self, email: str) -> EntityRef | None:
        """The one user whose profile has this address; None for none, and for more than one."""


def visible_owners(
    identity: Identity, visibility: Visibility, below: Callable[[str], Iterable[str]]
) -> frozenset[str] | None:
    """Whose entities an identity may see: its groups, those `below` them, and itself; None: everyone's.

    Only people are limited by the setting: a token or plugin is limited when it was made so. Admins see everything.
    """
    if ADMIN in identity.scopes or not (identity.limited or (visibility == "owners" and identity.person)):
        return None
    return frozenset(one for group in identity.groups for one in below(str(group)))


def is_among(groups: Iterable[EntityRef], wanted: Iterable[EntityRef]) -> bool:
    return not set(wanted).isdisjoint(groups)
