"""A web process follows the policy that the worker put in force, without a restart."""

import shutil

from organisation import TEAM, Organisation, component

from app.services import build, policy_folder
from app.settings import load
from app.web import create_app


def test_a_policy_that_the_worker_adopts_is_the_web_processs_too(tmp_path):
    shutil.copytree(policy_folder(), tmp_path / "scorecards")
    made = Organisation(tmp_path, "policy: {path: ./scorecards}\n").open()
    made.repository("catalog", {"catalog-info.yaml": TEAM})
    made.repository("shop", {"catalog-info.yaml": component("shop")})
    made.crawl()
    app = create_app(made.pipeline)
    moments = iter(range(1000))
    app.extensions["kept"].clock = lambda: float(next(moments))
    client = app.test_client()
    names = {check["id"]: check["name"] for check in client.get("/api/tech-insights/checks").get_json()}

    file = tmp_path / "scorecards" / "checks" / "ownership.yaml"
    file.write_text(file.read_text("utf-8").replace(names["owner-is-team"], "A team answers for it"), "utf-8")
    worker = build(load(tmp_path / "roadworthy.yaml", {}), clock=lambda: made.now)
    after = {check["id"]: check["name"] for check in client.get("/api/tech-insights/checks").get_json()}
    assert after["owner-is-team"] == "A team answers for it"
    assert client.get("/api/v1/scorecards").get_json()["policy_version"] == worker.policy.version
    for pipeline in (worker, made.pipeline):
        pipeline.store.close()
        pipeline.git.close()
