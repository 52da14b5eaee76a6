"""A service whose fixes are asked for as requests, over real HTTP, and the stub of the forge that keeps them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fix_cases import rule
from fixing import descriptor
from organisation import RUNBOOK, Organisation
from request_stub import RequestForge

from app.clients.forges import gitea, github, gitlab
from app.clients.forges.requests import FORGES
from app.lib.http import Http
from app.pipeline.fix_keeper import FixKeeper
from app.pipeline.fix_requests import FixRequests, Speaking
from app.web import create_app

APIS = {"github": github.api, "gitlab": gitlab.api, "gitea": gitea.api}
BRANCH = "roadworthy/fix-component-default-shop"
FILES = {"catalog-info.yaml": descriptor(), "docs/runbook.md": RUNBOOK, "alerts.yaml": rule("annotations: {}")}
URL = "/api/v1/entities/by-name/component/default/shop/fix/pull-request"
ONE = {"checks": ["alert-runbook-linked"]}


@contextmanager
def on_forge(name: str, folder: Path) -> Iterator[RequestForge]:
    """The stub of a forge, with `organisation`, a `client` of the API, and the `keeper` that a worker runs."""
    organisation = Organisation(folder).open()
    organisation.repository("shop", FILES)
    organisation.crawl()
    head = organisation.git("shop", "rev-parse", "HEAD").strip()
    with RequestForge(name, FILES, head) as stub:
        api = APIS[name](Http(allow_private=True), stub.address, lambda: "token")
        api.sleep = lambda _: None
        speaking = Speaking("forge.example", "acme", api, FORGES[name], name)
        known_here = _AsOnForge((speaking,), "https://portal.example")
        stub.organisation = organisation
        stub.client = create_app(organisation.pipeline, fix_requests=known_here).test_client()
        stub.keeper = FixKeeper(organisation.pipeline, known_here)
        yield stub
    assert stub.wrong == []
    organisation.close()


class _AsOnForge(FixRequests):
    """The stub's repository is crawled from a folder; on its forge it is acme/shop."""

    def _forge(self, repository):
        return FixRequests._forge(self, "https://forge.example/acme/shop")


def asked(stub, body=ONE, status=200):
    answer = stub.client.post(URL, json=body, headers={"Origin": "http://localhost"})
    assert answer.status_code == status, answer.text
    return answer.json


def pushed(stub, files):
    """A push to the default branch, and a crawl of it; None takes a file away."""
    stub.organisation.push("shop", files)
    stub.organisation.crawl()
    stub.organisation.judge()
    head = stub.organisation.git("shop", "rev-parse", "HEAD").strip()
    stub.moved(head, {path: text for path, text in {**stub.files("main"), **files}.items() if text is not None})
