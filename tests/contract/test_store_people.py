"""Who is who, on every database: groups from either side, and addresses that name exactly one user."""

import pytest
from store_examples import URL, add_repositories, entity, ref, save

from app.catalog.model import EntityRef, Relation
from app.store.store import Store


def user(name: str, email: str, *groups: str) -> object:
    own = ref(name, "user")
    made = entity(name, kind="user", spec={"profile": {"email": email}})
    relations = tuple(Relation(own, "memberOf", EntityRef.parse(group, kind="group")) for group in groups)
    return type(made)(**{**{n: getattr(made, n) for n in made.__dataclass_fields__}, "relations": relations})


def group(name: str, *members: str) -> object:
    own = ref(name, "group")
    made = entity(name, kind="group")
    relations = tuple(Relation(own, "hasMember", ref(member, "user")) for member in members)
    return type(made)(**{**{n: getattr(made, n) for n in made.__dataclass_fields__}, "relations": relations})


@pytest.fixture
def known(store: Store) -> Store:
    add_repositories(store, URL)
    people = (
        user("ada", "Ada@acme.example", "team", "group:default/sre"),
        user("twin", "both@acme.example"),
        user("twain", "BOTH@acme.example"),
    )
    save(store, entities=(*people, group("team", "ada"), group("guild", "ada", "twin")))
    return store


def test_groups_are_told_by_the_user_or_by_the_group(known: Store) -> None:
    assert [one.name for one in known.people.groups_of(ref("ada", "user"))] == ["guild", "sre", "team"]
    assert [one.name for one in known.people.groups_of(ref("twin", "user"))] == ["guild"]
    assert known.people.groups_of(ref("nobody", "user")) == ()


def test_an_address_names_one_user_or_nobody(known: Store) -> None:
    assert known.people.by_email("ada@ACME.example") == ref("ada", "user")
    assert known.people.by_email("both@acme.example") is None
    assert known.people.by_email("none@acme.example") is None
