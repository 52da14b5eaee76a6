"""References and the index over all entities."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalog.model import Catalog, Entity, EntityRef, Relation


def entity(text: str, *relations: tuple[str, str], ignored: str = "") -> Entity:
    ref = EntityRef.parse(text)
    told = tuple(Relation(ref, type_, EntityRef.parse(target)) for type_, target in relations)
    return Entity(
        ref=ref, kind=ref.kind, name=ref.name, namespace="default", document={}, relations=told, ignored=ignored
    )


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("Payments", "component:here/payments"),
        ("API:Payments", "api:here/payments"),
        ("team-a/payments", "component:team-a/payments"),
        ("api:team-a/Payments", "api:team-a/payments"),
        ("team-a/pay:ments", "component:team-a/pay:ments"),
    ],
)
def test_a_reference_is_read_with_its_defaults(text: str, ref: str) -> None:
    assert str(EntityRef.parse(text, kind="Component", namespace="here")) == ref


@pytest.mark.parametrize("text", ["", ":a", "kind:", "/a", "a/", "kind:/a", "kind:ns/"])
def test_an_empty_part_of_a_reference_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="is empty"):
        EntityRef.parse(text, kind="component")


def test_a_reference_without_a_default_kind_must_name_one() -> None:
    with pytest.raises(ValueError, match="needs a kind, such as component:payments"):
        EntityRef.parse("payments")


@given(st.from_regex(r"[a-zA-Z0-9]{1,9}", fullmatch=True), st.text(min_size=1, max_size=9), st.text(min_size=1))
def test_a_reference_survives_being_written_and_read(kind: str, namespace: str, name: str) -> None:
    ref = EntityRef(kind.lower(), namespace.replace("/", "-").lower(), name.lower())
    assert EntityRef.parse(str(ref)) == ref


def test_relations_are_known_from_both_ends() -> None:
    catalog = Catalog.of([entity("component:a", ("ownedBy", "group:g"), ("dependsOn", "resource:db"))])
    assert catalog.related(EntityRef.parse("group:g"), "ownerOf") == (EntityRef.parse("component:a"),)
    assert catalog.related(EntityRef.parse("resource:db"), "dependencyOf") == (EntityRef.parse("component:a"),)


def test_what_an_entity_says_of_itself_comes_before_what_others_say() -> None:
    claims = entity("group:loud", ("ownerOf", "component:a"))
    catalog = Catalog.of([claims, entity("component:a", ("ownedBy", "group:mine"))])
    assert str(catalog.owner(EntityRef.parse("component:a"))) == "group:default/mine"


def test_groups_nest_and_a_circle_ends() -> None:
    catalog = Catalog.of(
        [
            entity("group:a", ("parentOf", "group:b")),
            entity("group:b", ("parentOf", "group:c")),
            entity("group:c", ("parentOf", "group:a")),
        ]
    )
    assert {str(ref) for ref in catalog.group_tree(EntityRef.parse("group:a"))} == {
        "group:default/a",
        "group:default/b",
        "group:default/c",
    }


def test_a_relation_of_an_unknown_type_is_kept_one_way() -> None:
    catalog = Catalog.of([entity("component:a", ("mirrors", "component:b"))])
    assert catalog.related(EntityRef.parse("component:a"), "mirrors") == (EntityRef.parse("component:b"),)


def test_targets_that_nobody_knows_are_told() -> None:
    known = entity("group:g")
    catalog = Catalog.of([entity("component:a", ("ownedBy", "group:g"), ("partOf", "system:gone")), known])
    assert [str(relation.target) for relation in catalog.dangling()] == ["system:default/gone"]


def test_ignored_entities_are_left_out_and_the_first_of_two_wins() -> None:
    first, second = entity("component:a", ("ownedBy", "group:g")), entity("component:a")
    catalog = Catalog.of([entity("component:a", ignored="test data"), first, second])
    assert catalog.get(EntityRef.parse("component:a")) is first
