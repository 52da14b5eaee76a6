"""Credentials that people commit: none reaches the database, the logs, an answer of the API, a page or a command."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
import structlog
from click.testing import CliRunner
from organisation import RUNBOOK, TEAM, Organisation, alert, component

from app import log
from app.cli.main import cli
from app.web import create_app

MARK = "planted"
"""Begins every secret, so that a leak names its own source."""
ROUTING_KEY = "0123456789abcdef0123456789abcdef"
HOOK = f"https://hooks.slack.com/services/T000/B000/{MARK}{{}}"


def descriptor() -> str:
    text = component("shop").replace(
        "pagerduty.com/service-id: P1",
        f"pagerduty.com/integration-key: {ROUTING_KEY}, splunk.com/on-call-routing-key: {MARK}-splunk, "
        f"ilert.com/integration-key: {MARK}-ilert, acme/hook: '{HOOK.format('-annotation')}', "
        f"roadworthy.dev/runbook: 'https://ada:{MARK}-runbook@wiki.acme.example/shop'",
    )
    return text.replace(
        "spec: {", f"  links: [{{title: runbook, url: 'https://ada:{MARK}-link@wiki.acme.example/shop'}}]\nspec: {{"
    )


FILES = {
    "catalog-info.yaml": descriptor(),
    "docs/runbook.md": RUNBOOK + f"\n\n## Contact\n\nPost to {HOOK.format('-page')}\n",
    "a.yaml": alert("Leaky", f"https://ada:{MARK}-alert@wiki.acme.example/x"),
    "b.yaml": alert("Token", f"https://wiki.acme.example/x?access_token={MARK}-query"),
    "am.yaml": (
        f"global: {{slack_api_url: '{HOOK.format('-global')}', smtp_auth_password: {MARK}-smtp}}\n"
        "route: {receiver: a}\nreceivers:\n  - name: a\n"
        f"    slack_configs: [{{api_url: '{HOOK.format('-receiver')}'}}]\n"
        f"    pagerduty_configs: [{{routing_key: {MARK}-routing}}]\n"
        f"    opsgenie_configs: [{{api_key: {MARK}-opsgenie}}]\n"
        f"    webhook_configs: [{{url: 'https://ada:{MARK}-webhook@hook.acme.example/x', "
        f"http_config: {{authorization: {{credentials: {MARK}-credentials}}}}}}]\n"
    ),
    "broken-am.yaml": f"route: {{receiver: a}}\nreceivers:\n  - name: a\n    routing_key: {MARK}-broken: [\n",
    "twice.yaml": f"route: {{receiver: a}}\nreceivers: []\napi_key: {MARK}-once\napi_key: {MARK}-twice\n",
    "k8s/secret.yaml": (
        "apiVersion: v1\nkind: Secret\nmetadata: {name: alertmanager}\nstringData:\n"
        f"  password: {MARK}-secret\n  alertmanager.yaml: |\n    route: {{receiver: b}}\n    receivers:\n"
        f"      - name: b\n        victorops_configs: [{{api_key: {MARK}-victorops}}]\n"
    ),
    "k8s/deployment.yaml": (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop}\nspec:\n  selector: {matchLabels: {a: b}}\n"
        "  template:\n    metadata: {labels: {a: b}}\n    spec:\n      containers:\n        - name: shop\n"
        "          image: registry.acme.example/shop:1\n"
        f"          args: [--token={MARK}-argument]\n          env: [{{name: PASSWORD, value: {MARK}-env}}]\n"
    ),
    "infra/main.tf": (
        f'resource "aws_db_instance" "shop" {{\n  engine = "postgres"\n  password = "{MARK}-terraform"\n}}\n'
        f'variable "master" {{\n  default = "{MARK}-variable"\n}}\n'
    ),
    "kong.yaml": (
        "_format_version: '3.0'\nservices: [{name: shop, host: shop, routes: [{name: r, paths: [/]}]}]\n"
        f"consumers: [{{username: ada, keyauth_credentials: [{{key: {MARK}-kong}}]}}]\n"
        f"plugins: [{{name: http-log, config: {{http_endpoint: 'https://ada:{MARK}-log@log.acme.example'}}}}]\n"
    ),
    "slo.yaml": (
        "version: prometheus/v1\nservice: shop\nslos:\n  - name: up\n    objective: 99\n"
        "    sli: {raw: {error_ratio_query: 'rate(e[{{.window}}])'}}\n    alerting:\n      name: Up\n"
        f"      annotations: {{runbook_url: 'https://ada:{MARK}-slo@wiki.acme.example/x'}}\n"
    ),
}
NAMES = {
    "kind": "component",
    "namespace": "default",
    "name": "shop",
    "scorecard_id": "sre-maturity",
    "scorecard": "sre-maturity",
    "check_id": "oncall-key-not-committed",
    "notification_id": 1,
    "waiver_id": 1,
    "filename": "roadworthy.css",
}


@pytest.fixture(scope="module")
def crawled(tmp_path_factory):
    """The organisation after a crawl, and all that was logged on the way, debugging included."""
    written = io.StringIO()
    before = structlog.get_config()
    log.configure(level="debug", stream=written)
    made = Organisation(tmp_path_factory.mktemp("planted")).open()
    made.repository("catalog", {"catalog-info.yaml": TEAM})
    made.repository("shop", FILES, origin=f"https://ada:{MARK}-origin@git.acme.example/acme/shop")
    made.crawl()
    yield made, written
    made.close()
    structlog.configure(**before)


def leaks(text: str) -> list[str]:
    return sorted(set(re.findall(rf"{MARK}-[a-z]+|{ROUTING_KEY}", text)))


def test_the_secrets_are_seen_for_what_they_are(crawled):
    organisation, _ = crawled
    assert organisation.outcome("shop", "oncall-declared") == "pass"
    assert organisation.outcome("shop", "oncall-key-not-committed") == "fail"
    assert organisation.outcome("shop", "workload-declared") == "pass"


def test_the_database_holds_none(crawled):
    organisation, _ = crawled
    files = list((organisation.folder / ".roadworthy").glob("roadworthy.db*"))
    assert files
    assert [leaks(file.read_bytes().decode("latin-1")) for file in files] == [[]] * len(files)


def test_no_answer_of_the_api_no_page_and_no_log_line_holds_one(crawled):
    organisation, written = crawled
    client = create_app(organisation.pipeline, organisation="Acme").test_client()
    seen = {}
    for rule in create_app(organisation.pipeline).url_map.iter_rules():
        if "GET" not in (rule.methods or ()):
            continue
        path = rule.rule
        for name in rule.arguments:
            path = re.sub(rf"<(?:[a-z]+:)?{name}>", str(NAMES[name]), path)
        answer = client.get(path + ("?q=shop" if path == "/search" else ""), buffered=True)
        seen[path] = answer.status_code
        assert answer.status_code < 500, path
        assert leaks(answer.text) == [], path
    entity = "/api/v1/entities/by-name/component/default/shop"
    for path in (f"{entity}/facts", f"{entity}/results", "/entities/component/default/shop", "/api/v1/sources"):
        assert seen[path] == 200, path
    assert '"event": "repository' in written.getvalue() or "shop" in written.getvalue()
    assert leaks(written.getvalue()) == []


@pytest.mark.parametrize(
    "command",
    [
        ["facts", "--format", "json"],
        ["facts"],
        *(["check", "--format", one] for one in ("table", "json", "markdown", "sarif", "junit", "github")),
    ],
    ids=" ".join,
)
def test_no_command_prints_one(crawled, command, monkeypatch):
    organisation, _ = crawled
    monkeypatch.chdir(organisation.path("shop"))
    done = CliRunner().invoke(cli, command)
    assert "shop" in done.output
    assert leaks(done.output) == []


def test_explain_prints_none(crawled):
    organisation, _ = crawled
    config = Path(organisation.folder) / "roadworthy.yaml"
    done = CliRunner().invoke(cli, ["explain", "component:default/shop", "--config", str(config)])
    assert "shop" in done.output
    assert leaks(done.output) == []
