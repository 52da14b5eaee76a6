"""Workload facts of an entity: whose they are, what can't be told, and where they may lie elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from app.attribution.model import PROVIDES, Rules
from app.facts.model import Reason
from app.facts.retrievers import workloads
from app.facts.seen import Seen

COMPONENT = (
    "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {{name: {name}, annotations: {{{more}}}}}\n"
    "spec: {{type: service, lifecycle: production, owner: team}}\n"
)
GITOPS = "https://git.example.org/platform/gitops"


def deployment(name: str = "app", labels: str = "x: y", image: str = "shop:1") -> str:
    return (
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  template:\n"
        f"    metadata: {{labels: {{{labels}}}}}\n    spec: {{containers: [{{name: c, image: '{image}'}}]}}\n"
    )


def seen_of(look: Any, now: datetime, ref: str = "component:default/shop") -> Seen:
    return workloads.retrieve(look.entity(ref), look.world, now)


def names(seen: Seen) -> list[str]:
    return [item["name"] for item in seen.values["workloads.manifests"]]


def test_a_workload_in_the_components_folder_is_its_own(looked: Callable[..., Any], now: datetime) -> None:
    seen = seen_of(looked({"catalog-info.yaml": COMPONENT.format(name="shop", more=""), "k/a.yaml": deployment()}), now)
    (item,) = seen.values["workloads.manifests"]
    (container,) = seen.values["workloads.containers"]

    assert (item["name"], item["kind"], item["path"], item["line"], item["replicas_min"]) == (
        "app",
        "Deployment",
        "k/a.yaml",
        1,
        1,
    )
    assert (container["name"], container["image_state"], container["line"]) == ("app/c", "tag", 7)
    assert {read.path for read in seen.reads} == {"k/a.yaml"}


def test_backstages_label_selector_picks_workloads_wherever_they_lie(
    looked: Callable[..., Any], snapshot: Callable[..., Any], now: datetime
) -> None:
    more = "backstage.io/kubernetes-label-selector: 'team=pay,tier=web'"
    shop = snapshot({"catalog-info.yaml": COMPONENT.format(name="shop", more=more)})
    files = {"a.yaml": deployment(labels="team: pay, tier: web"), "b.yaml": deployment("other", "team: pay")}
    assert names(seen_of(looked(shop, snapshot(files, url=GITOPS)), now)) == ["app"]


def test_a_repository_of_manifests_names_services_by_folder_or_name(
    looked: Callable[..., Any], snapshot: Callable[..., Any], now: datetime
) -> None:
    shop = snapshot({"catalog-info.yaml": COMPONENT.format(name="shop", more="")})
    files = {"apps/shop/web.yaml": deployment("web"), "apps/cart/web.yaml": deployment("cart-web")}
    rules = Rules(evidence={GITOPS: PROVIDES["manifests"]})
    assert names(seen_of(looked(shop, snapshot(files, url=GITOPS), rules=rules), now)) == ["web"]
    named = snapshot({"all.yaml": deployment("shop")}, url=GITOPS)
    assert names(seen_of(looked(shop, named), now)) == ["shop"]


def test_without_any_manifest_and_only_one_repository_known_nothing_can_be_said(
    looked: Callable[..., Any], now: datetime
) -> None:
    files = {"catalog-info.yaml": COMPONENT.format(name="shop", more="")}
    assert seen_of(looked(files), now).values["workloads.manifests"] == []
    alone = seen_of(looked(files, complete=False), now)
    assert "workloads.manifests" not in alone.values
    assert alone.unknown["workloads.manifests"].reason is Reason.NOT_CONNECTED


def test_what_can_not_be_told_is_left_out_with_its_reason(looked: Callable[..., Any], now: datetime) -> None:
    files = {
        "catalog-info.yaml": COMPONENT.format(name="shop", more=""),
        "deploy.yaml": deployment(image="shop:${TAG}").replace("spec:\n", "spec:\n  replicas: ${COUNT}\n", 1),
    }
    seen = seen_of(looked(files), now)
    (item,) = seen.values["workloads.manifests"]
    (container,) = seen.values["workloads.containers"]
    assert "replicas_min" not in item
    assert item["unknown"]["replicas_min"] == "is filled in by values that are not known here"
    assert "image_state" not in container


def test_the_containers_of_an_unknown_pod_are_one_unknown_item(looked: Callable[..., Any], now: datetime) -> None:
    template = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n"
        '    {{- include "lib.pod" . | nindent 4 }}\n'
    )
    files = {"catalog-info.yaml": COMPONENT.format(name="shop", more=""), "c/templates/d.yaml": template}
    seen = seen_of(looked(files), now)
    (container,) = seen.values["workloads.containers"]
    assert container["name"] == "web"
    assert "image_state" not in container
    assert container["unknown"]["image_state"] == "is filled in by values that are not known here"


def test_a_load_test_is_dated_by_an_annotation_or_a_page(looked: Callable[..., Any], now: datetime) -> None:
    annotated = {"catalog-info.yaml": COMPONENT.format(name="shop", more="roadworthy.dev/load-tested-at: 2026-02-01")}
    assert seen_of(looked(annotated), now).values["workloads.load_tested_at"] == datetime(2026, 2, 1, tzinfo=UTC)
    page = {"docs/capacity.md": "---\nload_tested_at: 2026-04-02\n---\n# Capacity\n\nIt holds 400 requests a second.\n"}
    both = seen_of(looked({**annotated, **page}), now)
    assert both.values["workloads.load_tested_at"] == datetime(2026, 4, 2, tzinfo=UTC)
    never = {"catalog-info.yaml": COMPONENT.format(name="shop", more="roadworthy.dev/load-tested-at: soon")}
    assert seen_of(looked(never), now).values["workloads.load_tested_at"].year == 1970


def test_examples_alone_leave_open_where_the_manifests_lie(looked: Callable[..., Any], now: datetime) -> None:
    files = {"catalog-info.yaml": COMPONENT.format(name="shop", more=""), "examples/a.yaml": deployment()}

    assert "workloads.manifests" in seen_of(looked(files, complete=False), now).unknown


def test_a_base_that_overlays_leave_as_it_is_is_one_item_that_names_them(
    looked: Callable[..., Any], now: datetime
) -> None:
    files = {
        "catalog-info.yaml": COMPONENT.format(name="shop", more=""),
        "base/kustomization.yaml": "resources: [app.yaml]\n",
        "base/app.yaml": deployment(),
        "overlays/eu/kustomization.yaml": "resources: [../../base]\n",
        "overlays/us/kustomization.yaml": "resources: [../../base]\n",
        "overlays/ha/kustomization.yaml": "resources: [../../base]\nreplicas: [{name: app, count: 3}]\n",
    }
    seen = seen_of(looked(files), now)
    copies = [(item["environment"], item["replicas_min"]) for item in seen.values["workloads.manifests"]]
    assert copies == [("overlays/eu, overlays/us", 1), ("overlays/ha", 3)]
    (container,) = seen.values["workloads.containers"]
    assert set(container["environment"].split(", ")) == {"overlays/eu", "overlays/ha", "overlays/us"}


def rollout_problem(looked: Callable[..., Any], now: datetime, spec: str = "", pod: str = "") -> str:
    text = (
        deployment()
        .replace("spec:\n", f"spec:\n  {spec}\n", 1)
        .replace("spec: {containers", f"spec: {{{pod}containers")
    )
    files = {"catalog-info.yaml": COMPONENT.format(name="shop", more=""), "k/a.yaml": text}
    (item,) = seen_of(looked(files), now).values["workloads.manifests"]
    return str(item.get("rollout_problem", item.get("unknown", {}).get("rollout_problem")))


def test_what_keeps_a_rollout_from_going_unnoticed_is_said_with_its_cause(
    looked: Callable[..., Any], now: datetime
) -> None:
    assert rollout_problem(looked, now) == ""
    assert rollout_problem(looked, now, "strategy: {type: Recreate}").startswith("Recreate stops every copy")
    gone = rollout_problem(looked, now, "strategy: {rollingUpdate: {maxUnavailable: 100%}}")
    assert gone.startswith("its rolling update may take every copy away at once")
    assert rollout_problem(looked, now, "strategy: ${STRATEGY}") == "is filled in by values that are not known here"


def test_a_hook_that_waits_as_long_as_the_pod_has_to_end_is_the_cause_and_not_the_strategy(
    looked: Callable[..., Any], now: datetime
) -> None:
    pod = "terminationGracePeriodSeconds: 60, containers: [{name: c, ports: [{containerPort: 80}], "
    pod += "lifecycle: {preStop: {sleep: {seconds: 60}}},"
    served = deployment().replace("containers: [{name: c,", pod)
    files = {"catalog-info.yaml": COMPONENT.format(name="shop", more=""), "k/a.yaml": served}
    (item,) = seen_of(looked(files), now).values["workloads.manifests"]
    assert (item["keeps_serving"], item["rollout_problem"]) == (
        True,
        "its preStop hook waits 60 s of the 60 s that a pod has to end, so that it is killed before it can finish: "
        "set terminationGracePeriodSeconds to 75 or more",
    )


def test_images_are_those_of_containers_and_those_that_dockerfiles_build_on(
    looked: Callable[..., Any], now: datetime
) -> None:
    files = {
        "catalog-info.yaml": COMPONENT.format(name="shop", more=""),
        "k/a.yaml": deployment(),
        "Dockerfile": "ARG BASE\nFROM ${BASE} AS deps\nFROM python:latest\n",
        "Dockerfile.dev": "FROM node\n",
    }
    seen = seen_of(looked(files), now)
    found = [
        (item["name"], item["origin"], item.get("image_state"), item["line"], bool(item["ignored"]))
        for item in seen.values["workloads.images"]
    ]
    assert found == [
        ("app/c", "container", "tag", 7, False),
        ("Dockerfile (deps)", "build", None, 2, False),
        ("Dockerfile", "build", "moving", 3, False),
        ("Dockerfile.dev", "build", "moving", 1, True),
    ]
    assert "Dockerfile" in {read.path for read in seen.reads}


def test_how_metrics_are_collected_stands_beside_the_workload(looked: Callable[..., Any], now: datetime) -> None:
    monitor = (
        "apiVersion: monitoring.coreos.com/v1\nkind: PodMonitor\nmetadata: {name: app}\n"
        "spec: {selector: {matchLabels: {x: y}}, podMetricsEndpoints: [{port: metrics}]}\n"
    )
    files = {"catalog-info.yaml": COMPONENT.format(name="shop", more=""), "k/a.yaml": deployment(), "m.yaml": monitor}
    (item,) = seen_of(looked(files), now).values["workloads.manifests"]
    assert item["metrics"] == {
        "way": "",
        "by": "PodMonitor app",
        "problem": "it asks port “metrics”, which is not declared",
        "path": "m.yaml",
        "line": 1,
    }
    assert item["scraped"] is False


DEFINITION = (
    "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: certs.cert-manager.io}\n"
    "spec: {group: cert-manager.io}\n---\n"
)


def test_an_operators_release_is_judged_only_for_who_is_named_in_it(looked: Callable[..., Any], now: datetime) -> None:
    release = DEFINITION + deployment("cert-manager", image="quay.io/jetstack/cert-manager-controller:v1")
    files = {"k/cert-manager.yaml": release, "k/app.yaml": deployment()}

    def told(owner: str, **more: str) -> dict[str, str]:
        seen = seen_of(
            looked({"catalog-info.yaml": COMPONENT.format(name=owner, more=""), **files, **more}),
            now,
            f"component:default/{owner}",
        )
        return {item["name"]: item["ignored"] for item in seen.values["workloads.manifests"]}

    copied = told("shop")
    assert copied["app"] == ""
    assert copied["cert-manager"].startswith("is a copy of an operator's release")
    assert told("cert-manager") == {"app": "", "cert-manager": ""}
    assert told("certmanager")["cert-manager"] == ""
    overlay = {"k/kustomization.yaml": "resources: [cert-manager.yaml, app.yaml]\n"}
    assert told("shop", **overlay)["cert-manager"] == ""
