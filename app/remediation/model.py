"""What a fix is given and what it answers. A fix is a plain function: a case in, edits and questions out; no I/O.

What can't be known is asked for, never made up: a `Question` stands beside the diff, and its answer (`--set key=value`)
lets the same fix go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from app.catalog.model import Entity
from app.facts.model import Facts
from app.facts.parameters import Parameters
from app.facts.world import World
from app.formats.loading import is_generated
from app.lib import forge_urls
from app.lib.splices import Splice
from app.lib.yaml_edits import Uneditable, YamlText
from app.policy.model import Check, Subject

Item = Mapping[str, Any]


class Files(Protocol):
    """The files of the entity's repository as they are after the fixes before this one."""

    @property
    def paths(self) -> frozenset[str]: ...

    def text(self, path: str) -> str:
        """A file's text with plain line feeds. Raises Uneditable where it is no text that can be edited."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Changes in one file. `why` says for the reader of a diff what they do."""

    path: str
    splices: tuple[Splice, ...]
    why: str


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file that was not there."""

    path: str
    text: str
    why: str


@dataclass(frozen=True, slots=True)
class Question:
    """What only a person knows. `key` names it (`--set key=value`); `suggestions` are what the answer may be."""

    key: str
    text: str
    suggestions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something that fails was not mended: a template, an anchor, another repository."""

    path: str
    line: int
    why: str


@dataclass(frozen=True, slots=True)
class Note:
    """What a person must know before the diff is merged, or do beside it."""

    text: str


Answer = Edit | NewFile | Question | Refusal | Note
Fix = Callable[["Case"], Iterator[Answer]]


@dataclass(frozen=True)
class Case:
    """One failing check of one entity. `items` are those that fail, of the entity's own repository alone.

    `url`, `branch` and `commit` are the repository's; `url` begins `file:` where it is known by no address of a forge.
    """

    entity: Entity
    subject: Subject
    check: Check
    params: Mapping[str, Any]
    items: Sequence[Item]
    facts: Facts
    world: World
    parameters: Parameters
    files: Files
    url: str
    branch: str
    now: datetime
    forge: str = ""
    """Which forge shows the repository, where settings say so."""
    answers: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    """`policy.yaml`."""
    _yaml: dict[str, YamlText] = field(default_factory=dict)

    def yaml(self, path: str) -> YamlText:
        """A file as YAML to edit. Raises Uneditable: for no YAML, and for what Helm or another tool makes."""
        known = self._yaml.get(path)
        if known is None:
            if is_helm_template(path, self.files.paths):
                raise Uneditable("it is a Helm template, whose text is not what is applied")
            text = self.files.text(path)
            if is_generated(text.encode()):
                raise Uneditable("it is generated, says its head: what it is made of is to be changed")
            known = self._yaml[path] = YamlText(text)
        return known

    def answer(self, *keys: str) -> str:
        """What was answered to the first of these keys that was; "" where nothing was."""
        return next((self.answers[key] for key in keys if self.answers.get(key)), "")

    def forge_at(self, url: str) -> str:
        """Which forge shows an address: as answered, as settings say, as the host's name says; "" where nobody does."""
        return self.answer("forge") or self.forge or forge_urls.forge_of(url)

    def list(self, fact: str) -> Sequence[Item]:
        """The items of a fact, those that never count left out."""
        found = self.facts.values.get(fact)
        return [one for one in found if not one.get("ignored")] if isinstance(found, list) else []

    def own(self, fact: str) -> Sequence[Item]:
        """Of a fact's items those that stand in the entity's own repository."""
        return [one for one in self.list(fact) if one.get("repository") == self.url]

    def beside(self, name: str) -> str:
        """A path below the entity's own folder."""
        return f"{self.entity.root.strip('/')}/{name}".lstrip("/")


def guessed(case: Case, url: str) -> Iterator[Note]:
    """That links to pages of a host were written in GitHub's way, where nobody says which forge it is."""
    if url.startswith("https://") and not case.forge_at(url):
        host = url.split("/")[2]
        yield Note(
            f"Links to {host} are written as GitHub has them; `--set forge=gitlab` (or gitea, …) says otherwise."
        )


def is_helm_template(path: str, paths: frozenset[str]) -> bool:
    """Whether a file stands in the `templates/` of a chart."""
    parts = path.split("/")
    return any(
        part == "templates" and "/".join([*parts[:index], "Chart.yaml"]) in paths for index, part in enumerate(parts)
    )


def editable(item: Item) -> None:
    """Raises Uneditable for what a tool makes of the spec at the item's place: its own text is not what to change."""
    if output := item.get("output_path"):
        raise Uneditable(
            f"Sloth makes it into {output}: change the alerting of this objective, and generate that again"
        )


def each(case: Case, items: Sequence[Item], mend: Callable[[Item], Iterator[Answer]]) -> Iterator[Answer]:
    """Mends item after item, each place once; one that can't be edited costs only itself.

    A manifest that several overlays take in is one item for each of them, and one text.
    """
    places = {(item.get("path"), item.get("line")): item for item in reversed(items)}
    for item in reversed(places.values()):
        try:
            editable(item)
            yield from list(mend(item))
        except Uneditable as refused:
            yield Refusal(str(item.get("path", "")), int(item.get("line") or 0), refused.why)
