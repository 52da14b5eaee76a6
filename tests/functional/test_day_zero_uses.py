"""docs/day-zero.md: a scaffolder's step, a job of CI and an admission webhook ask before anything is created."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import kubernetes_validate
import pytest
import requests
import yaml
from built_wheel import CHECKOUT
from ci_runners import environment
from organisation import TEAM, Organisation
from serving import served
from test_ci_entry_points import valid
from test_day_zero import DATABASE, DEPLOYMENT
from test_golden_paths_backstage import ask

from app.identity import tokens
from app.identity.access import Access
from app.identity.authenticator import Authenticator
from app.identity.model import READ
from app.web import create_app

PAGE = (CHECKOUT / "docs" / "day-zero.md").read_text("utf-8")
SNIPPETS = dict(re.findall(r"```yaml\n# (\S+)\n(.*?)```", PAGE, re.DOTALL))
OPEN = "http://127.0.0.1:7100"


@pytest.fixture(scope="module")
def organisation(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    made = Organisation(tmp_path_factory.mktemp("uses"), now=datetime.now(UTC)).open()
    made.repository("catalog", {"catalog-info.yaml": TEAM})
    made.crawl()
    yield made
    made.close()


def test_the_scaffolders_step_is_a_valid_templates_and_its_request_is_answered(organisation) -> None:  # type: ignore[no-untyped-def]
    template = yaml.safe_load(SNIPPETS["template.yaml"])
    (step,) = template["spec"]["steps"]
    values = {"body": json.dumps(step["input"]["body"])}
    given = {"name": "orders", "owner": "group:default/team"}
    run = {"steps": [{"files": {"body": "${{ values.body }}"}, "values": values}], "parameters": given}
    said = ask("nunjucks", [run], [template])

    assert said["entities"] == [None]
    assert step["input"]["path"] == "/proxy/roadworthy/api/v1/simulate"
    with served(create_app(organisation.pipeline)) as url:
        answer = requests.post(
            f"{url}/api/v1/simulate", data=said["runs"][0]["body"], headers=step["input"]["headers"], timeout=60
        )
    assert answer.status_code == 200, answer.text
    (born,) = answer.json()["born"]
    assert born["entity"] == "component:default/orders"
    assert born["scorecards"][0]["level"] == "none"
    passed = {check["id"] for check in born["scorecards"][0]["checks"] if check["outcome"] == "pass"}
    assert "owner-is-team" in passed


def test_the_pages_commands_and_job_judge_what_is_rendered(organisation, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    workflow = tmp_path / "workflow.yaml"
    workflow.write_text(SNIPPETS[".github/workflows/rendered.yaml"], "utf-8")
    valid("github-workflows", workflow)
    (job,) = yaml.safe_load(workflow.read_text("utf-8"))["jobs"].values()
    (block,) = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "rendered.yaml").write_text(DEPLOYMENT, "utf-8")
    (folder / "main.tf").write_text(DATABASE, "utf-8")
    program = shlex.join([sys.executable, "-m", "app.cli"])
    with served(create_app(organisation.pipeline)) as url:
        lines = [*block.splitlines(), *(step["run"] for step in job["steps"] if "check" in step.get("run", ""))]
        said = []
        for line in lines:
            script = line.replace("helm template shop ./chart", "cat rendered.yaml").replace(OPEN, url)
            script = re.sub(r"\broadworthy check", f"{program} check", script)
            env = environment(PYTHONPATH=str(CHECKOUT), GITHUB_STEP_SUMMARY=str(tmp_path / "summary"))
            done = subprocess.run(
                ["bash", "-eo", "pipefail", "-c", script], cwd=folder, env=env, capture_output=True, text=True
            )
            assert done.returncode == 0, line + done.stderr
            said.append(done.stdout)
    assert "component:default/orders" in said[0]
    assert "resource:default/orders" in said[1]
    assert {one["entity"] for one in json.loads(said[2])["born"]} >= {"resource:default/orders"}
    assert (
        (tmp_path / "summary").read_text("utf-8").startswith("### component:default/orders: not_rated (target bronze)")
    )


def test_the_webhook_is_what_kubernetes_takes_and_answers_whom_its_file_names(organisation) -> None:  # type: ignore[no-untyped-def]
    webhook = yaml.safe_load(SNIPPETS["webhook.yaml"])
    kubernetes_validate.validate(webhook, "1.33", strict=True)
    (hook,) = webhook["webhooks"]
    address = hook["clientConfig"]["url"]
    (user,) = yaml.safe_load(SNIPPETS["roadworthy.kubeconfig"])["users"]
    assert user["name"] == address.split("/")[2]
    review = {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {"uid": "705ab4f5", "operation": "CREATE", "object": yaml.safe_load(DEPLOYMENT)},
    }
    here = organisation.pipeline
    made = tokens.new()
    row = tokens.StoredToken(
        id=made.id, name="kube-apiserver", digest=made.digest, scopes=frozenset({READ}), created_at=here.clock()
    )
    assert here.store.tokens.add(row)
    authenticator = Authenticator(tokens=here.store.tokens, directory=here.store.people, clock=here.clock)
    app = create_app(here, access=Access(authenticator=authenticator))
    with served(app) as url:
        there = address.replace("https://roadworthy.acme.example", url)
        assert requests.post(there, json=review, timeout=60).status_code == 401
        answer = requests.post(there, json=review, headers={"Authorization": f"Bearer {made.text}"}, timeout=60)
    assert answer.status_code == 200, answer.text
    response = answer.json()["response"]
    assert response["allowed"] is True
    assert any("image-pinned" in warning for warning in response["warnings"])
