"""Descriptors of public repositories, read as they are."""

from __future__ import annotations

from pathlib import Path

from app.catalog.files import Files
from app.catalog.repository import DescriptorReading, read_repository_entities
from app.lib import documents

FIXTURES = Path(__file__).parents[2] / "fixtures"
URL = "https://github.com/acme/shop"


def read(fixture: str, path: str = "catalog-info.yaml", *beside: str) -> DescriptorReading:
    """What the fixture says at `path`; `beside` are further paths, each with the entities of the second fixture."""
    others = (FIXTURES / "catalog-pagerduty-entities.yaml").read_text()
    texts = {path: (FIXTURES / fixture).read_text(), **dict.fromkeys(beside, others)}
    files = Files(URL, frozenset(texts), texts.get, lambda _: "")
    return read_repository_entities({name: documents.load_all(text) for name, text in texts.items()}, files)


def test_the_entities_of_the_pagerduty_example_have_their_places_and_relations() -> None:
    reading = read("catalog-pagerduty-entities.yaml", "examples/entities.yaml")

    assert reading.problems == ()
    assert [(str(entity.ref), entity.line, entity.root) for entity in reading.entities] == [
        ("system:default/examples", 3, "examples"),
        ("component:default/example-website", 11, "examples"),
        ("component:default/second-service", 25, "examples"),
        ("api:default/example-grpc-api", 37, "examples"),
    ]
    website = reading.entities[1]
    assert website.annotations == {"pagerduty.com/service-id": "P6V1UFE"}
    assert [(relation.type, str(relation.target), relation.line) for relation in website.relations] == [
        ("ownedBy", "group:default/guests", 20),
        ("partOf", "system:default/examples", 21),
        ("providesApi", "api:default/example-grpc-api", 22),
    ]


def test_globs_of_a_location_that_match_nothing_are_told_one_by_one() -> None:
    message = "target ./{}/**/catalog-info.yaml matches no file of this repository"

    nothing = read("catalog-location-globs.yaml")
    one = read("catalog-location-globs.yaml", "catalog-info.yaml", "plugins/a/b/catalog-info.yaml")

    assert [(problem.line, problem.code, problem.message) for problem in nothing.problems] == [
        (19, "location-target", message.format("plugins")),
        (20, "location-target", message.format("utils")),
    ]
    assert [(problem.line, problem.message) for problem in one.problems] == [(20, message.format("utils"))]


def test_a_templated_skeleton_is_an_ignored_entity_without_problems() -> None:
    reading = read("catalog-skeleton-templated.yaml", "anywhere/catalog-info.yaml")

    assert reading.problems == ()
    assert [entity.ignored for entity in reading.entities] == [
        "is a template skeleton, filled in when a new project is made from it"
    ]


def test_a_skeleton_that_is_no_yaml_is_no_problem() -> None:
    assert read("catalog-skeleton-not-yaml.yaml", "anywhere/catalog-info.yaml") == DescriptorReading()
