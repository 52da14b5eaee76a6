"""Kustomize overlays, put together without running anything."""

from __future__ import annotations

import time

import pytest
from workload_files import assembled, deployment, untold, workload, workloads

from app.formats.workloads import assemble

BASE = {"base/kustomization.yaml": "resources: [app.yaml]\n", "base/app.yaml": deployment()}
PROD = "overlays/prod/kustomization.yaml"


def overlay(text: str, **more: str) -> dict[str, str]:
    return {**BASE, PROD: f"resources: [../../base]\n{text}", **more}


def test_an_overlay_stands_for_its_base() -> None:
    (found,) = workloads(overlay("replicas: [{name: shop, count: 3}]\n"))
    assert (found.replicas_min, found.environment, found.line) == (3, "overlays/prod", 1)


@pytest.mark.parametrize(
    "patch",
    [
        "patches: [{patch: '{kind: Deployment, apiVersion: apps/v1, metadata: {name: shop}, spec: {replicas: 3}}'}]",
        "patches: [{target: {kind: Deployment}, patch: '[{op: replace, path: /spec/replicas, value: 3}]'}]",
        "patches: [{target: {kind: Deployment, name: sh.*}, patch: '[{op: add, path: /spec/replicas, value: 3}]'}]",
        "patchesJson6902: [{target: {name: shop}, patch: '[{op: add, path: /spec/replicas, value: 3}]'}]",
        "patchesStrategicMerge: [more.yaml]",
        "patches: [{path: more.yaml}]",
        "patches: [{path: operations.yaml, target: {kind: Deployment}}]",
    ],
)
def test_every_form_of_patch_is_applied(patch: str) -> None:
    more = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop}\nspec: {replicas: 3}\n"
    operations = "- {op: add, path: /spec/replicas, value: 3}\n"
    files = {"overlays/prod/more.yaml": more, "overlays/prod/operations.yaml": operations}
    assert [one.replicas_min for one in workloads({**overlay(patch), **files})] == [3] * (
        1 + ("more.yaml" not in patch)
    )


def test_a_patch_for_something_else_changes_nothing() -> None:
    patch = "patches: [{target: {kind: StatefulSet}, patch: '[{op: add, path: /spec/replicas, value: 3}]'}]"
    assert workload(overlay(patch)).replicas_min == 1


def test_containers_merge_by_name_and_keep_their_line() -> None:
    text = """
    resources: [../../base]
    patches:
      - patch: |
          apiVersion: apps/v1
          kind: Deployment
          metadata: {name: shop}
          spec:
            template:
              spec:
                containers:
                  - name: app
                    resources: {requests: {cpu: 1, memory: 1Gi}, limits: {memory: 1Gi}}
                  - name: log
                    image: log:1
    """
    found = workload({**BASE, PROD: text})
    assert [(one.name, one.cpu_request, one.image) for one in found.containers] == [
        ("app", "1", "shop:1.0"),
        ("log", "", "log:1"),
    ]
    assert found.containers[0].line == 10


def test_a_patch_may_delete_what_it_names() -> None:
    strategy = {"base/app.yaml": deployment(spec="strategy: {type: Recreate}")}
    patch = "patches: [{patch: '{kind: Deployment, metadata: {name: shop}, spec: {strategy: null}}'}]"
    assert workload({**overlay(patch), **strategy}).strategy == "rolling"
    gone = "patches: [{patch: '{kind: Deployment, metadata: {name: shop}, $patch: delete}'}]"
    assert workloads(overlay(gone)) == []


def test_namespace_prefix_images_and_labels_are_applied() -> None:
    text = """
    namespace: money
    namePrefix: eu-
    commonLabels: {team: pay}
    images: [{name: shop, newName: registry.example/shop, digest: sha256:aaaa}]
    resources: [../../base]
    """
    found = workload({**BASE, PROD: text}, "eu-shop")
    assert (found.namespace, found.labels["team"]) == ("money", "pay")
    assert found.containers[0].image == "registry.example/shop@sha256:aaaa"
    assert found.containers[0].image_state == "digest"


def test_a_budget_added_by_an_overlay_protects_the_renamed_workload() -> None:
    budget = (
        "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: b}\n"
        "spec: {maxUnavailable: 1, selector: {matchLabels: {app: shop}}}\n"
    )
    text = "namePrefix: eu-\ncommonLabels: {team: pay}\nreplicas: [{name: shop, count: 3}]\n"
    text += "resources: [../../base, pdb.yaml]\n"
    found = workload({**BASE, PROD: text, "overlays/prod/pdb.yaml": budget}, "eu-shop")
    assert (found.replicas_min, found.budget_state) == (3, "protects")


def test_an_autoscaler_follows_the_prefix() -> None:
    hpa = (
        "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: shop}\n"
        "spec: {minReplicas: 4, maxReplicas: 8, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: shop}}\n"
    )
    files = {"base/kustomization.yaml": "resources: [app.yaml, hpa.yaml]\n", "base/hpa.yaml": hpa}
    assert workload({**overlay("namePrefix: eu-\n"), **files}, "eu-shop").replicas_min == 4


def test_the_overlay_for_production_is_judged_and_the_others_are_shown() -> None:
    dev = {"overlays/dev/kustomization.yaml": "resources: [../../base]\n"}
    found = {one.environment: one.ignored for one in workloads({**overlay(""), **dev})}
    assert found == {"overlays/prod": "", "overlays/dev": "is for another stage; overlays/prod is judged"}


def test_two_overlays_that_both_serve_users_both_count() -> None:
    regions = {f"overlays/{name}/kustomization.yaml": "resources: [../../base]\n" for name in ("eu", "us", "staging")}
    found = {one.environment: bool(one.ignored) for one in workloads({**BASE, **regions})}
    assert found == {"overlays/eu": False, "overlays/us": False, "overlays/staging": True}


def test_a_component_patches_what_came_before_it() -> None:
    component = (
        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
        "patches: [{target: {kind: Deployment}, patch: '[{op: add, path: /spec/replicas, value: 5}]'}]\n"
    )
    files = {"components/big/kustomization.yaml": component}
    found = workloads({**overlay("components: [../../components/big]\n"), **files})
    assert [one.replicas_min for one in found] == [5]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "resources: ['https://github.com/a/b//deploy?ref=v1']",
            "https://github.com/a/b//deploy?ref=v1 lies outside this repository",
        ),
        ("resources: ['../../../../elsewhere']", "../../../../elsewhere lies outside this repository"),
        ("resources: [../../base]\nhelmCharts: [{name: redis}]", "its helmCharts are not followed here"),
    ],
)
def test_what_can_not_be_followed_is_told(text: str, reason: str) -> None:
    assert [(path, one.group, one.reason) for path, one in untold({**BASE, PROD: text})] == [
        (PROD, "workloads", reason)
    ]


def test_overlays_that_take_each_other_in_are_told_and_end() -> None:
    files = {"a/kustomization.yaml": "resources: [../b]\n", "b/kustomization.yaml": "resources: [../a, app.yaml]\n"}
    told = untold({**files, "b/app.yaml": deployment()})
    assert {(path, one.reason) for path, one in told} == {
        ("a/kustomization.yaml", "it takes itself in"),
        ("b/kustomization.yaml", "it takes itself in"),
    }


def test_a_tower_of_overlays_that_doubles_at_each_floor_is_bounded() -> None:
    floors = {
        f"f{n}/kustomization.yaml": f"resources: [../f{n + 1}, ../f{n + 1}, ../f{n + 1}, ../f{n + 1}]\n"
        for n in range(11)
    }
    started = time.monotonic()
    found = workloads({**floors, "f11/kustomization.yaml": "resources: [app.yaml]\n", "f11/app.yaml": deployment()})
    assert len(found) <= 5_000
    assert time.monotonic() - started < 10


def test_a_targets_pattern_can_not_be_made_to_run_long() -> None:
    patch = "patches: [{target: {name: '(a+)+$'}, patch: '[{op: add, path: /spec/replicas, value: 3}]'}]"
    name = "a" * 200 + "b"
    started = time.monotonic()
    found = workload({**overlay(patch), "base/app.yaml": deployment(name=name)}, name)
    assert found.replicas_min == 1
    assert time.monotonic() - started < 2


def test_what_only_a_lesser_overlay_brings_does_not_count_where_another_is_judged() -> None:
    ui = {"overlays/dev-tilt/ui.yaml": deployment(name="ui")}
    dev = {"overlays/dev-tilt/kustomization.yaml": "resources: [../../base, ui.yaml]\n", **ui}
    alone = workload({**BASE, **dev}, "ui")
    beside = workload({**overlay(""), **dev}, "ui")
    assert alone.ignored == ""
    assert beside.ignored == "is for another stage; overlays/prod is judged"


def test_an_overlay_for_development_does_not_count_beside_one_for_production() -> None:
    files = {
        "db/overlays/development/kustomization.yaml": "resources: [db.yaml]\n",
        "db/overlays/development/db.yaml": deployment(name="db"),
        "db/overlays/production/kustomization.yaml": "resources: [job.yaml]\n",
        "db/overlays/production/job.yaml": deployment(name="proxy"),
    }
    assert workload(files, "db").ignored == "is for another stage; db/overlays/production is judged"
    assert workload(files, "proxy").ignored == ""


def test_what_lies_below_a_stage_belongs_to_it() -> None:
    kustomization = "resources: [app.yaml]\n"
    files = {
        **{f"app/production/{region}/kustomization.yaml": "resources: [../base]\n" for region in ("eu", "us")},
        "app/production/base/kustomization.yaml": kustomization,
        "app/production/base/app.yaml": deployment(),
        "app/base/kustomization.yaml": kustomization,
        "app/base/app.yaml": deployment(),
        "app/development/kustomization.yaml": "resources: [../base]\n",
    }
    told = {one.environment: one.ignored for one in workloads(files)}

    assert told["app/production/eu"] == ""
    assert told["app/development"] == "is for another stage; app/production/eu is judged"


def test_a_generated_file_does_not_count_beside_what_it_is_made_of() -> None:
    head = "# This is an auto-generated file. DO NOT EDIT\n"
    made = {"install.yaml": head + deployment()}
    ignored = {one.environment: one.ignored for one in workloads({**overlay(""), **made})}
    assert ignored == {"overlays/prod": "", "": "is generated, says its file; what it is made of is judged"}
    manually = {"install.yaml": head.replace("DO NOT EDIT", "Do not manually edit.") + deployment()}
    assert {one.environment: one.ignored for one in workloads({**overlay(""), **manually})} == ignored
    assert workload(made).ignored == ""
    other = {"install.yaml": deployment(name="other")}
    assert [one.ignored for one in workloads({**overlay(""), **other})] == ["", ""]


def test_a_workload_of_no_copies_is_switched_off_and_not_judged() -> None:
    assert workload(deployment(spec="replicas: 0")).ignored == "is switched off (replicas: 0)"
    assert workload(deployment(spec="replicas: 1")).ignored == ""


def reasons(files: dict[str, str]) -> dict[str, str]:
    """Why each workload does not count, by path."""
    return {path: one.ignored for path, one in assemble.workloads(assembled(files))}


def test_an_optional_variant_does_not_count_beside_what_it_varies() -> None:
    variant = {"extras/sql/app.yaml": deployment(spec="replicas: 1"), "extras/sql/other.yaml": deployment(name="other")}
    found = reasons({"k8s/app.yaml": deployment(), **variant})

    assert found["k8s/app.yaml"] == ""
    assert found["extras/sql/app.yaml"] == "is an optional variant (extras/sql/); k8s/app.yaml is judged"
    assert found["extras/sql/other.yaml"] == found["extras/sql/app.yaml"]
    assert set(reasons(variant).values()) == {""}


def test_what_makes_load_for_tests_is_not_judged_beside_what_it_loads() -> None:
    files = {
        "app.yaml": deployment(),
        "load.yaml": deployment(name="loadgenerator"),
        "k6.yaml": deployment(name="my-load-test"),
    }
    found = reasons(files)

    assert found == {"app.yaml": "", "load.yaml": "makes load for tests", "k6.yaml": "makes load for tests"}
    assert reasons({**overlay(""), "load.yaml": files["load.yaml"]})["load.yaml"] == "makes load for tests"
    assert reasons({"load.yaml": files["load.yaml"]}) == {"load.yaml": ""}
    assert reasons({**files, "app.yaml": deployment(name="reloader")})["app.yaml"] == ""
