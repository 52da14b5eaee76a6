"""Kubernetes wrappings taken off: List, Template, ConfigMap, Secret, JSON patches, the rule keys of well-known charts.

What comes out keeps the line of the file it stands in. A Secret is opened only for an Alertmanager configuration,
whose reader keeps names and kinds and nothing else.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from app.lib import documents
from app.lib.documents import Document

_DEPTH = 4
_MOST_ITEMS = 5_000
_EMBEDDED = re.compile(
    r"""^[ \t]*["'{]*(?:groups|receivers|slos|rule_files|apiVersion|openapi|listen_path|_format_version)["']?[ \t]*:"""
    r"""|"(?:x-tyk-api-gateway|listen_path)"[ \t]*:""",
    re.MULTILINE,
)
_RECEIVERS = re.compile(r"""^[ \t]*["'{]*receivers["']?[ \t]*:""", re.MULTILINE)
_ONE_GROUP = re.compile(r"/spec/groups/(?:-|\d+)")
_RULE_MAPS = ("additionalPrometheusRulesMap", "customRules", "serverFiles")


def unwrap(found: list[Document]) -> Iterator[Document]:
    """Every document, and in place of a wrapping what it holds. A ConfigMap comes too, after what it holds."""
    for document in found:
        yield from _unwrap(document, _DEPTH)


def _unwrap(document: Document, depth: int) -> Iterator[Document]:
    value = document.value
    if isinstance(value, list) and document.error is None:
        yield from _patched_groups(document)
    if not isinstance(value, dict) or document.error is not None or depth == 0:
        yield document
        return
    kind = value.get("kind")
    items = value.get("objects" if kind == "Template" else "items")
    if isinstance(kind, str) and (kind == "Template" or kind.endswith("List")) and isinstance(items, list):
        for index, item in enumerate(items[:_MOST_ITEMS]):
            line = documents.line_of(items, index)
            yield from _unwrap(replace(document, value=item, line=line, within=value), depth - 1)
        return
    if kind == "ConfigMap":
        yield from _embedded(document, value.get("data"), depth)
    elif kind == "Secret":
        yield from _secret(document, depth)
    elif "apiVersion" not in value:
        yield from _chart_values(document)
    yield document


_RELEASES = ("HelmRelease", "HelmChart", "HelmChartConfig", "Application", "ApplicationSet")


def release_values(document: Document) -> Iterator[Document]:
    """The chart's values that a release of Flux, Rancher or Argo CD holds, as a mapping or as text."""
    value = document.value
    if not isinstance(value, dict) or value.get("kind") not in _RELEASES or not isinstance(value.get("spec"), dict):
        return
    spec = value["spec"]
    template = spec.get("template")
    inner = template.get("spec") if isinstance(template, dict) else None
    holders = [spec, *(one for one in (inner,) if isinstance(one, dict))]
    sources = [one for holder in holders for one in (holder.get("source"), *_list(holder.get("sources")))]
    helms = [one.get("helm") for one in sources if isinstance(one, dict)]
    for holder in (spec, *(one for one in helms if isinstance(one, dict))):
        for key in ("values", "valuesObject", "valuesContent"):
            held = holder.get(key)
            if isinstance(held, dict):
                yield replace(document, value=held, line=documents.line_of(holder, key), within=None)
            elif isinstance(held, str):
                first = getattr(holder, "blocks", {}).get(key)
                line = first or documents.line_of(holder, key)
                yield from documents.load_all(held, first_line=line, one_line=first is None, last_wins=True)


def _list(value: Any) -> list[Any]:
    return value[:_MOST_ITEMS] if isinstance(value, list) else []


def _embedded(document: Document, data: Any, depth: int) -> Iterator[Document]:
    """Documents that a ConfigMap holds as text."""
    for key, text in data.items() if isinstance(data, dict) else ():
        if isinstance(text, str) and _EMBEDDED.search(text):
            yield from _parse(document, data, key, text, depth)


def _parse(document: Document, data: Any, key: str, text: str, depth: int) -> Iterator[Document]:
    first = getattr(data, "blocks", {}).get(key)
    line = first or documents.line_of(data, key)
    for inner in documents.load_all(text, first_line=line, one_line=first is None, last_wins=True):
        yield from _unwrap(replace(inner, within=document.value, holes=document.holes), depth - 1)


def _secret(document: Document, depth: int) -> Iterator[Document]:
    """Alertmanager configurations that a Secret holds, as text or in base64."""
    plain, encoded = document.value.get("stringData"), document.value.get("data")
    for key, text in plain.items() if isinstance(plain, dict) else ():
        if isinstance(text, str) and _RECEIVERS.search(text):
            yield from _parse(document, plain, key, text, depth)
    for key, text in encoded.items() if isinstance(encoded, dict) else ():
        if isinstance(text, str) and key.endswith((".yaml", ".yml")):
            decoded = _decoded(text)
            if _RECEIVERS.search(decoded):
                line = documents.line_of(encoded, key)
                for inner in documents.load_all(decoded, first_line=line, one_line=True, last_wins=True):
                    yield replace(inner, within=document.value)


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=False).decode()
    except (binascii.Error, ValueError):
        return ""


def _patched_groups(document: Document) -> Iterator[Document]:
    """Rule groups that a JSON patch of kustomize puts into a PrometheusRule (RFC 6902 `add` and `replace`)."""
    for index, step in enumerate(document.value[:_MOST_ITEMS]):
        if not isinstance(step, dict) or step.get("op") not in ("add", "replace"):
            continue
        path, value = step.get("path"), step.get("value")
        if path == "/spec/groups" and isinstance(value, list):
            groups = value
        elif isinstance(path, str) and _ONE_GROUP.fullmatch(path) and isinstance(value, dict):
            groups = documents.Sequence(getattr(value, "mark", (document.line, 1)))
            groups.append(value)
        else:
            continue
        yield replace(document, value={"groups": groups}, line=documents.line_of(document.value, index), within=None)


def _chart_values(document: Document) -> Iterator[Document]:
    """Rules and an Alertmanager configuration in values of kube-prometheus-stack and the prometheus chart."""
    value = document.value
    subcharts = [inner for inner in value.values() if isinstance(inner, dict)]
    for values in (value, *subcharts[:50]):
        for name in _RULE_MAPS:
            held = values.get(name)
            for key, rules in held.items() if isinstance(held, dict) else ():
                if isinstance(rules, dict) and isinstance(rules.get("groups"), list):
                    yield replace(document, value=rules, line=documents.line_of(held, key), within=None)
        config = values.get("config")
        if isinstance(config, dict) and "route" in config and "receivers" in config:
            yield replace(document, value=config, line=documents.line_of(values, "config"), within=None)
