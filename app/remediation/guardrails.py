"""Fixes of what guards a cluster: its tenants' namespaces, and how long its backups are kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from app.lib import yaml_writing
from app.lib.splices import after_line
from app.lib.yaml_edits import Uneditable
from app.remediation.model import Answer, Case, Edit, Item, Note, Question, Refusal, each

_CPU, _MEMORY = re.compile(r"\d+m?"), re.compile(r"\d+(Ki|Mi|Gi|Ti)")
_HOURS = 24


def namespaces(case: Case) -> Iterator[Answer]:
    """Guardrails behind the namespace that lacks them; how much a tenant may take is asked for."""

    def mend(item: Item) -> Iterator[Answer]:
        name = str(item["name"])
        text = case.yaml(str(item["path"]))
        root = text.document_at(int(item["line"]))
        kind = root.get("kind")
        if kind is None or kind.value != "Namespace" or root.flow:
            raise Uneditable("no namespace of its own stands there", root.line)
        edits = []
        if item.get("pod_security") not in case.params.get("pod_security", ()):
            label = "pod-security.kubernetes.io/enforce"
            edits += text.put(root, ["metadata", "labels", label], "baseline")
        documents: list[dict[str, Any]] = []
        if not item.get("default_deny"):
            spec = {"podSelector": {}, "policyTypes": ["Ingress"]}
            documents.append(_object("networking.k8s.io/v1", "NetworkPolicy", "default-deny", name, spec))
        cpu, memory = case.answer(f"cpu.{name}", "cpu"), case.answer(f"memory.{name}", "memory")
        known = _CPU.fullmatch(cpu) and _MEMORY.fullmatch(memory)
        if not item.get("quota") and known:
            hard = {"requests.cpu": cpu, "requests.memory": memory, "limits.memory": memory}
            documents.append(_object("v1", "ResourceQuota", "quota", name, {"hard": hard}))
        elif not item.get("quota"):
            yield Question(f"cpu.{name}", f"How much CPU may all of {name} take (such as 20)?")
            yield Question(f"memory.{name}", f"How much memory may all of {name} take (such as 64Gi)?")
        small, most = case.answer("default_cpu"), case.answer("default_memory")
        if not item.get("limit_range") and _CPU.fullmatch(small) and _MEMORY.fullmatch(most):
            request = {"cpu": small, "memory": most}
            limit = {"type": "Container", "defaultRequest": request, "default": {"memory": most}}
            documents.append(_object("v1", "LimitRange", "defaults", name, {"limits": [limit]}))
        elif not item.get("limit_range"):
            yield Question("default_cpu", "How much CPU does a container get that asks for none (such as 50m)?")
            yield Question("default_memory", "How much memory does a container get that asks for none (such as 256Mi)?")
        if documents:
            lines = "".join("---\n" + yaml_writing.document(one, text.style(root)) for one in documents)
            edits.append(after_line(text.text, len(text.text), lines))
        if edits:
            yield Edit(str(item["path"]), tuple(edits), f"one mistake in {name} stays in {name}")
            yield from _warned(name, item, case)

    yield from each(case, case.items, mend)


def _warned(name: str, item: Item, case: Case) -> Iterator[Note]:
    if not item.get("default_deny"):
        yield Note(
            f"With a default deny nothing reaches {name} but what another NetworkPolicy lets in: write those first."
        )
    if item.get("pod_security") not in case.params.get("pod_security", ()):
        yield Note(f"`baseline` refuses pods of {name} that are privileged or use the host: see that there are none.")


def _object(api: str, kind: str, name: str, namespace: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": namespace}, "spec": spec}


def backup_kept(case: Case) -> Iterator[Answer]:
    """A schedule that is there keeps its backups long enough; a first one needs a place that people choose."""
    days = int(case.params.get("min_days", 30))
    short = [one for one in case.own("cluster.backups") if one.get("everything") and not one.get("problem")]
    if not short:
        yield Refusal(
            "", 0, "no schedule of the whole cluster stands here, and where backups go is for people to choose"
        )
        return

    def mend(item: Item) -> Iterator[Answer]:
        if item.get("format") != "velero":
            raise Uneditable("its retention is set in Terraform", int(item["line"]))
        text = case.yaml(str(item["path"]))
        root = text.document_at(int(item["line"]))
        edits = text.put(root, ["spec", "template", "ttl"], f"{days * _HOURS}h0m0s")
        yield Edit(str(item["path"]), tuple(edits), f"backups of {item['name']} are kept for {days} days")

    yield from each(case, short[:1], mend)
