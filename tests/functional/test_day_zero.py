"""What does not exist yet, scored: archives, single files and standard input, as a developer hands them over."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from organisation import RUNBOOK, TEAM, alert, component

ROOT = Path(__file__).parent.parent.parent
DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata: {name: orders, namespace: shop}
spec:
  replicas: 1
  selector: {matchLabels: {app: orders}}
  template:
    metadata: {labels: {app: orders}}
    spec:
      containers:
        - {name: app, image: "orders:latest", ports: [{containerPort: 8080}]}
"""
DATABASE = """resource "aws_db_instance" "orders" {
  identifier              = "orders"
  engine                  = "postgres"
  backup_retention_period = 14
  deletion_protection     = true
}
"""
CLUSTER = 'resource "aws_eks_cluster" "main" {\n  name    = "prod"\n  version = "1.35"\n}\n'
CONTRACT = """openapi: 3.0.3
info: {title: Orders API, version: 1.0.0}
paths: {/orders: {get: {responses: {"200": {description: fine}}}}}
"""
FILES = {"catalog-info.yaml": TEAM + "---\n" + component("shop"), "alerts.yaml": alert("Burning", "TODO"),
         "docs/runbook.md": RUNBOOK}  # fmt: skip


def ran(*arguments: str, stdin: str | bytes = b"", folder: Path = ROOT) -> subprocess.CompletedProcess[bytes]:
    environment = {name: text for name, text in os.environ.items() if not name.startswith(("ROADWORTHY", "GIT_"))}
    command = [sys.executable, "-m", "app.cli", "check", *arguments]
    data = stdin.encode() if isinstance(stdin, str) else stdin
    environment["PYTHONPATH"] = str(ROOT)
    done = subprocess.run(command, input=data, cwd=folder, env=environment, capture_output=True, timeout=120)
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    return done


def checked(*arguments: str, stdin: str | bytes = b"") -> dict[str, Any]:
    done = ran(*arguments, "--format", "json", stdin=stdin)
    assert done.returncode == 0, done.stderr.decode()
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def outcomes(body: dict[str, Any], entity: str, scorecard: str) -> dict[str, str]:
    (card,) = [
        card
        for one in body["entities"]
        if one["entity"] == entity
        for card in one["scorecards"]
        if card["id"] == scorecard
    ]
    return {check["id"]: check["outcome"] for check in card["checks"]}


def tarred(files: dict[str, str], mode: str = "w:gz") -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode=mode) as archive:  # type: ignore[call-overload]
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    return made.getvalue()


def zipped(files: dict[str, str]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return made.getvalue()


def test_an_archive_is_scored_as_the_folder_that_it_holds(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / "shop" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "shop" / name).write_text(text, "utf-8")
    (tmp_path / "shop.tar.gz").write_bytes(tarred({f"shop-1.0/{name}": text for name, text in FILES.items()}))

    folder = outcomes(checked(str(tmp_path / "shop")), "component:default/shop", "sre-maturity")
    file = outcomes(checked(str(tmp_path / "shop.tar.gz")), "component:default/shop", "sre-maturity")
    piped = outcomes(checked("-", stdin=zipped(FILES)), "component:default/shop", "sre-maturity")

    assert folder["alert-rules-present"] == "pass"
    assert folder["alert-runbook-linked"] == "fail"
    assert file == piped == folder


def test_a_manifest_from_standard_input_is_a_service_that_nobody_declared_yet() -> None:
    body = checked("-", stdin=DEPLOYMENT)

    found = outcomes(body, "component:default/orders", "sre-maturity")
    assert body["entities"][0]["provisional"]
    assert (found["workload-replicas"], found["image-pinned"], found["catalog-entity-healthy"]) == ("fail",) * 3
    assert found["rollout-strategy-safe"] == "pass"


def test_terraform_from_standard_input_is_the_database_that_it_would_make() -> None:
    body = checked("-", stdin=DATABASE)

    found = outcomes(body, "resource:default/orders", "database-reliability")
    assert (found["db-backup-retention"], found["db-deletion-protected"]) == ("pass", "pass")
    assert (found["catalog-entity-healthy"], found["db-private-and-encrypted"]) == ("fail", "fail")
    assert [one["entity"] for one in body["entities"]] == ["resource:default/orders"]


def test_a_cluster_and_a_contract_are_scored_as_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / "main.tf").write_text(CLUSTER)
    (tmp_path / "openapi.yaml").write_text(CONTRACT)

    body = checked(str(tmp_path))

    assert outcomes(body, "resource:default/prod", "kubernetes-cluster")["catalog-entity-healthy"] == "fail"
    assert outcomes(body, "api:default/orders-api", "api-reliability")["api-error-model"] == "fail"
    assert body["unattributed"] == []


def test_what_is_found_beside_a_service_is_no_reason_to_make_entities_up_where_one_is_declared() -> None:
    body = checked("-", stdin=tarred({"catalog-info.yaml": component("shop"), "main.tf": DATABASE}))

    assert [one["entity"] for one in body["entities"]] == ["component:default/shop"]


def test_what_was_handed_over_is_told_with_its_fix_and_a_tree_with_the_command(tmp_path: Path) -> None:
    bare = DATABASE.replace("  backup_retention_period = 14\n", "")
    (tmp_path / "main.tf").write_text(bare)
    (handed,) = checked("-", "--stdin-name", "main.tf", stdin=bare)["entities"]
    (tree,) = checked(str(tmp_path))["entities"]

    assert "+  backup_retention_period" in handed["fix"]["diff"]
    assert "fix_commands" not in handed
    assert tree["fix_commands"]["db-backup-retention"] == "roadworthy fix --check db-backup-retention"
    said = ran("-", "--format", "table", stdin=DEPLOYMENT).stdout.decode()
    assert "the fix of component:default/orders for git apply" in said
    assert "roadworthy fix" not in said
    assert "+kind: PodDisruptionBudget" in said
    page = ran("-", "--format", "markdown", stdin=DEPLOYMENT).stdout.decode()
    assert "\n```diff\ndiff --git a/docs/runbook.md" in page
    assert "roadworthy fix" not in page  # there is no repository to run it in


def test_a_descriptor_from_standard_input_is_told_what_it_lacks() -> None:
    body = checked("-", stdin=component("shop"))

    (entity,) = body["entities"]
    assert (entity["entity"], entity["provisional"]) == ("component:default/shop", False)
    assert entity["next_steps"][0]["remediation"]


def test_a_name_says_what_a_text_is() -> None:
    rules = alert("Burning", "TODO")
    named = outcomes(
        checked("-", "--stdin-name", "rules/shop.rules", stdin=rules), "component:default/new", "sre-maturity"
    )
    assert named["alert-rules-present"] == "pass"


@pytest.mark.parametrize(
    ("stdin", "why"),
    [
        (b"", "standard input holds nothing"),
        (b"hello there", "nothing says what this text is: name it, such as main.tf"),
        (b"\x00\x01\x02\xff" * 100, "nothing says what this text is"),
        (
            b"kind: Deployment\nmetadata: [\nspec: }\n",
            "nothing says what this text is: name it, such as main.tf, deployment.yaml or catalog-info.yaml "
            "(--stdin-name, or `name` in a request); as YAML it breaks at line 3, column 7: did not find expected node",
        ),
        (tarred({"../../etc/passwd": "x"}), "the archive is refused: ../../etc/passwd leads out of it"),
    ],
    ids=["empty", "prose", "bytes", "broken", "escape"],
)
def test_what_can_not_be_read_is_refused_with_one_sentence(stdin: bytes, why: str) -> None:
    done = ran("-", stdin=stdin)

    assert done.returncode == 3
    assert done.stdout == b""
    (line,) = done.stderr.decode().splitlines()
    assert line.startswith(f"roadworthy: {why}")


def test_a_hostile_name_is_refused() -> None:
    done = ran("-", "--stdin-name", "../x.yaml", stdin=DEPLOYMENT)
    assert done.returncode == 3
    assert b"leads out of it" in done.stderr
