"""Paths that never count, and why."""

from __future__ import annotations

import pytest

from app.formats.ignoring import of_infrastructure, reason


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("vendor/x/rules.yaml", "lies in a vendored tree (vendor/)"),
        ("web/Node_Modules/p/catalog-info.yaml", "lies in a vendored tree (Node_Modules/)"),
        (".terraform/modules/a.yaml", "lies in a vendored tree (.terraform/)"),
        ("pkg/testdata/rules.yaml", "is test data (testdata/)"),
        ("tests/fixtures/slo.yaml", "is test data (tests/)"),
        ("e2e/a.yaml", "is test data (e2e/)"),
        ("charts/x/unittests/a.yaml", "is test data (unittests/)"),
        ("spec/support/alerts.yaml", "is test data (spec/support/)"),
        ("spec/fixtures/alerts.yaml", "is test data (fixtures/)"),
        ("rules/orders_test.yaml", "is test data (orders_test.yaml)"),
        ("rules/orders-tests.yml", "is test data (orders-tests.yml)"),
        ("templates/new-service/skeleton/catalog-info.yaml", "is part of a template skeleton (skeleton/)"),
        ("t/${{ values.name }}/a.yaml", "is part of a template skeleton (its path is a template)"),
        ("{{cookiecutter.slug}}/a.yaml", "is part of a template skeleton (its path is a template)"),
        ("x/template/content/a.yaml", "is part of a template skeleton (its path is a template)"),
        ("injector/fake/data/deployment.yaml", "is test data (fake/)"),
        ("vendor/testdata/a.yaml", "lies in a vendored tree (vendor/)"),
    ],
)
def test_a_path_that_does_not_count_says_why(path: str, why: str) -> None:
    assert reason(path) == why


@pytest.mark.parametrize(
    "path",
    [
        "catalog-info.yaml",
        "examples/rules.yaml",
        "vendor",
        "tests.yaml",
        "latest.yaml",
        "spec/openapi.yaml",
        "spec/alerts/orders.yaml",
        "api/spec/slo.yaml",
        "docs/vendors/a.yaml",
        "chart/templates/rules.yaml",
        "contest/a.yaml",
        "",
    ],
)
def test_other_paths_count(path: str) -> None:
    assert reason(path) == ""


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("examples/shop/deployment.yaml", "is an example (examples/)"),
        ("infra/Samples/main.tf", "is an example (Samples/)"),
        ("hack/cluster/templates/deployment.yaml", "is for developers (hack/)"),
        ("vendor/examples/a.yaml", "lies in a vendored tree (vendor/)"),
        ("deploy/examples.yaml", ""),
        ("clusters/demo/deployment.yaml", ""),
    ],
)
def test_nobody_runs_a_service_from_its_examples(path: str, why: str) -> None:
    assert of_infrastructure(path) == why


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("sample-manifests/docs/app-routing/services.yaml", "is an example (sample-manifests/)"),
        ("examples_k8s/shop.yaml", "is an example (examples_k8s/)"),
        ("docs/src/kubernetes.yaml", "is documentation (docs/)"),
        ("manifests/fake-teams-api.yaml", "stands in for something in tests (fake-teams-api.yaml)"),
        ("manifests/minimal-fake-pooler-deployment.yaml", "stands in for something in tests"),
        ("applications/katib/upstream/base/controller.yaml", "is a copy of what others release (upstream/)"),
        ("sample-service/deployment.yaml", ""),
        ("apps/example-app/deployment.yaml", ""),
        ("deploy/dns-stub.yaml", ""),
        ("docs-site/deployment.yaml", ""),
        ("services/fakeness/deployment.yaml", ""),
        ("gatekeeper/overlays/upstream/operator.yaml", ""),
        ("services/upstreams/deployment.yaml", ""),
    ],
)
def test_manifests_of_samples_documentation_and_copies_run_nothing(path: str, why: str) -> None:
    """Met in AKS' store demo, CloudNativePG, Zalando's operator and Kubeflow's manifests."""
    assert of_infrastructure(path).startswith(why)
    assert bool(of_infrastructure(path)) == bool(why)
