"""Manifests that are only pieces of something else, and copies of what others release: shown, and never judged."""

from __future__ import annotations

import pytest
from workload_files import deployment, workloads

CHART = "apiVersion: v2\nname: shop\nversion: 1.0.0\n"
REDIS = "apiVersion: v2\nname: redis\nversion: 18.0.0\n"
PATCH = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: controller-manager, namespace: system}
spec:
  template:
    spec:
      containers:
        - name: manager
          image: manager:1.0
"""
MINIO = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: velero}
spec:
  selector: {matchLabels: {app: velero}}
  template:
    metadata: {labels: {app: velero}}
    spec:
      containers: [{name: velero, volumeMounts: [{name: plugins, mountPath: /plugins}]}]
"""
TRIAL = "apiVersion: batch/v1\nkind: Job\nspec: {template: {spec: {containers: [{name: train, image: train:1.0}]}}}\n"
CRON = """\
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec: {jobTemplate: {spec: {template: {spec: {containers: [{name: dump, image: dump:1.0}]}}}}}
"""


def reasons(files: dict[str, str]) -> list[str]:
    return [one.ignored for one in workloads(files)]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (PATCH, "is a patch: it has no selector"),
        (MINIO, "is a patch: a container of it has no image"),
        (TRIAL, "is a pattern without a name, which something else fills in"),
    ],
)
def test_what_kubernetes_would_refuse_is_a_piece_of_something_else(text: str, why: str) -> None:
    """Met in Kubeflow, CloudNativePG and Velero, whose patches are taken in by nothing that is followed here."""
    assert reasons({"config/default/manager_patch.yaml": text}) == [why]


@pytest.mark.parametrize(
    "text",
    [
        deployment(),
        CRON,
        TRIAL.replace("spec:", "metadata: {generateName: train-}\nspec:", 1),
    ],
)
def test_what_can_be_applied_is_a_workload(text: str) -> None:
    assert reasons({"deploy.yaml": text}) == [""]


def test_a_patch_that_an_overlay_takes_in_is_part_of_it() -> None:
    files = {
        "base/kustomization.yaml": "resources: [app.yaml]\npatches: [{path: more.yaml}]\n",
        "base/app.yaml": deployment(),
        "base/more.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop}\nspec: {replicas: 3}\n",
    }
    assert [(one.ignored, one.replicas_min) for one in workloads(files)] == [("", 3)]


def test_a_template_that_writes_the_rest_is_no_piece() -> None:
    inside = MINIO.replace(
        "{name: velero, volumeMounts: [{name: plugins, mountPath: /plugins}]}", "{{ toJson .Values.c }}"
    )
    assert reasons({"chart/Chart.yaml": CHART, "chart/templates/app.yaml": inside}) == [""]


@pytest.mark.parametrize(
    ("repository", "why"),
    [
        ("https://charts.example.com/bitnami", "is a copy of the chart redis, which shop/Chart.yaml takes from "),
        ("oci://registry.example.com/charts", "is a copy of the chart redis, which shop/Chart.yaml takes from "),
        ("file://../redis", ""),
        ('""', ""),
    ],
)
def test_a_chart_that_another_one_fetched_is_nobodys_to_mend_here(repository: str, why: str) -> None:
    files = {
        "shop/Chart.yaml": f"{CHART}dependencies: [{{name: redis, version: 18.0.0, repository: {repository}}}]\n",
        "shop/templates/app.yaml": deployment(),
        "shop/charts/redis/Chart.yaml": REDIS,
        "shop/charts/redis/templates/app.yaml": deployment(name="redis"),
    }
    told = {one.name: one.ignored for one in workloads(files)}

    assert told["shop"] == ""
    assert told["redis"].startswith(why)
    assert bool(told["redis"]) == bool(why)


def test_a_password_in_the_place_a_chart_comes_from_is_never_told() -> None:
    repository = "https://robot:hunter2@charts.example.com"
    files = {
        "shop/Chart.yaml": f"{CHART}dependencies: [{{name: redis, version: 18.0.0, repository: '{repository}'}}]\n",
        "shop/charts/redis/Chart.yaml": REDIS,
        "shop/charts/redis/templates/app.yaml": deployment(name="redis"),
    }
    (reason,) = reasons(files)
    assert "hunter2" not in reason
    assert "charts.example.com" in reason
