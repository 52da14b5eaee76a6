"""Folders of Terraform as they are applied: variables from tfvars (production's first), and local modules followed.

A folder that another one calls as a module stands for nothing alone; each call of it is an instance with its arguments.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from app.formats.stages import is_lesser, is_production
from app.formats.terraform.evaluate import Hidden, Scope
from app.formats.terraform.model import TerraformFile

_DEEPEST = 6
_MOST_CALLS = 1_000
_MOST_FOUND = 5_000
_MOST_ENVIRONMENTS = 4


@dataclass(frozen=True, slots=True)
class Applied:
    """One resource as it is applied: its block, the scope its expressions are read in, and for whom.

    `path` and `line` are where to change it: the block, or the outermost call of the module that holds it.
    """

    path: str
    line: int
    block: Mapping[str, Any]
    scope: Scope
    environment: str
    address: str

    @property
    def kind(self) -> str:
        return str(self.block["kind"])

    @property
    def called(self) -> bool:
        """It stands in a module."""
        return self.address.startswith("module.")


@dataclass(slots=True)
class Folders:
    """`files`: path → what it holds, for all `.tf` and `.tfvars` files of a snapshot."""

    files: Mapping[str, TerraformFile]
    _by_folder: dict[str, list[tuple[str, TerraformFile]]] = field(default_factory=dict)
    _assigned: dict[str, list[tuple[str, TerraformFile]]] = field(default_factory=dict)
    """Folder → tfvars files in it, and in folders below that hold nothing else."""
    left_out: list[tuple[str, int, str, str]] = field(default_factory=list)
    """(path, line, resource type, why) of what `applied` did not follow: it is there, and can't be told."""
    _calls: int = 0
    _found: int = 0

    def __post_init__(self) -> None:
        for path in sorted(self.files):
            if not path.endswith(".tfvars"):
                self._by_folder.setdefault(posixpath.dirname(path), []).append((path, self.files[path]))
        for path in sorted(self.files):
            if path.endswith(".tfvars") and (folder := self._above(path)) is not None:
                self._assigned.setdefault(folder, []).append((path, self.files[path]))

    def _above(self, path: str) -> str | None:
        """The nearest folder above a tfvars file that holds Terraform."""
        folder = posixpath.dirname(path)
        while folder not in self._by_folder:
            if not folder:
                return None
            folder = posixpath.dirname(folder)
        return folder

    def applied(self) -> Iterator[Applied]:
        """Every resource of every folder that people apply."""
        called = {place for folder in self._by_folder for place in self._modules(folder)}
        for folder in self._by_folder:
            if folder in called:
                continue
            for environment, variables in self._environments(folder):
                yield from self._instance(folder, variables, _Site(environment), ())

    def _modules(self, folder: str) -> list[str]:
        joined = (_joined(folder, call) for _, one in self._by_folder.get(folder, ()) for call in one.modules)
        return [place for place in joined if place in self._by_folder and place != folder]

    def _environments(self, folder: str) -> list[tuple[str, dict[str, Any]]]:
        """(environment, variables) for each production tfvars file, or once with what is loaded by itself."""
        loaded: dict[str, Any] = {}
        production: list[tuple[str, TerraformFile]] = []
        for path, one in self._assigned.get(folder, ()):
            inner = path[len(folder) :].lstrip("/")
            if inner == "terraform.tfvars" or ("/" not in inner and inner.endswith(".auto.tfvars")):
                loaded |= one.values
            elif is_production(inner) and not is_lesser(inner):
                production.append((path, one))
        chosen = [(path, {**loaded, **one.values}) for path, one in production[:_MOST_ENVIRONMENTS]]
        return [(name, self._plain(values)) for name, values in chosen or [(folder or ".", loaded)]]

    def _plain(self, values: Mapping[str, Any]) -> dict[str, Any]:
        scope = Scope({}, {}, {})
        return {name: scope.value(expression) for name, expression in values.items()}

    def _instance(
        self, folder: str, variables: Mapping[str, Any], site: _Site, trail: tuple[str, ...]
    ) -> Iterator[Applied]:
        """A folder's resources with these variables, and those of the local modules that it calls."""
        inside: Sequence[tuple[str, TerraformFile]] = self._by_folder.get(folder, ())
        self._calls += bool(trail)
        if folder in trail:
            return
        if len(trail) >= _DEEPEST or self._calls > _MOST_CALLS:
            why = f"it stands in modules within modules, of which {_MOST_CALLS:,} calls {_DEEPEST} deep are followed"
            self.left_out += [(site.path, site.line, str(b["kind"]), why) for _, one in inside for b in one.resources]
            return
        scope = Scope(
            variables,
            {name: default[0] for _, one in inside for name, default in one.variables.items() if default},
            {name: value for _, one in inside for name, value in one.local_values.items()},
        )
        for path, one in inside:
            for block in one.resources:
                place = (site.path, site.line) if site.address else (path, int(block["line"]))
                if self._found >= _MOST_FOUND:
                    self.left_out.append((*place, str(block["kind"]), f"only the first {_MOST_FOUND:,} are looked at"))
                elif _count(block, scope) != 0:
                    self._found += 1
                    address = f"{site.address}{block['kind']}.{block['name']}"
                    yield Applied(*place, block, scope, site.environment, address)
            for call in one.modules:
                inner = _joined(folder, call)
                if inner in self._by_folder and _count(call, scope) != 0:
                    arguments = {name: scope.value(value[1]) for name, value in call["attributes"].items()}
                    yield from self._instance(inner, arguments, site.within(path, call), (*trail, folder))


@dataclass(frozen=True, slots=True)
class _Site:
    """Where a folder is applied: the environment, and the outermost call that leads there."""

    environment: str
    path: str = ""
    line: int = 0
    address: str = ""

    def within(self, path: str, call: Mapping[str, Any]) -> _Site:
        address = f"{self.address}module.{call['name']}."
        if self.address:
            return replace(self, address=address)
        return _Site(self.environment, path, int(call["line"]), address)


def _joined(folder: str, call: Mapping[str, Any]) -> str:
    path = posixpath.normpath(posixpath.join(folder, str(call["kind"])))
    return "" if path == "." else path


def _count(block: Mapping[str, Any], scope: Scope) -> int | None:
    """How often a block is made; None where only its `for_each` or an unknown value says."""
    for name in ("count", "for_each"):
        given = block["attributes"].get(name)
        value = scope.value(given[1]) if given else None
        if isinstance(value, list | dict) and name == "for_each":
            return len(value)
        if isinstance(value, int) and not isinstance(value, bool) and name == "count":
            return value
        if isinstance(value, Hidden):
            return None
    return 1


def times(applied: Applied) -> int | None:
    """How many of a resource are made; None where that can't be told."""
    return _count(applied.block, applied.scope)
