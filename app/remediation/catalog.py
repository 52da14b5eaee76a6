"""Fixes of descriptors: what the catalog must say of an entity. Most of it only its team knows, and is asked for."""

from __future__ import annotations

import difflib
import posixpath
from collections.abc import Iterator, Sequence
from typing import Any

from app.catalog.model import Entity, EntityRef
from app.formats import code_owners
from app.formats.model import CodeOwners
from app.lib import forge_urls, yaml_writing
from app.lib.yaml_edits import Uneditable, YamlText
from app.lib.yaml_nodes import Node
from app.remediation.codeowners import TEAM_SLUGS
from app.remediation.model import Answer, Case, Edit, NewFile, Note, Question, Refusal, guessed

TYPES = ("service", "website", "worker", "job", "library")
LIFECYCLES = ("experimental", "production", "deprecated")


def register(case: Case) -> Iterator[Answer]:
    """A descriptor for what has none: its name is known, who owns it is asked."""
    if not case.entity.provisional:
        for problem in case.entity.problems[:10]:
            yield Refusal(problem.path, problem.line, problem.message)
        return
    owner, type_, lifecycle = (case.answer(key) for key in ("owner", "type", "lifecycle"))
    if not owner:
        yield Question("owner", "Which group of the catalog owns it (group:default/…)?", _groups(case))
    if not type_:
        likely = case.entity.spec_text("type")  # as the files look
        yield Question("type", "What is it?", tuple(dict.fromkeys([likely, *TYPES])))
    if not lifecycle:
        yield Question("lifecycle", "How far along is it?", LIFECYCLES)
    if owner and type_ and lifecycle:
        document = {
            "apiVersion": "backstage.io/v1alpha1",
            "kind": "Component",
            "metadata": {"name": case.entity.name},
            "spec": {"type": type_, "lifecycle": lifecycle, "owner": owner},
        }
        yield NewFile(case.beside("catalog-info.yaml"), yaml_writing.document(document), "the entity itself")


def owner(case: Case) -> Iterator[Answer]:
    yield from _asked(case, "owner", ["spec", "owner"], "Which group of the catalog owns it?", _groups(case))


def contact(case: Case) -> Iterator[Answer]:
    """An address of the owning group, where its entity stands in this repository. Who belongs to it is its own word."""
    ref = case.world.catalog.owner(case.entity.ref)
    group = case.world.catalog.get(ref) if ref is not None else None
    if group is None or group.repository != case.url or not group.path:
        return
    if not case.facts.values.get("catalog.owner_contacts"):
        said = case.answer("contact")
        if "@" in said.strip("@"):
            text = case.yaml(group.path)
            edits = text.put(text.document_at(group.line), ["spec", "profile", "email"], said)
            yield Edit(group.path, tuple(edits), f"how {group.name} is reached, as answered")
        else:
            yield Question("contact", f"At which e-mail address is {group.name} reached?")
    members, enough = case.facts.values.get("catalog.owner_members"), case.params.get("min_members")
    if isinstance(members, int) and isinstance(enough, int) and members < enough:
        why = f"{group.name} has {members} of {enough} people: list them in its spec.members"
        yield Refusal(group.path, group.line, why)


def system(case: Case) -> Iterator[Answer]:
    """The system, proposed from those that the same team owns."""
    catalog, mine = case.world.catalog, case.subject.owner
    known = catalog.of_kind("system")
    near = [ref.name for ref in known if str(catalog.owner(ref) or "") == mine]
    suggestions = tuple(near or [ref.name for ref in known])[:8]
    yield from _asked(case, "system", ["spec", "system"], "Which system is it part of?", suggestions)


def description(case: Case) -> Iterator[Answer]:
    question = f"What does {case.entity.name} do, and for whom, in one sentence?"
    yield from _asked(case, "description", ["metadata", "description"], question)


def tier(case: Case) -> Iterator[Answer]:
    """Tier and lifecycle: spelled right where they are there, asked for where they are not."""
    text, root = _descriptor(case)
    tiers = [str(one) for one in case.params.get("tiers", ())]
    declared = str(case.facts.values.get("catalog.tier") or "")
    if declared not in tiers:
        said = case.answer("tier")
        if said in tiers:
            keys = case.settings.get("tier_keys") or ["tier"]
            yield _edit(case, text.put(root, ["metadata", "labels", str(keys[0])], said), f"tier {said}, as answered")
        else:
            yield Question("tier", "How much does it matter when it is down?", tuple(tiers))
    allowed = [str(one) for one in case.params.get("lifecycles", ())]
    lifecycle = case.entity.spec_text("lifecycle")
    if case.entity.ref.kind == "resource" or lifecycle in allowed:
        return
    meant = lifecycle.lower() if lifecycle.lower() in allowed else case.answer("lifecycle")
    if meant in allowed:
        yield _edit(case, text.put(root, ["spec", "lifecycle"], meant), f"lifecycle {meant}")
    else:
        yield Question("lifecycle", "How far along is it?", tuple(allowed))


def source_location(case: Case) -> Iterator[Answer]:
    """The address of the entity's own folder, as the forge shows it."""
    url = case.answer("repository_url") or case.url
    if not url.startswith("https://"):
        yield Question("repository_url", "At which https:// address does the forge show this repository?")
        return
    folder = case.entity.root.strip("/")
    if folder and not any(path.startswith(f"{folder}/") for path in case.files.paths):
        folder = posixpath.dirname(case.entity.path)
    yield from guessed(case, url)
    page = forge_urls.branch_url(url, case.branch or "main", folder, folder=True, forge=case.forge_at(url))
    said = f"url:{page}/"
    text, root = _descriptor(case)
    edits = text.put(root, ["metadata", "annotations", "backstage.io/source-location"], said)
    yield _edit(case, edits, "the catalog leads to the component's own folder")


def dependencies(case: Case) -> Iterator[Answer]:
    """A dangling reference is corrected where the catalog has exactly one entity that it can mean."""
    catalog = case.world.catalog
    for item in case.items:
        target = EntityRef.parse(str(item["target"]), kind="component")
        same = [ref for ref in catalog.entities if ref.name == target.name and ref != target]
        names = {ref.name for ref in catalog.entities}
        near = difflib.get_close_matches(target.name, sorted(names), 3)
        key = f"replace.{target.name}"
        meant = case.answer(key) or (str(same[0]) if len(same) == 1 and _alike(same[0], target) else "")
        if not meant:
            suggestions = tuple(map(str, same)) or tuple(near)
            yield Question(key, f"The catalog has no {item['target']}: which entity is meant?", suggestions)
            continue
        try:
            yield _edit(case, _replaced(case, target, meant), f"{item['target']} is {meant} in the catalog")
        except Uneditable as error:
            yield Refusal(case.entity.path, error.line, error.why)


def _alike(one: EntityRef, other: EntityRef) -> bool:
    """Kinds that stand for each other where a reference forgot its kind or namespace."""
    return one.kind == other.kind or {one.kind, other.kind} <= {"component", "resource", "api"}


def _replaced(case: Case, target: EntityRef, meant: str) -> list[Any]:
    text, root = _descriptor(case)
    spec = root.get("spec")
    for key, kind in (
        ("dependsOn", "component"),
        ("consumesApis", "api"),
        ("providesApis", "api"),
        ("system", "system"),
    ):
        node = spec.get(key) if spec is not None else None
        for one in [node, *(node.items if node is not None else ())] if node is not None else ():
            if one.kind == "scalar" and _means(one.value, kind, case, target):
                return text.replace(one, meant)
    raise Uneditable("the reference is not written there", root.line)


def _means(written: str, kind: str, case: Case, target: EntityRef) -> bool:
    try:
        return EntityRef.parse(written, kind=kind, namespace=case.entity.namespace.lower()) == target
    except ValueError:
        return False


def on_call(case: Case) -> Iterator[Answer]:
    """The annotation of the paging tool: which id, only the team knows."""
    tools = list(case.parameters.paging_tools)
    key, _, value = case.answer("oncall").partition("=")
    if key not in tools or not value:
        key = next((one for one in tools if case.answers.get(one)), "")
        value = case.answers.get(key, "")
    if not key:
        text = f"Which service of the paging tool wakes someone for {case.entity.name}? Say annotation=id"
        text += f", such as {tools[0] if tools else 'pagerduty.com/service-id'}=PABC123"
        if "oncall.bindings" not in case.facts.values:
            text += "; nothing to do where its system or owner, unseen here, says so already"
        yield Question("oncall", text)
        return
    descriptor, root = _descriptor(case)
    edits = descriptor.put(root, ["metadata", "annotations", key], value)
    yield _edit(case, edits, "says how someone is paged for it")


def paging_secret(case: Case) -> Iterator[Answer]:
    """Takes the credential out of the catalog, and puts the id in its place that is no secret."""
    tools = case.parameters.paging_tools
    for item in case.items:
        if str(item.get("entity")) != str(case.entity.ref):
            yield Refusal(str(item["path"]), int(item["line"]), f"{item['entity']} carries it")
            continue
        plain = next((one for one, tool in tools.items() if tool == item["provider"]), "")
        others = [one for one in case.list("oncall.bindings") if not one.get("secret") and not one.get("placeholder")]
        said = case.answers.get(plain, "")
        if not said and not others:
            yield Question(plain, f"Which id does the service have in {item['provider']}? It takes the key's place.")
            continue
        text, root = _descriptor(case)
        around = root.at("metadata", "annotations")
        if around is None:
            continue
        edits = text.remove(around, str(item["key"])) if len(around.pairs) > 1 and not said else []
        name, value = around.key(str(item["key"])), around.get(str(item["key"]))
        if said and name is not None and value is not None:
            edits = [*text.replace(name, plain), *text.replace(value, said)]
        yield _edit(case, edits, f"{item['key']} is a credential: it does not belong in git")
        yield Note(f"Rotate the key of {item['key']}: it stays in the repository's history.")


def _asked(
    case: Case, key: str, path: Sequence[str], question: str, suggestions: Sequence[str] = ()
) -> Iterator[Answer]:
    said = case.answer(key)
    if not said:
        yield Question(key, question, tuple(suggestions))
        return
    text, root = _descriptor(case)
    yield _edit(case, text.put(root, list(path), said), f"{path[-1]}, as answered")


def _groups(case: Case) -> tuple[str, ...]:
    """Groups that may own it: first those that CODEOWNERS names for its descriptor, then the catalog's."""
    catalog = case.world.catalog
    refs, reviewers = catalog.of_kind("group"), _reviewers(case)
    groups = catalog.known(refs) if reviewers else []
    named: list[str] = []
    for handle in reviewers:
        team = handle.rpartition("/")[2].lower()
        slugs = (handle.removeprefix("@").lower(), team)
        same = [str(one.ref) for one in groups if one.ref.name == team or _slug(one) in slugs]
        named += same or [f"group:default/{team}"]
    return tuple(dict.fromkeys([*named, *map(str, refs)]))[:8]


def _slug(group: Entity) -> str:
    return next((group.annotations[key].strip("@ ").lower() for key in TEAM_SLUGS if group.annotations.get(key)), "")


def _reviewers(case: Case) -> list[str]:
    """The teams (@organisation/team) that a forge asks to review the entity's descriptor."""
    path = next((one for one in code_owners.PLACES if one in case.files.paths), "")
    if not path:
        return []
    found = code_owners.read(case.files.text(path)).objects[0]
    if not isinstance(found, CodeOwners):
        return []
    owners = code_owners.owners_of(found, case.entity.path or case.beside("catalog-info.yaml"))
    return [one for one in owners if one.startswith("@") and "/" in one]


def _descriptor(case: Case) -> tuple[YamlText, Node]:
    if case.entity.repository != case.url or not case.entity.path:
        raise Uneditable("its descriptor stands in another repository, and is mended there")
    text = case.yaml(case.entity.path)
    return text, text.document_at(case.entity.line)


def _edit(case: Case, splices: Sequence[Any], why: str) -> Edit:
    return Edit(case.entity.path, tuple(splices), why)
