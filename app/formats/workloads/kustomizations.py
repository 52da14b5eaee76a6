"""Reader of kustomization.yaml. Source: kustomize's types.Kustomization; `commonLabels` and `bases` are still met."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from app.formats.prometheus_place import texts
from app.formats.slo_common import mapping, sequence, text
from app.formats.workloads.manifests import operation
from app.formats.workloads.model import Kustomization
from app.formats.workloads.shapes import pruned
from app.lib import documents
from app.lib.documents import Document

_HIDDEN = ("helmCharts", "helmChartInflationGenerator", "generators", "transformers", "replacements", "vars")
_MOST = 500


def read(found: Iterable[Document]) -> list[Kustomization]:
    """The kustomization of a file's documents: there is one, and what else stands in the file is none."""
    return [_kustomization(document) for document in found if isinstance(document.value, dict)][:1]


def _kustomization(document: Document) -> Kustomization:
    value = document.value
    pairs = [one for one in sequence(value, "labels") if isinstance(one, dict)]
    common = texts(value.get("commonLabels"))
    return Kustomization(
        line=document.line,
        component=value.get("kind") == "Component",
        resources=tuple(_listed(value, "resources", "bases", "components")),
        patches=tuple(_patches(value))[:_MOST],
        namespace=text(value, "namespace"),
        prefix=text(value, "namePrefix"),
        suffix=text(value, "nameSuffix"),
        labels={**common, **_pairs(pairs, "")},
        selectors={**common, **_pairs(pairs, "includeSelectors")},
        templates={**common, **_pairs(pairs, "includeSelectors"), **_pairs(pairs, "includeTemplates")},
        annotations=texts(value.get("commonAnnotations")),
        images=tuple(texts(image) for image in sequence(value, "images")[:_MOST] if isinstance(image, dict)),
        replicas=dict(_replicas(value)),
        hidden=tuple(key for key in _HIDDEN if value.get(key)),
    )


def _listed(value: Mapping[str, Any], *keys: str) -> Iterator[str]:
    for key in keys:
        yield from (one for one in sequence(value, key)[:_MOST] if isinstance(one, str))


def _pairs(pairs: Iterable[Mapping[str, Any]], flag: str) -> dict[str, str]:
    """Labels of the newer `labels:` list, those whose flag is on."""
    return {
        key: one
        for pair in pairs
        if not flag or pair.get(flag) is True
        for key, one in texts(pair.get("pairs")).items()
    }


def _replicas(value: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    for one in sequence(value, "replicas"):
        count = one.get("count") if isinstance(one, dict) else None
        if isinstance(count, int) and not isinstance(count, bool):
            yield text(one, "name"), count


def _patches(value: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """All forms of patches, in the order in which kustomize applies them."""
    for one in sequence(value, "patchesStrategicMerge"):
        if isinstance(one, str):
            yield _patch(one if "\n" not in one else "", one if "\n" in one else "", {})
    for key in ("patches", "patchesJson6902"):
        for one in sequence(value, key):
            if isinstance(one, dict):
                yield _patch(text(one, "path"), text(one, "patch"), mapping(one, "target"))
            elif isinstance(one, str):
                yield _patch(one, "", {})


def _patch(path: str, inline: str, target: Mapping[str, Any]) -> dict[str, Any]:
    merges: list[Any] = []
    operations: list[Any] = []
    for document in documents.load_all(inline) if inline else ():
        if isinstance(document.value, dict):
            merges.append(pruned(document.value))
        elif isinstance(document.value, list):
            operations += [operation(one) for one in document.value[:_MOST] if isinstance(one, dict)]
    wanted = {key: text(target, key) for key in ("kind", "name", "namespace", "labelSelector") if text(target, key)}
    return {"path": path, "merges": merges, "operations": [one for one in operations if one], "target": wanted}
