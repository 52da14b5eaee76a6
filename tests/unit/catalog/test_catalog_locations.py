"""Where an entity's code lies."""

from __future__ import annotations

import pytest

from app.catalog.locations import Location, locate
from app.catalog.model import Entity, EntityRef

REF = EntityRef("component", "default", "a")


def entity(**fields: str) -> Entity:
    return Entity(ref=REF, kind="Component", name="a", namespace="default", document={}, **fields)


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({}, None),
        (
            {"source_location": "url:https://github.com/o/r/tree/main/svc/"},
            Location("https://github.com/o/r", "main", "svc"),
        ),
        ({"source_location": "url:https://github.com/o/r/"}, Location("https://github.com/o/r")),
        (
            {"source_location": "url:https://gitlab.acme.example/g/s/r/-/blob/main/svc/catalog-info.yaml"},
            Location("https://gitlab.acme.example/g/s/r", "main", "svc"),
        ),
        (
            {"managed_by_location": "url:https://github.com/o/r/blob/v1/svc/entities.yaml"},
            Location("https://github.com/o/r", "v1", "svc", "svc/entities.yaml"),
        ),
        ({"managed_by_location": "bootstrap:bootstrap"}, None),
        ({"managed_by_location": "file:/srv/catalog-info.yaml"}, None),
        ({"managed_by_location": "url:https://acme.example/catalog-info.yaml"}, None),
        (
            {"repository": "https://github.com/o/found", "root": "x", "path": "x/c.yaml"},
            Location("https://github.com/o/found", "", "x", "x/c.yaml"),
        ),
        (
            {
                "repository": "https://github.com/o/r",
                "root": "",
                "path": "c.yaml",
                "source_location": "url:https://github.com/o/r/tree/main/svc",
            },
            Location("https://github.com/o/r", "main", "svc", "c.yaml"),
        ),
    ],
)
def test_the_source_location_leads_then_where_the_descriptor_lies(
    fields: dict[str, str], place: Location | None
) -> None:
    assert locate(entity(**fields)) == place
