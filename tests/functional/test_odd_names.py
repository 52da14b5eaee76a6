"""A repository whose names are bytes that are not UTF-8 is scored, told of and shown like any other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from organisation import Organisation, alert, component

from app.web import create_app


@pytest.fixture
def organisation(tmp_path: Path) -> Iterator[Organisation]:
    made = Organisation(tmp_path).open()
    yield made
    made.close()


def test_names_that_are_not_utf_8_cost_no_answer_and_no_neighbour(organisation: Organisation) -> None:
    odd = b"alerts/caf\xe9.yaml".decode("utf-8", "surrogateescape")
    organisation.repository("odd", {"catalog-info.yaml": component("odd"), odd: alert("OddDown", "")})
    organisation.git("odd", "branch", "-m", b"caf\xe9".decode("utf-8", "surrogateescape"))
    organisation.repository("plain", {"catalog-info.yaml": component("plain")})

    assert organisation.crawl().failures == {}
    organisation.judge()

    assert organisation.outcome("odd", "alert-rules-present") == "unknown"
    assert organisation.reason("odd", "alert-rules-present") == (
        "alerts/caf\\xe9.yaml:1 can't be read: has a name that is not UTF-8"
    )
    assert organisation.outcome("plain", "alert-rules-present") == "fail"
    client = create_app(organisation.pipeline).test_client()
    sources = client.get("/api/v1/sources")
    assert [row["branch"] for row in sources.get_json()["repositories"]] == ["caf\\xe9", "main"]
    for page in ("/", "/sources", "/entities/component/default/odd", "/api/v1/entities/by-name/component/default/odd"):
        assert client.get(page).status_code == 200, page
