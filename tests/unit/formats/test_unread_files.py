"""A file that could not be read hides what its path says it holds, and nothing else."""

from __future__ import annotations

import pytest

from app.formats.unread import likely_groups


@pytest.mark.parametrize(
    ("path", "groups"),
    [
        ("rules.yaml", ("alerting",)),
        ("monitoring/payments.yml", ("alerting",)),
        ("prometheus-rules/a.json", ("alerting",)),
        ("slo/checkout.yaml", ("slo",)),
        ("docs/runbooks/CheckoutDown.md", ("runbooks",)),
        ("docs/runbook.md", ("runbooks",)),
        ("catalog-info.yaml", ("catalog",)),
        ("deploy/app.yaml", ("workloads",)),
        ("overlays/prod/kustomization.yaml", ("workloads",)),
        ("api/openapi.json", ("api",)),
        ("main.tf", ("database", "cluster")),
        (".github/CODEOWNERS", ("codeowners",)),
        ("k8s/alerts/all.yaml", ("alerting", "workloads")),
        ("data/export.json", ()),
        ("rulesets.yaml", ()),
        ("README.md", ()),
        ("alerts.png", ()),
        ("monitoring/rules.json", ("alerting",)),
        ("prometheus/rules/all.json", ("alerting",)),
        ("rules.json", ()),
        ("packages/eslint-plugin/rules.json", ()),
        ("monitoring/overview.json", ()),
        ("monitoring/dashboards/overview.json", ()),
        ("monitoring/crds/bundle.yaml", ()),
        (".semgrep/rules.yaml", ()),
        ("stylelint/rules.yml", ()),
        ("etc/falco/rules.yaml", ()),
        ("src/productcatalog/catalog/products.json", ()),
        ("catalog/operators/index.yaml", ()),
        ("catalog/teams.yaml", ("catalog",)),
    ],
)
def test_a_path_says_what_a_file_likely_holds(path: str, groups: tuple[str, ...]) -> None:
    assert likely_groups(path) == groups
