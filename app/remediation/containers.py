"""Fixes of what a container says: probes, resources, its image and its rights."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from app.formats.workloads import tagging
from app.lib.splices import Splice, line_end
from app.lib.yaml_edits import Uneditable
from app.lib.yaml_nodes import Node
from app.remediation.manifests import container_of, edit
from app.remediation.model import Answer, Case, Item, Question, each

_LAX = 6


def probes(case: Case) -> Iterator[Answer]:
    """Probes from what is known of one another; a path that nobody named is asked for."""

    def mend(item: Item) -> Iterator[Answer]:
        text, box = container_of(case, item)
        name = str(item["name"])
        if problem := item.get("probe_problem"):
            raise Uneditable(str(problem), box.line)
        ready, live = box.get("readinessProbe"), box.get("livenessProbe")
        edits: list[Splice] = []
        if ready is None:
            made = _probe(case, box, f"readiness.{name.rpartition('/')[2]}", "readiness")
            if made is None:
                yield Question(*_asked(name, "readiness", "whether it can answer now"))
            else:
                edits += text.put(box, ["readinessProbe"], made)
        if live is None and case.params.get("liveness_required", True):
            made = _probe(case, box, f"liveness.{name.rpartition('/')[2]}", "liveness")
            if made is None:  # never the readiness probe again: what it waits for may be down without a copy being dead
                yield Question(*_asked(name, "liveness", "only whether the process works"))
            else:
                edits += text.put(box, ["livenessProbe"], made)
        elif live is not None and ready is not None and item.get("probes_differ") is False:
            edits += text.put(live, ["failureThreshold"], _patience(ready))
        if edits:
            yield edit(item, edits, f"{name}: a slow copy leaves the service before a dead one is restarted")

    yield from each(case, case.items, mend)


def _asked(name: str, kind: str, what: str) -> tuple[str, str]:
    key = f"{kind}.{name.rpartition('/')[2]}"
    return key, f"Which path of {name} tells {what} (such as /{kind[:5]}z or :8080/{kind[:5]}z)?"


def _probe(case: Case, box: Node, *keys: str) -> Mapping[str, Any] | None:
    """`/path`, `port/path` or `:port/path` as a probe; None where nothing was said, or no port is known."""
    said = case.answer(*keys).lstrip(":")
    port, slash, path = said.partition("/")
    first = box.at("ports", 0)
    known = first.get("name") or first.get("containerPort") if first is not None else None
    asked: int | str = int(port) if port.isdigit() else port or (_number(known.value) if known is not None else "")
    if not slash or not asked:
        return None
    return {"httpGet": {"path": f"/{path}", "port": asked}}


def _number(text: str) -> int | str:
    return int(text) if text.isdigit() else text


def _patience(ready: Node) -> int:
    """More failures than readiness takes, whatever the periods: Kubernetes' default is three."""
    threshold = ready.get("failureThreshold")
    return max(_LAX, 2 * int(threshold.value) if threshold is not None and threshold.value.isdigit() else 0)


def resources(case: Case) -> Iterator[Answer]:
    """Requests from limits, as Kubernetes itself takes them; amounts that nobody wrote are asked for."""

    def mend(item: Item) -> Iterator[Answer]:
        text, box = container_of(case, item)
        name = str(item["name"]).rpartition("/")[2]
        edits: list[Splice] = []
        wanted = [("cpu", "requests", "cpu_request", "limits"), ("memory", "requests", "memory_request", "limits")]
        wanted.append(("memory", "limits", "memory_limit", "requests"))
        if case.params.get("cpu_limit_required"):
            wanted.append(("cpu", "limits", "cpu_limit", "requests"))
        found: dict[str, dict[str, str]] = {}
        for what, part, field, other in wanted:
            if item.get(field):
                continue
            amount = case.answer(f"{what}.{name}", what) or _amount(box, other, what, part, case)
            if amount:
                found.setdefault(part, {})[what] = amount
            else:
                text_ = f"How much {what} does {item['name']} need (such as {'100m' if what == 'cpu' else '256Mi'})?"
                yield Question(f"{what}.{name}", text_)
        if found:
            edits += text.put(box, ["resources"], found)
        elif (
            case.params.get("memory_equal_required") and item.get("memory_equal") is False and item.get("memory_limit")
        ):
            edits += text.put(box, ["resources", "requests", "memory"], str(item["memory_limit"]))
        if edits:
            yield edit(item, edits, f"{item['name']} says what it needs")

    yield from each(case, case.items, mend)


def _amount(box: Node, other: str, what: str, part: str, case: Case) -> str:
    """What the container's other half says: a limit is the request by Kubernetes' own default; the reverse only where
    policy wants both the same."""
    node = box.at("resources", other, what)
    known = node.value if node is not None else ""
    return known if part == "requests" or case.params.get("memory_equal_required") else ""


def images(case: Case) -> Iterator[Answer]:
    """A version or digest: which one runs, only the team knows."""

    def mend(item: Item) -> Iterator[Answer]:
        if item.get("origin") == "build":
            yield from _base(case, item)
            return
        text, box = container_of(case, item)
        name = str(item["name"]).rpartition("/")[2]
        said, node = case.answer(f"image.{name}"), box.get("image")
        if node is None or not said:
            yield Question(f"image.{name}", f"Which version or digest of {item['image']} does {item['name']} run?")
            return
        yield edit(item, text.replace(node, _image(node.value, said)), f"{item['name']} names what it runs")

    yield from each(case, case.items, mend)


def _base(case: Case, item: Item) -> Iterator[Answer]:
    """The image that a Dockerfile names on a line; one that an ARG makes up is the ARG's to change."""
    path, image = str(item["path"]), str(item["image"])
    name = tagging.bare(image)
    said = case.answer(f"base.{name}")
    if not said:
        yield Question(f"base.{name}", f"Which version or digest of {image} is {path} built on?")
        return
    text = case.files.text(path)
    start = sum(len(line) for line in text.splitlines(keepends=True)[: int(item["line"]) - 1])
    match = re.compile(rf"(?<=[\s=]){re.escape(image)}(?=[\s,]|$)").search(text, start, line_end(text, start))
    if match is None:
        raise Uneditable(f"{image} does not stand there by itself", int(item["line"]))
    yield edit(item, [Splice(match.start(), match.end(), _image(image, said))], f"{path} names what it is built on")


def _image(written: str, said: str) -> str:
    """A tag or a digest in place of the one that is written; a whole image as it is."""
    if "/" in said or (":" in said and not said.startswith("sha256:")):
        return said
    head, slash, last = written.split("@")[0].rpartition("/")
    return f"{head}{slash}{last.split(':')[0]}{'@' if said.startswith('sha256:') else ':'}{said}"


def rights(case: Case) -> Iterator[Answer]:
    """No way to more rights; that an image runs without root is asked, since one that can't would not start."""

    def mend(item: Item) -> Iterator[Answer]:
        text, box = container_of(case, item)
        name = str(item["name"]).rpartition("/")[2]
        if item.get("privileged"):
            raise Uneditable("it is privileged: whether it must be is for people to say", box.line)
        wanted: dict[str, Any] = {}
        if item.get("escalates"):
            wanted["allowPrivilegeEscalation"] = False
        if not item.get("non_root"):
            if case.answer(f"non_root.{name}", "non_root") == "yes":
                wanted["runAsNonRoot"] = True
            else:
                asked = f"Does the image of {item['name']} run as another user than root (else it would not start)?"
                yield Question(f"non_root.{name}", asked, ("yes",))
        if case.params.get("read_only_root_required") and not item.get("read_only_root"):
            if case.answer(f"read_only.{name}", "read_only") == "yes":
                wanted["readOnlyRootFilesystem"] = True
            else:
                asked = f"Does {item['name']} write nowhere but into volumes?"
                yield Question(f"read_only.{name}", asked, ("yes",))
        if wanted:
            yield edit(item, text.put(box, ["securityContext"], wanted), f"{item['name']} can't gain more rights")

    yield from each(case, case.items, mend)
