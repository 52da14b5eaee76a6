"""All that one snapshot says: objects with their place, entities, problems, and what could not be read.

`take` is called by a refresh for every repository that moved, and by `check` and `facts` for a working tree. Readings
are cached by blob, so a push costs only what it changed; a broken or hostile file costs only itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from app.catalog.model import Entity
from app.catalog.provisional import Holds
from app.facts import codec
from app.facts.assembly import Assembly, assemble
from app.facts.descriptors import Descriptors, mentions_backstage, read_descriptors
from app.facts.model import Place
from app.facts.parsed_cache import NoCache, ParsedCache
from app.facts.patience import Patience
from app.facts.unseen import UnreadablePlace, left_unread, of_broken
from app.formats import ignoring, kinds, links, reading
from app.formats.apis import openapi
from app.formats.apis.model import ApiDefinition
from app.formats.model import AlertRule, BaseImage, Object, Objective, Parsed, Part, Pipeline, Runbook
from app.formats.workloads.model import Workload
from app.lib.names import shown
from app.lib.paths import folders
from app.lib.problems import Problem
from app.repos.model import LastChange, Skipped, Snapshot, TreeEntry

MAX_FILE_SIZE = 2 * 1024 * 1024
"""Bytes. Rule files and runbooks are a few kilobytes; the largest met in the wild is under one megabyte."""


@dataclass(frozen=True, slots=True)
class Found:
    """An object and where it stands. `ignored` says why it never counts: its place, or its own content."""

    object: Object
    repository: str
    commit: str
    path: str
    ignored: str = ""
    changed: LastChange | None = None
    """Only for runbooks and error-budget policies."""


@dataclass(frozen=True)
class Inventory:
    """`paths` holds every regular file; `problems` those of files and descriptors together."""

    url: str
    commit: str
    branch: str
    found: tuple[Found, ...] = ()
    entities: tuple[Entity, ...] = ()
    problems: tuple[Problem, ...] = ()
    unreadable: tuple[UnreadablePlace, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    paths: frozenset[str] = field(default_factory=frozenset)

    @cached_property
    def folders(self) -> frozenset[str]:
        """Every folder that holds a file, the root as ""."""
        return folders(self.paths)

    def holds(self, place: Place) -> bool:
        """Whether the file of a place is there and can be read; true of other repositories, and of what is no file."""
        if place.repository != self.url or not place.path:
            return True
        return place.path in self.paths and all(one.path != place.path for one in self.unreadable)

    def of(self, kind: str) -> list[Found]:
        return [found for found in self.found if found.object.kind == kind]


@dataclass(frozen=True, slots=True)
class _Reading:
    parsed: Parsed
    descriptor: bool


def folder(path: str) -> str:
    """A folder's name with the root as ""."""
    return "" if path == "." else path.strip("/")


def cache_key(entry: TreeEntry) -> str:
    """Same bytes, same kind of place, same readers: same reading."""
    return f"{entry.blob}:{reading.name_class(entry.path)}:{reading.VERSION}"


def take(
    snapshot: Snapshot,
    cache: ParsedCache | None = None,
    *,
    max_file_size: int = MAX_FILE_SIZE,
    patience: Patience | None = None,
) -> Inventory:
    """Everything the snapshot says. Raises RepositoryError only when the snapshot itself can't be read.

    `max_file_size` in bytes: a larger file is skipped, with the reason. `patience` bounds what is slow to read.
    """
    entries = [entry for entry in snapshot.entries() if entry.is_named]
    wanted = [entry for entry in entries if reading.wants(entry.path)]
    readable = [entry for entry in wanted if entry.size <= max_file_size]
    too_large = tuple(
        Skipped(entry.path, f"is larger than {max_file_size} bytes") for entry in wanted if entry.size > max_file_size
    )
    readings, contents = _read(snapshot, readable, cache or NoCache(), max_file_size, patience or Patience())
    assembly = assemble(_parts(readings))
    found = (*_found(snapshot, readings), *_assembled(snapshot, assembly))
    descriptors = _descriptors(snapshot, readable, readings, contents, _holds(found))
    found = (*found, *_contracts(snapshot, descriptors, found))
    skipped = (*_skipped(snapshot), *too_large)
    return Inventory(
        url=snapshot.url,
        commit=snapshot.commit,
        branch=shown(snapshot.branch),
        found=_with_changes(snapshot, found),
        entities=descriptors.entities,
        problems=tuple(sorted((*_problems(readings, descriptors), *descriptors.problems))),
        unreadable=(
            *_unreadable(snapshot, readings, assembly),
            *_unread_descriptors(snapshot, descriptors),
            *left_unread(snapshot, skipped),
        ),
        skipped=skipped,
        paths=frozenset(entry.path for entry in entries),
    )


def _skipped(snapshot: Snapshot) -> Iterable[Skipped]:
    """What the snapshot leaves out, and files whose names are not UTF-8."""
    for one in snapshot.skipped():
        yield replace(one, path=shown(one.path))
    for entry in snapshot.entries():
        if not entry.is_named:
            yield Skipped(shown(entry.path), "has a name that is not UTF-8")


def _read(
    snapshot: Snapshot, entries: Sequence[TreeEntry], cache: ParsedCache, max_file_size: int, patience: Patience
) -> tuple[dict[str, _Reading], Mapping[str, bytes]]:
    """Readings by path, and the bytes fetched on the way: all in one batch."""
    keys = {entry.path: cache_key(entry) for entry in entries}
    known = {key: one for key, body in cache.get_many(sorted(set(keys.values()))).items() if (one := _restored(body))}
    wanted = [entry for entry in entries if (one := known.get(keys[entry.path])) is None or one.descriptor]
    # Sizes are not always known beforehand, so what came is measured again.
    contents = {path: data for path, data in snapshot.read(wanted).items() if len(data) <= max_file_size}
    fresh: dict[str, _Reading] = {}
    left_out: dict[str, _Reading] = {}
    for path, data in contents.items():
        if keys[path] not in known and keys[path] not in fresh:
            if (parsed := patience.read(path, data)) is not None:
                fresh[keys[path]] = _Reading(parsed, mentions_backstage(data))
            else:
                left_out[keys[path]] = _Reading(patience.left_out(data), descriptor=False)
    cache.put_many({key: _stored(one) for key, one in fresh.items()})
    every = left_out | known | fresh
    return {path: every[key] for path, key in keys.items() if key in every}, contents


def _stored(one: _Reading) -> dict[str, Any]:
    return {**codec.encode_parsed(one.parsed), "descriptor": one.descriptor}


def _restored(body: Mapping[str, Any]) -> _Reading | None:
    """A remembered reading, or None where it is of an older shape: the blob is then read again."""
    try:
        return _Reading(codec.decode_parsed(body), bool(body["descriptor"]))
    except (ValueError, KeyError):
        return None


def _found(snapshot: Snapshot, readings: Mapping[str, _Reading]) -> Iterable[Found]:
    for path, one in readings.items():
        for thing in one.parsed.objects:
            if not isinstance(thing, Part):
                yield Found(thing, snapshot.url, snapshot.commit, path, _left_out(path, thing) or thing.ignored)


def _left_out(path: str, thing: Object) -> str:
    """Why an object at a path never counts. A pipeline is known by its very place, whatever it is called."""
    if isinstance(thing, BaseImage):
        return ignoring.of_build(path)
    return "" if isinstance(thing, Pipeline) else ignoring.reason(path)


def _contracts(snapshot: Snapshot, descriptors: Descriptors, found: Iterable[Found]) -> Iterable[Found]:
    """API definitions that stand in descriptors themselves: read here once, for judging to find."""
    known = {one.object.digest for one in found if isinstance(one.object, ApiDefinition)}
    for entity in descriptors.entities:
        text = entity.spec_text("definition") if entity.ref.kind == "api" and not entity.ignored else ""
        if text and openapi.digest_of(text) not in known:
            marks = getattr(entity.spec, "marks", {})
            first = marks.get("definition", (entity.line, 1))[0] + 1
            if (definition := openapi.read_text(text, first)) is not None:
                yield Found(definition, snapshot.url, snapshot.commit, entity.path, ignoring.reason(entity.path))


def _parts(readings: Mapping[str, _Reading]) -> list[tuple[str, Part]]:
    """Pieces that only the whole snapshot makes sense of."""
    return [(path, one) for path, read in readings.items() for one in read.parsed.objects if isinstance(one, Part)]


def _assembled(snapshot: Snapshot, assembly: Assembly) -> Iterable[Found]:
    for path, thing in assembly.objects:
        yield Found(thing, snapshot.url, snapshot.commit, path, ignoring.reason(path) or thing.ignored)


def _with_changes(snapshot: Snapshot, found: tuple[Found, ...]) -> tuple[Found, ...]:
    """When runbooks and error-budget policies last changed; history is asked for nothing else, since it is slow."""
    linked = _linked(found)
    dated = {one.path for one in found if not one.ignored and (_dated(one) or one.path in linked)}
    dated &= {one.path for one in found if isinstance(one.object, Runbook)}
    if not dated:
        return found
    changes = snapshot.last_changes(sorted(dated))
    return tuple(
        Found(one.object, one.repository, one.commit, one.path, one.ignored, changes[one.path])
        if one.path in changes and isinstance(one.object, Runbook)
        else one
        for one in found
    )


def _linked(found: Iterable[Found]) -> set[str]:
    """Paths here that alerts and objectives link: whatever they look like, they serve as runbooks."""
    targets = (
        links.resolve(one.object.runbook.value, repository=one.repository, path=one.path)
        for one in found
        if isinstance(one.object, AlertRule | Objective) and one.object.runbook.value
    )
    here = {one.repository for one in found}
    return {path for target in targets if target.repository in here for path in (target.path, *target.alternatives)}


def _holds(found: Iterable[Found]) -> Holds:
    """Alerts, objectives, runbooks and workloads that count: what only somebody who runs a thing writes."""
    counted = [one for one in found if not one.ignored]
    return Holds(
        alerts=any(isinstance(one.object, AlertRule | Objective) for one in counted),
        runbooks=len({one.path for one in counted if _dated(one)}),
        workloads=any(isinstance(one.object, Workload) for one in counted),
    )


def _dated(one: Found) -> bool:
    return isinstance(one.object, Runbook) and kinds.runbook_kind(one.path, one.object) != "document"


def _problems(readings: Mapping[str, _Reading], descriptors: Descriptors) -> Iterable[Problem]:
    """What readers found, but for what the catalog's reader tells of the same place already."""
    told = {(problem.path, problem.line, problem.code) for problem in descriptors.unreadable}
    for path, one in readings.items():
        for finding in one.parsed.findings:
            if (path, finding.line, finding.code) not in told:
                yield Problem(path, finding.line, finding.code, finding.message)


_INFRASTRUCTURE = frozenset(("workloads", "database", "cluster"))


def _unreadable(snapshot: Snapshot, readings: Mapping[str, _Reading], assembly: Assembly) -> Iterable[UnreadablePlace]:
    read = ((path, place) for path, one in readings.items() for place in one.parsed.unreadable)
    for path, place in (*read, *assembly.unreadable):
        why = ignoring.of_infrastructure(path) if place.group in _INFRASTRUCTURE else ignoring.reason(path)
        yield UnreadablePlace(place.group, snapshot.url, snapshot.commit, path, place.line, place.reason, why)
    for path, one in readings.items():
        if not (one.parsed.objects or one.parsed.unreadable):
            yield from of_broken(snapshot, path, one.parsed.findings)


def _unread_descriptors(snapshot: Snapshot, descriptors: Descriptors) -> Iterable[UnreadablePlace]:
    for place in descriptors.unreadable:
        yield UnreadablePlace("catalog", snapshot.url, snapshot.commit, place.path, place.line, place.message)


def _descriptors(
    snapshot: Snapshot,
    entries: Sequence[TreeEntry],
    readings: Mapping[str, _Reading],
    contents: Mapping[str, bytes],
    holds: Holds,
) -> Descriptors:
    """Entities need every descriptor at once (Locations, duplicates): their bytes are read again each time."""
    paths = [entry.path for entry in entries if entry.path in readings and readings[entry.path].descriptor]
    files = {path: contents[path] for path in paths if path in contents}
    return read_descriptors(files, snapshot=snapshot, holds=holds)
