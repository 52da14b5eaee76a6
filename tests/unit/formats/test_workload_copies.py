"""One thing deployed is one item, in however many forms a repository writes it."""

from __future__ import annotations

import pytest
from workload_files import assembled, deployment

from app.formats.workloads import assemble

CHART = {
    "charts/shop/Chart.yaml": "apiVersion: v2\nname: shop\nversion: 1.0.0\n",
    "charts/shop/values.yaml": "copies: 1\n",
    "charts/shop/templates/app.yaml": deployment(namespace='""', spec="replicas: {{ .Values.copies }}"),
}
OVERLAY = {"kustomize/base/kustomization.yaml": "resources: [app.yaml]\n", "kustomize/base/app.yaml": deployment()}
PLAIN = {"k8s/app.yaml": deployment()}
RELEASED = {"release/manifests.yaml": deployment()}


def judged(files: dict[str, str]) -> list[str]:
    """Paths of the workloads that count."""
    return sorted(path for path, one in assemble.workloads(assembled(files)) if not one.ignored)


def test_chart_overlay_manifest_and_release_file_of_one_workload_count_once() -> None:
    found = assemble.workloads(assembled({**CHART, **OVERLAY, **PLAIN, **RELEASED}))

    assert {path: one.ignored for path, one in found} == {
        "kustomize/base/app.yaml": "",
        **dict.fromkeys(
            ("charts/shop/templates/app.yaml", "k8s/app.yaml", "release/manifests.yaml"),
            "is another form of the same workload; kustomize/base/app.yaml is judged",
        ),
    }


@pytest.mark.parametrize(
    ("files", "path"),
    [
        ({**CHART, **PLAIN, **RELEASED}, "charts/shop/templates/app.yaml"),
        ({**PLAIN, **RELEASED}, "k8s/app.yaml"),
        (RELEASED, "release/manifests.yaml"),
        ({**OVERLAY, **CHART, "charts/shop/values-prod.yaml": "copies: 3\n"}, "charts/shop/templates/app.yaml"),
        ({**PLAIN, "install.yaml": deployment()}, "k8s/app.yaml"),
    ],
)
def test_what_is_for_production_is_judged_then_what_people_edit(files: dict[str, str], path: str) -> None:
    assert judged(files) == [path]


def test_of_several_releases_the_latest_is_judged() -> None:
    files = {f"releases/shop-1.{minor}.0.yaml": deployment() for minor in (2, 9, 10)}
    assert judged(files) == ["releases/shop-1.10.0.yaml"]
    folders = {f"releases/v1.{minor}.0/shop.yaml": deployment() for minor in (2, 9, 10)}
    assert judged(folders) == ["releases/v1.10.0/shop.yaml"]


@pytest.mark.parametrize(
    "files",
    [
        {"services/a/k8s/app.yaml": deployment(), "services/b/deploy/app.yaml": deployment()},
        {"clusters/eu/app.yaml": deployment(), "clusters/us/app.yaml": deployment()},
        {"k8s/app-eu.yaml": deployment(), "k8s/app-us.yaml": deployment()},
        {"k8s/app.yaml": deployment(), "deploy/app.yaml": deployment(namespace="other")},
        {"k8s/app.yaml": deployment(), "deploy/app.yaml": deployment(kind="StatefulSet")},
        {"k8s/app.yaml": deployment(), "deploy/app.yaml": deployment(name="other")},
        {
            "k8s/app.yaml": deployment(),
            "deploy/app.yaml": deployment().replace("name: app\n", "name: proxy\n").replace("shop:1.0", "proxy:2"),
        },
    ],
)
def test_what_may_be_another_thing_stays_one_of_its_own(files: dict[str, str]) -> None:
    assert judged(files) == sorted(files)


def test_two_charts_are_two_things() -> None:
    other = {path.replace("charts/shop", "charts/shop-eu"): text for path, text in CHART.items()}
    assert judged({**CHART, **other}) == ["charts/shop-eu/templates/app.yaml", "charts/shop/templates/app.yaml"]


def test_overlays_of_one_base_all_count_and_a_chart_beside_them_does_not() -> None:
    regions = {f"overlays/{name}/kustomization.yaml": "resources: [../../base]\n" for name in ("eu", "us")}
    base = {"base/kustomization.yaml": "resources: [app.yaml]\n", "base/app.yaml": deployment()}

    assert judged({**regions, **base, **CHART}) == ["base/app.yaml", "base/app.yaml"]


def test_the_order_of_files_makes_no_difference() -> None:
    files = {**CHART, **OVERLAY, **PLAIN, **RELEASED}
    assert judged(dict(reversed(files.items()))) == judged(files)
