"""A forge's organisation, group, workspace or project as provider: every repository it lists, less what is left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from app.catalog.providers.model import Discovery, Listed
from app.clients.forges.api import ForgeError, ForgeRepository
from app.errors import ProviderError


@dataclass(frozen=True, slots=True)
class ForgeProvider:
    """`list_all` gives every repository of `owner`. `include` and `exclude` are globs over `group/name`, without case;
    exclude wins.
    """

    name: str
    list_all: Callable[[], Iterator[ForgeRepository]]
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    archived: bool = False
    forks: bool = False

    def discover(self) -> Discovery:
        try:
            found = list(self.list_all())
        except ForgeError as error:
            raise ProviderError(str(error)) from None
        if not found:
            # A token that lost its rights sees an empty organisation; that must not orphan every repository of it.
            raise ProviderError("it lists no repositories: its token may not be allowed to see them")
        wanted = (one for one in found if self._wants(one))
        return Discovery(tuple(Listed(one.url, one.branch, identity=one.id) for one in wanted))

    def _wants(self, one: ForgeRepository) -> bool:
        if (one.archived and not self.archived) or (one.fork and not self.forks):
            return False
        path = one.path.lower()
        included = not self.include or any(fnmatchcase(path, glob.lower()) for glob in self.include)
        return included and not any(fnmatchcase(path, glob.lower()) for glob in self.exclude)
