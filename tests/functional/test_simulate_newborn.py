"""`POST /api/v1/simulate` of what does not exist yet, and the admission webhook: judged, and nothing kept."""

import copy
import io
import json
import subprocess
import tarfile

import pytest
import yaml
from organisation import RUNBOOK, TEAM, Organisation, alert, component

from app.cli.options import packaged_scorecards
from app.facts.groups import SCHEMA
from app.pipeline.mend_apart import TOO_MUCH, mend_apart
from app.policy.documents import load
from app.web import create_app

DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "shop", "namespace": "shop", "labels": {"app": "shop"}},
    "spec": {
        "selector": {"matchLabels": {"app": "shop"}},
        "template": {
            "metadata": {"labels": {"app": "shop"}},
            "spec": {"containers": [{"name": "app", "image": "shop:latest", "ports": [{"containerPort": 80}]}]},
        },
    },
}
PRESENT = json.loads(json.dumps(DEPLOYMENT).replace('"shop"', '"guarded"'))
PRESENT["spec"]["replicas"] = 3
BUDGET = {
    "apiVersion": "policy/v1",
    "kind": "PodDisruptionBudget",
    "metadata": {"name": "guarded", "namespace": "guarded"},
    "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "guarded"}}},
}
DATABASE = 'resource "aws_db_instance" "orders" {\n  identifier = "orders"\n  engine     = "postgres"\n}\n'


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    made = Organisation(tmp_path_factory.mktemp("newborn")).open()
    made.repository("catalog", {"catalog-info.yaml": TEAM})
    made.repository("shop", {"catalog-info.yaml": component("shop"), "docs/runbook.md": RUNBOOK})
    made.repository("guarded", {"catalog-info.yaml": component("guarded"), "deploy.yaml": json.dumps(PRESENT),
                                "pdb.yaml": json.dumps(BUDGET)})  # fmt: skip
    made.crawl()
    yield create_app(made.pipeline).test_client()
    made.close()


def outcomes(answer, entity):
    assert answer.status_code == 200, answer.text
    (one,) = [one for one in answer.get_json()["born"] if one["entity"] == entity]
    return {check["id"]: check["outcome"] for card in one["scorecards"] for check in card["checks"]}


def test_files_are_judged_with_the_catalog_that_is_known_here(client):
    files = {"catalog-info.yaml": component("new"), "alerts.yaml": alert("Burning", "TODO")}
    found = outcomes(client.post("/api/v1/simulate", json={"files": files}), "component:default/new")
    assert (found["owner-is-team"], found["alert-runbook-linked"]) == ("pass", "fail")


def test_each_way_to_hand_a_text_over_is_read(client):
    database = outcomes(client.post("/api/v1/simulate", data=DATABASE, content_type="text/x-hcl"),
                        "resource:default/orders")  # fmt: skip
    assert database["db-backup-retention"] == "fail"
    said = client.post("/api/v1/simulate", json={"kind": "terraform", "content": DATABASE})
    assert outcomes(said, "resource:default/orders") == database
    entity = client.post("/api/v1/simulate", data=component("new"), content_type="application/yaml")
    assert outcomes(entity, "component:default/new")["catalog-entity-healthy"] == "pass"


def fix_of(answer, entity):
    assert answer.status_code == 200, answer.text
    body = answer.get_json()
    assert body["fix_problem"] is None
    (one,) = [one for one in body["born"] if one["entity"] == entity]
    return one["fix"]


def test_the_answer_holds_the_fix_and_with_it_the_check_passes(client, tmp_path):
    (tmp_path / "main.tf").write_text(DATABASE, "utf-8")
    fix = fix_of(client.post("/api/v1/simulate?name=main.tf", data=DATABASE, content_type="text/x-hcl"),
                 "resource:default/orders")  # fmt: skip
    assert "db-backup-retention" in {step["check"] for step in fix["steps"]}
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "apply", "-"], input=fix["diff"], text=True, cwd=tmp_path, check=True)
    text = (tmp_path / "main.tf").read_text("utf-8")
    mended = client.post("/api/v1/simulate?name=main.tf&fix=false", data=text, content_type="text/x-hcl")
    assert outcomes(mended, "resource:default/orders")["db-backup-retention"] == "pass"
    assert mended.get_json()["born"][0]["fix"] is None


def test_what_only_a_person_knows_of_a_newborn_is_asked_beside_its_fix(client):
    text = yaml.safe_dump(DEPLOYMENT).replace("shop", "orders")
    fix = fix_of(
        client.post("/api/v1/simulate", data=text, content_type="application/yaml"), "component:default/orders"
    )
    assert "workload-resources" in {question["check"] for question in fix["questions"]}
    assert "+kind: PodDisruptionBudget" in fix["diff"]


def test_the_fix_of_a_newborn_knows_its_owner_by_the_catalog(client):
    """The team, its members and its address are told by another repository, which is not handed in."""
    files = {"catalog-info.yaml": component("gifts"), "docs/runbook.md": "# Gifts\n\n## Overview\n\nSells gifts.\n"}
    answer = client.post("/api/v1/simulate", json={"files": files})
    fix = fix_of(answer, "component:default/gifts")
    assert outcomes(answer, "component:default/gifts")["owner-is-team"] == "pass"
    assert "team@acme.example" in fix["diff"]
    assert "owner" not in {question["key"] for question in fix["questions"]}
    assert "owner-is-team" not in {step["check"] for step in fix["steps"]}


def test_what_stands_elsewhere_already_is_not_made_again(client):
    """The workload that is handed in has its budget in a repository that is crawled."""
    fix = fix_of(client.post("/api/v1/simulate", json={"content": PRESENT}), "component:default/guarded")
    assert "PodDisruptionBudget" not in fix["diff"]


def test_an_object_in_json_is_mended_line_by_line(client):
    handed = json.loads(json.dumps(DEPLOYMENT).replace("shop", "orders"))
    handed["spec"]["replicas"] = 1
    fix = fix_of(client.post("/api/v1/simulate", json={"content": handed}), "component:default/orders")
    lines = fix["diff"].splitlines()
    assert '-    "replicas": 1' in lines
    assert '+    "replicas": 2' in lines
    assert not any("image" in line for line in lines if line.startswith(("-", "+")))


def test_a_fix_that_takes_too_long_is_told_and_the_verdict_stays(client):
    policy = load(packaged_scorecards(), SCHEMA)
    nothing: dict[str, list] = {"entities": [], "objects": []}
    place = "file:///handed-over/new"
    assert mend_apart(DATABASE.encode(), "main.tf", place, policy, [], nothing, seconds=0.05) == TOO_MUCH
    assert client.post("/api/v1/simulate?fix=maybe", json={"content": DATABASE}).status_code == 422


def test_an_archive_is_read_and_an_odd_one_refused(client):
    def packed(name):
        made = io.BytesIO()
        with tarfile.open(fileobj=made, mode="w:gz") as archive:
            text = component("new").encode()
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text))
        return client.post("/api/v1/simulate", data=made.getvalue(), content_type="application/gzip")

    assert outcomes(packed("catalog-info.yaml"), "component:default/new")
    refused = packed("../catalog-info.yaml")
    assert refused.status_code == 422
    assert "leads out of it" in refused.get_json()["detail"]


@pytest.mark.parametrize(
    ("body", "status"),
    [({}, 422), ({"files": {}, "content": "x"}, 422), ({"files": {"../a": "x"}}, 422), ({"files": 1}, 422),
     ({"content": "hello"}, 422), ([], 422)],
)  # fmt: skip
def test_what_is_no_such_body_is_refused(client, body, status):
    assert client.post("/api/v1/simulate", json=body).status_code == status


def test_an_unknown_content_type_is_told_so(client):
    assert client.post("/api/v1/simulate", data=b"x", content_type="image/png").status_code == 415


def test_a_manifest_replaces_its_namesake_and_keeps_what_guards_that(client):
    new = copy.deepcopy(PRESENT)
    new["spec"]["template"]["spec"]["containers"][0]["image"] = "shop@sha256:" + "a" * 64
    said = outcomes(client.post("/api/v1/simulate", json={"kind": "manifest", "content": new}),
                    "component:default/guarded")  # fmt: skip
    assert (said["image-pinned"], said["workload-pdb"]) == ("pass", "pass")
    beside = {**copy.deepcopy(new), "metadata": {**new["metadata"], "namespace": "elsewhere"}}
    said = outcomes(client.post("/api/v1/simulate", json={"kind": "manifest", "content": beside}),
                    "component:default/guarded")  # fmt: skip
    assert said["image-pinned"] == "fail"  # the present one stays, and counts


def test_nothing_is_kept(client):
    before = client.get("/api/v1/entities").get_json()["total"]
    client.post("/api/v1/simulate", json={"files": {"catalog-info.yaml": component("new")}})
    assert client.get("/api/v1/entities").get_json()["total"] == before


def test_the_admission_webhook_lets_everything_in_and_warns_of_what_one_object_shows(client):
    review = {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {"uid": "705ab4f5", "operation": "CREATE", "object": DEPLOYMENT},
    }
    answer = client.post("/api/v1/admission", json=review)
    assert answer.status_code == 200, answer.text
    response = answer.get_json()["response"]
    assert (response["uid"], response["allowed"]) == ("705ab4f5", True)
    assert any("image-pinned" in one for one in response["warnings"])
    assert all(len(one) <= 120 and "workload-pdb" not in one for one in response["warnings"])

    review["request"]["object"] = None  # a deletion
    assert client.post("/api/v1/admission", json=review).get_json()["response"]["warnings"] == []
