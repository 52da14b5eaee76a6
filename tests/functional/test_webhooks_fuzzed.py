"""Every webhook route, given what nobody should send: believed or refused, no failure of ours, none kept unproven."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import drawn
import mutants
import pytest
from flask.testing import FlaskClient
from forge_events import Told, payloads
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from organisation import TEAM, Organisation, component
from sqlalchemy import func, select

from app.store.tables_inbound import inbound
from app.web import create_app
from app.webhooks.forges import FORGES
from app.webhooks.gate import Gate
from app.webhooks.probe import signed
from app.webhooks.receive import Source

SOURCES = {
    name: Source("main", forge, ("generated-for-this-test", "its-heir"), "file://", gates=True)
    for name, forge in FORGES.items()
}
_REAL = [path.read_bytes() for path in sorted((mutants.ROOT / "tests" / "fixtures").glob("webhook-*.json"))]
_EVENTS = (
    "push",
    "repository",
    "pull_request",
    "Push Hook",
    "Merge Request Hook",
    "repo:push",
    "repo:refs_changed",
    "x",
)
_SECONDS = 2.0
_VALUES: Any = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(mutants.VALUES[:14]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=5),
    max_leaves=12,
)
_KNOWN = (
    "ref",
    "after",
    "repository",
    "project",
    "push",
    "changes",
    "object_kind",
    "clone_url",
    "default_branch",
    "action",
)
_OBJECTS = st.dictionaries(st.sampled_from(_KNOWN), _VALUES, max_size=8)
_BODIES = st.one_of(
    st.binary(max_size=200),
    _OBJECTS.map(lambda value: json.dumps(value).encode()),
    st.tuples(st.sampled_from(_REAL), st.integers(0, 2**32)).map(lambda two: mutants.mutant(two[0], Random(two[1]))),
    st.sampled_from(_REAL),
)
_TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=60).map(
    str.strip
)


@dataclass
class Door:
    """The routes of one application, and how many deliveries it keeps."""

    organisation: Organisation
    client: FlaskClient = field(init=False)

    def __post_init__(self) -> None:
        gate = Gate({(name, "main"): one for name, one in SOURCES.items()}, max_body=100_000, at_once=4)
        self.client = create_app(self.organisation.pipeline, gate=gate).test_client()

    def kept(self) -> int:
        with self.organisation.pipeline.store.database.read() as connection:
            return connection.execute(select(func.count()).select_from(inbound)).scalar_one()

    def post(self, forge: str, headers: dict[str, str], body: bytes) -> int:
        began = time.thread_time()
        answer = self.client.post(f"/webhooks/{forge}/main", data=body, headers=headers)
        assert time.thread_time() - began < _SECONDS
        return answer.status_code


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    organisation = Organisation(tmp_path_factory.mktemp("fuzzed")).open()
    organisation.repository("shop", {"catalog-info.yaml": component("shop") + "---\n" + TEAM})
    organisation.crawl()
    yield Door(organisation)
    organisation.close()


def is_object(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body), dict)
    except (ValueError, RecursionError):
        return False


often = settings(drawn.often(60), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@pytest.mark.parametrize("forge", sorted(FORGES))
@often
@given(body=_BODIES, event=st.sampled_from(_EVENTS) | _TEXT, number=st.integers(0, 1), identity=_TEXT)
def test_whatever_a_forge_itself_sends_is_taken_or_called_malformed(
    door: Door, forge: str, body: bytes, event: str, number: int, identity: str
) -> None:
    headers = signed(SOURCES[forge], body, number)
    for name in headers:
        if name.endswith(("Event", "Event-Key")):
            headers[name] = event
        if name.endswith(("Delivery", "UUID", "Request-Id")):
            headers[name] = identity or headers[name]

    status = door.post(forge, headers, body)

    assert status in ((413,) if len(body) > 100_000 else (200, 202) if is_object(body) else (400,))


@pytest.mark.parametrize("forge", sorted(FORGES))
@often
@given(which=st.integers(0, 100), dice=st.integers(0, 2**32), number=st.integers(0, 1))
def test_a_payload_of_the_forge_with_any_part_another_is_recorded(
    door: Door, forge: str, which: int, dice: int, number: int
) -> None:
    """Its repository is one that is crawled, so that hints are given and change requests are handed to the gate."""
    shapes = payloads(forge, Told("shop", door.organisation.url("shop")))
    event, whole = shapes[which % len(shapes)]
    body = mutants.payload(json.dumps(whole).encode(), Random(dice))
    headers = signed(SOURCES[forge], body, number)
    for name in headers:
        if name.endswith(("Event", "Event-Key")):
            headers[name] = event

    assert door.post(forge, headers, body) in ((413,) if len(body) > 100_000 else (200, 202))


@pytest.mark.parametrize("forge", sorted(FORGES))
def test_a_payload_of_the_forge_as_it_is_gives_its_hint(door: Door, forge: str) -> None:
    shapes = payloads(forge, Told("shop", door.organisation.url("shop")))
    for event, whole in shapes:
        body = json.dumps({**whole, "once": forge}).encode()
        headers = signed(SOURCES[forge], body)
        headers |= {name: event for name in headers if name.endswith(("Event", "Event-Key"))}
        assert door.post(forge, headers, body) == 202

    with door.organisation.pipeline.store.database.read() as connection:
        rows = connection.execute(
            select(inbound.c.event, inbound.c.state, inbound.c.reason, inbound.c.hint)
            .where(inbound.c.forge == forge)
            .order_by(inbound.c.id.desc())
            .limit(len(shapes))
        ).all()
    assert any(row.hint for row in rows)
    assert "handed to the gate" in [row.reason for row in rows]


@pytest.mark.parametrize("forge", sorted(FORGES))
@often
@given(body=_BODIES, proof=_TEXT, dice=st.integers(0, 2**32))
def test_nothing_without_proof_is_kept(door: Door, forge: str, body: bytes, proof: str, dice: int) -> None:
    headers, before = signed(SOURCES[forge], body + b" "), door.kept()
    if forge == "gitlab":  # a shared token proves whatever body it comes with
        headers.pop("X-Gitlab-Token")
    for name in [name for name in headers if "Signature" in name and Random(dice).random() < 0.7]:
        headers[name] = proof

    status = door.post(forge, headers, body)

    assert status in (401, 413)
    assert door.kept() == before


@often
@given(forge=_TEXT, source=_TEXT)
def test_a_source_that_nobody_set_up_is_not_there(door: Door, forge: str, source: str) -> None:
    if source == "main" and forge in FORGES:
        return
    answer = door.client.post(f"/webhooks/{forge.replace('?', '')}/{source.replace('?', '')}", data=b"{}")

    assert answer.status_code in (403, 404, 405, 308)  # 403: no webhook's path at all, but a form's
