"""A small repository that fails for each fix: what is in it, and what only a person could have answered."""

from __future__ import annotations

from dataclasses import dataclass, field

from fixing import descriptor
from organisation import RUNBOOK

SERVICE = "component:default/shop"
DATABASE = "resource:default/shop"


@dataclass(frozen=True)
class FixCase:
    check: str
    files: dict[str, str | bytes]
    answers: dict[str, str] = field(default_factory=dict)
    entity: str = SERVICE
    name: str = ""


def rule(body: str = "", *, name: str = "HighErrorRate", expr: str = "", labels: str = "{severity: page}") -> str:
    """One alert in a file of its own, with everything that `body` does not replace."""
    expr = expr or 'sum(rate(http_requests_total{job="shop",code=~"5.."}[5m])) > 1'
    whole = {
        "for": "10m",
        "labels": labels,
        "annotations": "{summary: Requests fail, description: Customers see errors., runbook_url: docs/runbook.md}",
    }
    lines = [f"{key}: {value}" for key, value in whole.items() if f"{key}:" not in body]
    text = "".join(f"        {line}\n" for line in [*lines, *body.splitlines()])
    return f"groups:\n  - name: shop   # what wakes us\n    rules:\n      - alert: {name}\n        expr: {expr}\n{text}"


def service(*, runbook: str = RUNBOOK, entity: str = "", **files: str) -> dict[str, str | bytes]:
    named = {name.replace("__", "/").replace("_yaml", ".yaml"): text for name, text in files.items()}
    return {"catalog-info.yaml": entity or descriptor(), "docs/runbook.md": runbook, **named}


def workload(pod: str = "", spec: str = "", container: str = "", kind: str = "Deployment") -> str:
    return f"""# how it runs
apiVersion: apps/v1
kind: {kind}
metadata:
    name: shop
    namespace: shop
spec:
{spec}    selector:
        matchLabels: {{app: shop}}
    template:
        metadata:
            labels: {{app: shop}}
        spec:
{pod}            containers:
            -   name: web   # the only one
                image: registry.acme.example:5000/shop:1.2.3
                ports:
                -   containerPort: 8080
{container}"""


def sloth(alerting: str = "", objective: str = "99.9", description: str = "Requests answered well, for all.") -> str:
    said = f"    description: {description}\n" if description else ""
    return f"""version: prometheus/v1
service: shop
slos:
  - name: availability
    objective: {objective} # agreed
{said}    sli:
      events:
        error_query: sum(rate(http_requests_total{{job="shop",code=~"5.."}}[{{{{.window}}}}]))
        total_query: sum(rate(http_requests_total{{job="shop"}}[{{{{.window}}}}]))
{alerting}"""


GUARDED = """    alerting:
      name: ShopBudgetBurn
      annotations: {runbook_url: ../docs/runbook.md}
      page_alert: {labels: {severity: page}}
      ticket_alert: {labels: {severity: ticket}}
"""


def openslo(window: str = "28d") -> str:
    return f"""apiVersion: openslo/v1
kind: SLO
metadata: {{name: availability}}
spec:
  service: shop
  description: Requests answered well, for all.
  budgetingMethod: Occurrences
  timeWindow:
    - duration: {window}
      isRolling: true
  objectives:
    - target: 0.999
  indicator:
    metadata: {{name: availability}}
    spec:
      ratioMetric:
        counter: true
        good:
          metricSource: {{type: Prometheus, spec: {{query: 'sum(rate(http_ok_total{{job="shop"}}[5m]))'}}}}
        total:
          metricSource: {{type: Prometheus, spec: {{query: 'sum(rate(http_requests_total{{job="shop"}}[5m]))'}}}}
"""


def database(block: str = "", kind: str = "aws_db_instance", nested: str = "") -> dict[str, str | bytes]:
    name = {"aws_db_instance": "identifier", "aws_rds_cluster": "cluster_identifier"}.get(kind, "name")
    settings = {
        "aws_db_instance": {
            "engine": '"postgres"',
            "engine_version": '"16"',
            "backup_retention_period": "35",
            "deletion_protection": "true",
            "storage_encrypted": "true",
            "multi_az": "true",
            "maintenance_window": '"sun:03:00-sun:04:00"',
        },
        "google_sql_database_instance": {"database_version": '"POSTGRES_16"'},
        "aws_dynamodb_table": {"hash_key": '"id"'},
        "azurerm_postgresql_flexible_server": {"version": '"16"'},
    }[kind]
    lines = {**settings, **dict(line.split(" = ", 1) for line in block.splitlines() if " = " in line)}
    text = "".join(f"  {key} = {value}\n" for key, value in lines.items() if value != "-")
    body = f'# orders live here\nresource "{kind}" "shop" {{\n  {name} = "shop" # as it is called\n{text}{nested}}}\n'
    return {"catalog-info.yaml": descriptor("Resource", "database"), "main.tf": body}


def cluster(kind: str, body: str) -> dict[str, str | bytes]:
    text = f'resource "{kind}" "shop" {{\n  name = "shop"\n{body}}}\n'
    return {"catalog-info.yaml": descriptor("Resource", "kubernetes-cluster"), "main.tf": text}


def api(document: str) -> dict[str, str | bytes]:
    entity = descriptor("API", "openapi", extra="  definition:\n    $text: ./openapi.yaml\n")
    return {"catalog-info.yaml": entity, "openapi.yaml": document}


OPENAPI = """openapi: 3.0.3 # as the gateway wants it
info:
  title: shop
  version: 1.0.0
  description: Sells things.
  contact: {email: team@acme.example}
security: [{bearer: []}]
servers:
- url: https://api.acme.example/v1
paths:
  /orders:
    get:
      responses:
        '200': {description: All of them.}
    post:
      responses:
        '201': {description: Made.}
components:
  securitySchemes:
    bearer: {type: http, scheme: bearer}
"""
TYK = """openapi: 3.0.3
info: {title: shop, version: 1.0.0}
paths: {}
x-tyk-api-gateway:
  info: {name: shop, state: {active: true}}
  upstream: {url: http://shop.local}
  server: {listenPath: {value: /shop/}}
"""
SLOW = 'sum(rate(http_request_duration_seconds_bucket{job="shop",le="0.3"}[5m])) < 1'
PROBES = """                readinessProbe: {httpGet: {path: /readyz, port: 8080}}
                livenessProbe: {httpGet: {path: /livez, port: 8080}}
"""
HPA = """apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: shop, namespace: shop}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: shop}
  minReplicas: 3
  maxReplicas: 6
  metrics:
    - {type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}
"""
NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: payments\n"
VELERO = """apiVersion: velero.io/v1
kind: Schedule
metadata: {name: nightly, namespace: velero}
spec:
  schedule: 0 2 * * *
  template:
    ttl: 24h0m0s # a day
    includedNamespaces: ['*']
    storageLocation: default
---
apiVersion: velero.io/v1
kind: BackupStorageLocation
metadata: {name: default, namespace: velero}
spec: {provider: aws, objectStorage: {bucket: backups}}
"""
GKE = '  location = "europe-west4"\n  min_master_version = "1.34"\n'
SECRET = "  annotations:\n    pagerduty.com/integration-key: 0123456789abcdef\n"
HALF = "                resources:\n                    limits: {cpu: 500m, memory: 256Mi}\n"
POSTGRES = {
    "catalog-info.yaml": descriptor("Resource", "database"),
    "cluster.yaml": """apiVersion: postgresql.cnpg.io/v1
kind: Cluster
metadata:
  name: shop # orders
spec:
  instances: 1 # cheap
  storage: {size: 10Gi, storageClass: encrypted}
""",
}

CASES = [
    FixCase(
        "catalog-entity-healthy",
        {"README.md": "# Shop\n", "alerts.yaml": rule()},
        {"owner": "group:default/team", "type": "service", "lifecycle": "production"},
    ),
    FixCase(
        "owner-is-team",
        service(
            entity=descriptor().replace("owner: group:default/team\n  system", "owner: user:default/ada\n  system")
        ),
        {"owner": "group:default/team"},
    ),
    FixCase(
        "owner-contactable",
        service(
            entity=descriptor()
            .replace("slack.com/channel: team-help, ", "")
            .replace(", profile: {email: team@acme.example}", "")
        ),
        {"contact": "team@acme.example"},
    ),
    FixCase("tier-declared", service(entity=descriptor().replace("tier: t2", "team: ours")), {"tier": "t2"}),
    FixCase("tier-declared", service(entity=descriptor().replace("production", "Production")), name="lifecycle-case"),
    FixCase("system-declared", service(entity=descriptor().replace("  system: store\n", "")), {"system": "store"}),
    FixCase(
        "entity-described",
        service(entity=descriptor().replace("  description: Sells things to the people of Acme.\n", "")),
        {"description": "Sells things to people."},
    ),
    FixCase(
        "source-location-resolves",
        service(
            entity=descriptor(
                metadata="  annotations:\n    backstage.io/source-location: url:https://github.com/acme/shop/tree/main/gone/\n"
            )
        ),
    ),
    FixCase(
        "oncall-key-not-committed",
        service(entity=descriptor(metadata=SECRET)),
        {"pagerduty.com/service-id": "PSHOP01"},
    ),
    FixCase("slo-defined", service(alerts_yaml=rule())),
    FixCase("slo-objective-valid", service(slo_yaml=sloth(GUARDED, "0.999"))),
    FixCase("slo-window-standard", service(slo_yaml=openslo("1d"))),
    FixCase("slo-described", service(slo_yaml=sloth(GUARDED, description=""))),
    FixCase("slo-burn-rate-alerts", service(slo_yaml=sloth())),
    FixCase("slo-burn-rate-alerts", service(slo_yaml=openslo()), name="openslo"),
    FixCase(
        "slo-burn-rate-alerts",
        service(slo_yaml=sloth(GUARDED.replace("ticket_alert: {", "ticket_alert: {disable: true, "))),
        name="disabled",
    ),
    FixCase(
        "slo-signal-coverage",
        service(
            slo_yaml=sloth(GUARDED),
            alerts_yaml=rule(expr=SLOW),
        ),
        {"slo.latency_seconds": "0.3"},
    ),
    FixCase("alert-rules-present", service(alerts_yaml=rule(labels="{severity: warning}"))),
    FixCase("alert-name-style", service(alerts_yaml=rule(name="high_error_rate"))),
    FixCase("alert-severity-labelled", service(alerts_yaml=rule("labels: {severity: 'Critical'} # now"))),
    FixCase("alert-severity-labelled", service(alerts_yaml=rule("labels:")), {"severity": "page"}, name="asked"),
    FixCase("alert-hold-duration", service(alerts_yaml=rule("for: 2h"))),
    FixCase("alert-hold-duration", service(alerts_yaml=rule("for: 0s", expr="up == 0")), name="at-once"),
    FixCase(
        "alert-hold-duration",
        service(alerts_yaml=rule("for: 0s", expr="shop_uptime_seconds < 60")),
        {"for.HighErrorRate": "1m"},
        name="a-moment",
    ),
    FixCase("alert-annotations-complete", service(alerts_yaml=rule("annotations: {runbook_url: docs/runbook.md}"))),
    FixCase("alert-absence-covered", service(alerts_yaml=rule())),
    FixCase("alert-runbook-linked", service(alerts_yaml=rule("annotations: {}"))),
    FixCase(
        "alert-runbook-linked", service(slo_yaml=sloth(GUARDED.replace("../docs/runbook.md", "TODO"))), name="sloth"
    ),
    FixCase("alert-runbook-resolves", service(alerts_yaml=rule("annotations: {runbook_url: docs/runbook.md#gone}"))),
    FixCase("runbook-escalation-path", service(runbook=RUNBOOK.replace("## Escalation", "## Whom we thank"))),
    FixCase("workload-replicas", service(deploy__app_yaml=workload(spec="    replicas: 1 # cheap\n"))),
    FixCase("workload-pdb", service(deploy__app_yaml=workload(spec="    replicas: 3\n"))),
    FixCase("workload-spread", service(deploy__app_yaml=workload(spec="    replicas: 3\n"))),
    FixCase(
        "rollout-strategy-safe",
        service(deploy__app_yaml=workload(spec="    replicas: 3\n    strategy: {type: Recreate}\n")),
    ),
    FixCase(
        "rollout-strategy-safe",
        service(
            deploy__app_yaml=workload(
                spec="    replicas: 3\n",
                container="                lifecycle: {preStop: {sleep: {seconds: 30}}}\n",
            )
        ),
        name="grace",
    ),
    FixCase(
        "workload-probes",
        service(deploy__app_yaml=workload(container=PROBES.replace("/livez", "/readyz"))),
    ),
    FixCase(
        "workload-probes",
        service(deploy__app_yaml=workload()),
        {"readiness.web": "/readyz", "liveness.web": "/livez"},
        name="asked",
    ),
    FixCase("workload-resources", service(deploy__app_yaml=workload(container=HALF))),
    FixCase(
        "workload-resources", service(deploy__app_yaml=workload()), {"cpu": "100m", "memory": "256Mi"}, name="asked"
    ),
    FixCase(
        "image-pinned",
        service(deploy__app_yaml=workload().replace("shop:1.2.3", "shop:latest")),
        {"image.web": "2.0.1"},
    ),
    FixCase(
        "image-pinned",
        service(deploy__app_yaml=workload(), Dockerfile="FROM python:latest AS build\nRUN make\nFROM scratch\n"),
        {"base.python": "3.12-slim"},
        name="base",
    ),
    FixCase("metrics-scraped", service(deploy__app_yaml=workload()), {"metrics_port": "8080/stats"}),
    FixCase(
        "metrics-scraped",
        service(
            deploy__app_yaml=workload().replace("containerPort: 8080", "{containerPort: 9090, name: metrics}").rstrip()
        ),
        name="named-port",
    ),
    FixCase(
        "rollout-strategy-safe",
        service(deploy__app_yaml=workload(spec="    replicas: 3\n    revisionHistoryLimit: 0\n")),
        name="nothing-kept",
    ),
    FixCase(
        "workload-autoscaled",
        service(
            deploy__app_yaml=workload(spec="    replicas: 3\n", container=HALF.replace("limits", "requests") + PROBES)
        ),
        {"max_replicas": "6", "cpu_percent": "70"},
    ),
    FixCase(
        "workload-autoscaled",
        service(
            deploy__app_yaml=workload(spec="    replicas: 3\n", container=HALF.replace("limits", "requests") + PROBES),
            deploy__hpa_yaml=HPA,
        ),
        name="fixed-number",
    ),
    FixCase("container-hardened", service(deploy__app_yaml=workload()), {"non_root": "yes"}),
    FixCase(
        "container-hardened",
        service(deploy__app_yaml=workload(pod="            securityContext: {runAsUser: 1000}\n")),
        name="known-user",
    ),
    FixCase(
        "api-definition-valid",
        api(OPENAPI.replace("  contact: {email: team@acme.example}\n", "")),
        entity="api:default/shop",
    ),
    FixCase(
        "api-authenticated",
        {**api(OPENAPI.replace("security: [{bearer: []}]\n", "")), "gateway.yaml": TYK},
        entity="api:default/shop",
    ),
    FixCase("api-error-model", api(OPENAPI), entity="api:default/shop"),
    FixCase(
        "api-rate-limited", {**api(OPENAPI), "gateway.yaml": TYK}, {"rate_limit": "100/1s"}, entity="api:default/shop"
    ),
    FixCase(
        "api-versioned-and-deprecable",
        api(
            OPENAPI.replace("    post:\n", "    post:\n      deprecated: true\n").replace(
                "'201': {description: Made.}", "'201':\n          description: Made."
            )
        ),
        entity="api:default/shop",
    ),
    FixCase("db-backup-retention", database("backup_retention_period = 1"), entity=DATABASE),
    FixCase(
        "db-backup-retention",
        database("", "google_sql_database_instance", '\n  settings {\n    tier = "db-f1-micro"\n  }\n'),
        entity=DATABASE,
        name="google",
    ),
    FixCase(
        "db-backup-retention",
        database("backup_retention_days = 3", "azurerm_postgresql_flexible_server"),
        entity=DATABASE,
        name="azure",
    ),
    FixCase("db-deletion-protected", database("deletion_protection = -"), entity=DATABASE),
    FixCase("db-deletion-protected", database("", "azurerm_postgresql_flexible_server"), entity=DATABASE, name="azure"),
    FixCase("db-private-and-encrypted", database("publicly_accessible = true"), entity=DATABASE),
    FixCase(
        "db-private-and-encrypted",
        database("storage_encrypted = false"),
        {"encrypt.shop": "yes"},
        DATABASE,
        "encrypted",
    ),
    FixCase("db-high-availability", database("multi_az = false"), entity=DATABASE),
    FixCase("db-high-availability", POSTGRES, entity=DATABASE, name="cloudnative-pg"),
    FixCase("db-deletion-protected", POSTGRES, entity=DATABASE, name="cloudnative-pg"),
    FixCase("db-point-in-time", database("", "aws_dynamodb_table"), entity=DATABASE),
    FixCase(
        "db-maintenance-controlled",
        database("maintenance_window = -"),
        {"maintenance_window": "sun:03:00-sun:04:00"},
        DATABASE,
    ),
    FixCase(
        "cluster-multi-zone",
        cluster("azurerm_kubernetes_cluster", '  default_node_pool {\n    name = "a"\n  }\n'),
        {"zones": "1, 2, 3"},
        entity=DATABASE,
    ),
    FixCase(
        "cluster-upgrade-policy", cluster("google_container_cluster", GKE), {"maintenance_start": "03:00"}, DATABASE
    ),
    FixCase(
        "cluster-access-controlled",
        cluster("aws_eks_cluster", '  version = "1.35"\n\n  vpc_config {\n    subnet_ids = ["a", "b", "c"]\n  }\n'),
        {"authorized_networks": "203.0.113.0/24"},
        DATABASE,
    ),
    FixCase(
        "cluster-backup-scheduled", {**cluster("google_container_cluster", GKE), "velero.yaml": VELERO}, entity=DATABASE
    ),
    FixCase(
        "cluster-guardrails",
        {**cluster("google_container_cluster", GKE), "payments.yaml": NAMESPACE},
        {"cpu": "20", "memory": "64Gi", "default_cpu": "50m", "default_memory": "256Mi"},
        DATABASE,
    ),
    FixCase("codeowners-valid", service(alerts_yaml=rule())),
    FixCase(
        "codeowners-covers-service", {**service(alerts_yaml=rule()), ".github/CODEOWNERS": "/docs/ @acme/writers\n"}
    ),
]
SKELETONS = [
    FixCase("service-runbook-present", {"catalog-info.yaml": descriptor(), "alerts.yaml": rule()}),
    FixCase(
        "service-runbook-complete", service(runbook="# Shop\n\n## Overview\n\n" + "It sells things to people. " * 40)
    ),
    FixCase(
        "alert-runbook-actionable",
        service(
            alerts_yaml=rule("annotations: {runbook_url: docs/runbook.md#known}"),
            runbook=RUNBOOK + "\n## Known\n\nIt is known.\n",
        ),
    ),
]
