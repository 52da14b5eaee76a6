"""More webhooks at once than can be recorded: some are asked to come back, and what was answered 2xx is kept."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import pytest
import requests
from organisation import Organisation, component
from processes import Process
from sqlalchemy import select

from app.store.store import Store
from app.store.tables_inbound import inbound

SECRET = "generated-for-this-test-alone"
MANY = 6


@pytest.fixture
def organisation(tmp_path: Path) -> Organisation:
    said = "webhooks: {at_once: 1, sources: [{name: main, forge: github, secrets: [{env: HOOK_SECRET}]}]}\n"
    made = Organisation(tmp_path, said).open()
    made.repository("shop", {"catalog-info.yaml": component("shop")})
    made.crawl()
    made.close()
    return made


@pytest.fixture
def store(organisation: Organisation) -> Iterator[Store]:
    opened = Store.open(f"sqlite:///{organisation.folder / '.roadworthy' / 'roadworthy.db'}")
    yield opened
    opened.close()


def deliver(organisation: Organisation, url: str, number: int) -> requests.Response:
    repository = {"clone_url": organisation.url("shop"), "full_name": "acme/shop", "default_branch": "main"}
    tip = organisation.git("shop", "rev-parse", "HEAD").strip()
    payload = {"ref": "refs/heads/main", "before": "0" * 40, "after": tip, "repository": repository}
    body = json.dumps(payload).encode()
    headers = {
        "Content-Type": "application/json",
        "X-GitHub-Event": "push",
        "X-GitHub-Delivery": f"delivery-{number}",
        "X-Hub-Signature-256": "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest(),
    }
    return requests.post(f"{url}/webhooks/github/main", data=body, headers=headers, timeout=60)


def kept(store: Store) -> set[str]:
    with store.database.read() as connection:
        return set(connection.execute(select(inbound.c.delivery)).scalars())


def test_above_capacity_webhooks_are_asked_to_come_back_and_every_2xx_is_in_the_table(
    organisation: Organisation, store: Store
) -> None:
    config = organisation.folder / "roadworthy.yaml"
    with (
        Process(config, "serve", "--port", "0", "--no-worker", environ={"HOOK_SECRET": SECRET}) as server,
        ThreadPoolExecutor(MANY) as pool,
    ):
        url = server.url()
        with store.database.write():  # while another process writes nothing can be recorded
            sent = [pool.submit(deliver, organisation, url, number) for number in range(MANY)]
            ending = as_completed(sent, timeout=60)
            turned_away = [sent.index(next(ending)) for _ in range(MANY - 1)]
        answers = [one.result() for one in sent]
        (entered,) = set(range(MANY)) - set(turned_away)

        assert [answers[number].status_code for number in turned_away] == [503] * (MANY - 1)
        assert all(int(answers[number].headers["Retry-After"]) > 0 for number in turned_away)
        assert answers[entered].status_code == 202
        assert kept(store) == {f"delivery-{entered}"}

        again = [deliver(organisation, url, number).status_code for number in turned_away]
        assert again == [202] * (MANY - 1)
        assert kept(store) == {f"delivery-{number}" for number in range(MANY)}
