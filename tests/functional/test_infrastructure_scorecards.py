"""APIs, databases and what runs a service, from a push to a verdict: through the real pipeline and its pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from organisation import Organisation

from app.web import create_app

CATALOG = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: shop}
spec: {type: service, lifecycle: production, owner: team, providesApis: [shop-api], dependsOn: [resource:shop-db]}
---
apiVersion: backstage.io/v1alpha1
kind: API
metadata: {name: shop-api}
spec: {type: openapi, lifecycle: production, owner: team, definition: {$text: ./openapi.yaml}}
---
apiVersion: backstage.io/v1alpha1
kind: Resource
metadata: {name: shop-db}
spec: {type: database, owner: team}
"""
SPEC = """\
openapi: 3.1.0
info: {title: Shop, version: 1.0.0, description: Sells things., contact: {email: team@acme.example}}
paths:
  /v1/carts: {get: {responses: {'200': {description: ok}}}}
"""
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec: {containers: [{name: app, image: "shop:1.0"}]}
"""
DATABASE = 'resource "aws_db_instance" "shop" {\n  engine = "postgres"\n  backup_retention_period = var.days\n}\n'
FILES: dict[str, str | bytes] = {
    "catalog-info.yaml": CATALOG,
    "openapi.yaml": SPEC,
    "deploy/base/kustomization.yaml": "resources: [app.yaml]\n",
    "deploy/base/app.yaml": DEPLOYMENT,
    "deploy/prod/kustomization.yaml": "resources: [../base]\n",
    "infra/main.tf": DATABASE,
    "infra/variables.tf": 'variable "days" {\n  default = 1\n}\n',
}


@pytest.fixture
def organisation(tmp_path: Path) -> Iterator[Organisation]:
    made = Organisation(tmp_path).open()
    made.repository("shop", FILES)
    made.crawl()
    yield made
    made.close()


def outcome(organisation: Organisation, ref: str, card: str, check: str) -> str:
    from flask import json

    from app.catalog.model import EntityRef

    rows = organisation.pipeline.store.judgements.results(EntityRef.parse(ref))
    body = next(json.loads(row.body) for row in rows if row.scorecard == card)
    return str(next(one["outcome"] for one in body["checks"] if one["id"] == check))


def test_an_overlay_in_another_file_turns_what_runs_the_service(organisation: Organisation) -> None:
    asked = (organisation, "component:default/shop", "sre-maturity", "workload-replicas")
    assert outcome(*asked) == "fail"
    overlay = "resources: [../base]\nreplicas: [{name: shop, count: 3}]\n"
    organisation.push("shop", {"deploy/prod/kustomization.yaml": overlay})
    organisation.crawl()
    assert outcome(*asked) == "pass"


def test_a_variable_in_another_file_turns_the_database(organisation: Organisation) -> None:
    asked = (organisation, "resource:default/shop-db", "database-reliability", "db-backup-retention")
    assert outcome(*asked) == "fail"
    organisation.push("shop", {"infra/prod.tfvars": "days = 30\n"})
    organisation.crawl()
    assert outcome(*asked) == "pass"


def test_a_gateway_turns_the_api_and_the_component_that_provides_it(organisation: Organisation) -> None:
    for ref in ("api:default/shop-api", "component:default/shop"):
        assert outcome(organisation, ref, "api-reliability", "api-authenticated") == "fail"
    kong = '_format_version: "3.0"\nservices: [{name: shop, plugins: [{name: key-auth}]}]\n'
    organisation.push("shop", {"gateway/kong.yaml": kong})
    organisation.crawl()
    for ref in ("api:default/shop-api", "component:default/shop"):
        assert outcome(organisation, ref, "api-reliability", "api-authenticated") == "pass"


def test_a_page_shows_scorecards_in_policys_order(organisation: Organisation) -> None:
    page = (
        create_app(organisation.pipeline).test_client().get("/entities/component/default/shop").get_data(as_text=True)
    )
    assert 0 < page.index("SRE maturity") < page.index("API reliability")
