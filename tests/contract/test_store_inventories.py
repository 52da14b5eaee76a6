"""What files say, kept by difference, and whom a change concerns, for every database."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from store_examples import (
    MINUTE,
    NOW,
    OTHER,
    URL,
    add_repositories,
    claim,
    due_names,
    entity,
    fact_set,
    inventory,
    object_row,
    ref,
    save,
)

from app.catalog.model import Entity, EntityRef, Relation
from app.lib.problems import Problem
from app.store.model import Counts, JudgementRows, ProblemRow, UnreadableRow, Why
from app.store.store import Store

ODD = "rules/\udcff\x00é.yaml"


def settle(store: Store, *names: str) -> None:
    """Three entities that are declared, judged and no longer due."""
    add_repositories(store, URL, OTHER)
    save(store, entities=tuple(entity(name) for name in names))
    for item in store.due.claim(NOW, limit=100):
        store.due.fail(item, error="", next_due=NOW + timedelta(days=9))


def test_objects_come_back_with_place_commit_and_owner(store: Store) -> None:
    settle(store, "payments")
    row = object_row(ODD, 7, "payments", changed_at=NOW, changed_exact=True, ignored="")

    save(store, OTHER, tip="c" * 40, objects=(row,))

    (found,) = store.objects.of_entity(ref("payments"))
    assert (found.repository, found.commit, found.path, found.line) == (OTHER, "c" * 40, ODD, 7)
    assert (found.kind, found.body, found.refs, found.why) == ("alert_rule", row.body, row.refs, "label")
    assert (found.changed_at, found.changed_exact) == (NOW, True)
    assert store.objects.of_entity(ref("payments"), "objective") == []
    assert store.objects.of_repository(OTHER, path=ODD) == [found]
    assert list(store.objects.each(["alert_rule"])) == [found]


def test_saving_the_same_again_writes_no_row_and_makes_nobody_due(store: Store) -> None:
    settle(store, "payments")
    rows = {
        "objects": (object_row("a.yaml", 1, "payments"), object_row("a.yaml", 1, "payments")),
        "unreadable": (UnreadableRow(path="b.yaml", line=1, group="alerting", reason="a template"),),
        "problems": (ProblemRow(problem=Problem("c.yaml", 1, "yaml-invalid", "is not YAML")),),
        "paths": {"a.yaml": "1" * 40},
    }

    first = store.inventories.save(claim(store, OTHER), inventory(**rows), NOW)
    second = store.inventories.save(claim(store, OTHER, NOW + MINUTE), inventory(**rows), NOW + MINUTE)

    assert first == Counts(written=4, removed=0, due=1)
    assert second == Counts(written=0, removed=0, due=0)
    assert len(store.objects.of_repository(OTHER)) == 2


def test_only_changed_objects_are_written_and_their_owners_become_due(store: Store) -> None:
    settle(store, "payments", "orders", "cart")
    save(
        store, OTHER, objects=(object_row("p", 1, "payments"), object_row("o", 1, "orders"), object_row("c", 1, "cart"))
    )
    due_names(store)
    kept = store.objects.of_entity(ref("cart"))

    rows = inventory(objects=(object_row("p", 2, "payments"), object_row("c", 1, "cart")))
    counts = store.inventories.save(claim(store, OTHER, NOW + MINUTE), rows, NOW + MINUTE)

    assert counts == Counts(written=1, removed=2, due=2)
    assert due_names(store, NOW + MINUTE) == ["orders", "payments"]
    assert store.objects.of_entity(ref("cart")) == kept


def test_an_object_that_changes_hands_makes_both_due(store: Store) -> None:
    settle(store, "payments", "orders", "cart")
    save(store, OTHER, objects=(object_row("p", 1, "payments"),))
    due_names(store)

    save(store, OTHER, NOW + MINUTE, objects=(object_row("p", 1, "orders"),))

    assert due_names(store, NOW + MINUTE) == ["orders", "payments"]
    assert store.objects.of_entity(ref("payments")) == []


def test_objects_are_attributed_anew_without_another_crawl(store: Store) -> None:
    settle(store, "payments", "orders")
    save(store, OTHER, objects=(object_row("p"), object_row("q", 1, "orders")))
    due_names(store)
    (nobodys,) = store.objects.unattributed().items
    (orders,) = store.objects.of_entity(ref("orders"))

    handed = [(nobodys.id, [ref("payments")], "label service"), (orders.id, [ref("orders")], "label")]
    concerned = store.objects.attribute(handed, Why.CODE, NOW)

    assert concerned == {ref("payments")}
    assert due_names(store) == ["payments"]
    assert store.objects.unattributed().total == 0
    assert [item.why for item in store.objects.of_entity(ref("payments"))] == ["label service"]


def test_nobodys_objects_are_listed_in_pages_without_the_ignored(store: Store) -> None:
    add_repositories(store, OTHER)
    rows = [object_row("a", line) for line in (1, 2, 3)]
    save(store, OTHER, objects=(*rows, object_row("vendor/a", ignored="vendored")))

    first = store.objects.unattributed(limit=2)
    second = store.objects.unattributed(after=int(first.next_cursor or 0), limit=2)

    assert ([item.line for item in first.items], first.total) == ([1, 2], 3)
    assert ([item.line for item in second.items], second.next_cursor) == ([3], None)


def test_who_read_a_path_is_due_when_its_blob_changes_comes_or_goes(store: Store) -> None:
    settle(store, "changed", "absent", "untouched", "whole", "elsewhere")
    assert store.due.mark_all(Why.POLICY, NOW) == 5
    places = {
        "changed": (OTHER, "runbooks/a.md"),
        "absent": (OTHER, "runbooks/new.md"),
        "untouched": (OTHER, "runbooks/b.md"),
        "whole": (OTHER, ""),
        "elsewhere": (URL, "runbooks/a.md"),
    }
    save(store, OTHER, paths={"runbooks/a.md": "1" * 40, "runbooks/b.md": "2" * 40})
    for item in store.due.claim(NOW, limit=100):
        rows = {"fact_sets": (fact_set("runbooks", places[item.ref.name]),)}
        store.judgements.save(item.ref, item.generation, JudgementRows(**rows), NOW)

    after = {"runbooks/a.md": "9" * 40, "runbooks/b.md": "2" * 40, "runbooks/new.md": "3" * 40}
    save(store, OTHER, NOW + MINUTE, paths=after)
    first = due_names(store, NOW + MINUTE)
    save(store, OTHER, NOW + 5 * MINUTE, paths=after)

    assert first == ["absent", "changed", "whole"]
    assert due_names(store, NOW + 5 * MINUTE) == []
    assert store.due.readers(OTHER, ["runbooks/b.md"]) == {ref("untouched"), ref("whole")}


def test_the_caller_names_further_entities_to_be_due(store: Store) -> None:
    settle(store, "payments", "orders")

    save(store, OTHER, also_due=frozenset({ref("orders"), ref("nobody")}))

    assert due_names(store) == ["orders"]


def test_a_repository_tells_its_paths_tip_and_what_it_skipped(store: Store) -> None:
    add_repositories(store, URL)

    save(store, paths={"a": "1" * 40, ODD: ""}, tip="d" * 40, skipped=(("link", "a symbolic link"),))

    view = store.repositories.get(URL, NOW)
    assert view is not None
    assert view.paths == {"a": "1" * 16, ODD: ""}
    assert (view.tip, view.branch, view.read_at, view.skipped) == (
        "d" * 40,
        "main",
        NOW,
        (("link", "a symbolic link"),),
    )


def test_unreadable_places_concern_each_entity_and_go_with_their_repository(store: Store) -> None:
    settle(store, "payments", "orders")
    row = UnreadableRow(path="t.yaml", line=3, group="slo", reason="a template", refs=(ref("payments"), ref("orders")))

    save(store, OTHER, tip="e" * 40, unreadable=(row,))

    ((of, (mine,)),) = store.objects.unreadable_of_entities([ref("payments"), ref("nobody")]).items()
    assert (mine.repository, mine.commit, mine.path, mine.line, mine.reason) == (
        OTHER,
        "e" * 40,
        "t.yaml",
        3,
        "a template",
    )
    assert (of, mine.group) == (ref("payments"), "slo")
    assert due_names(store) == ["orders", "payments"]
    save(store, OTHER, NOW + MINUTE)
    assert store.objects.unreadable_of_entities([ref("payments"), ref("orders")]) == {}


def test_problems_are_listed_by_place_and_by_entity(store: Store) -> None:
    add_repositories(store, URL)
    late, early = Problem("b.yaml", 2, "code", "late"), Problem("a.yaml", 9, "code", "early")

    save(store, problems=(ProblemRow(problem=late, entity=str(ref("payments"))), ProblemRow(problem=early)))

    assert store.objects.problems_in([URL, OTHER]) == {URL: [early, late]}
    assert [item.entity for item in store.objects.first_problems(9) if item.problem == late] == [str(ref("payments"))]


def test_objects_of_an_orphaned_repository_no_longer_count_and_their_owners_are_due(store: Store) -> None:
    settle(store, "payments")
    save(store, OTHER, objects=(object_row("p", 1, "payments"),))
    due_names(store)

    add_repositories(store, URL)

    assert store.objects.of_entity(ref("payments")) == []
    assert due_names(store) == ["payments"]


def test_many_owners_and_objects_pass_the_bounds_of_one_statement(store: Store) -> None:
    add_repositories(store, URL)
    rows = tuple(object_row("p", line, f"e{line}") for line in range(1, 1301))

    save(store, objects=rows)

    found = store.objects.of_entities([EntityRef("component", "default", f"e{line}") for line in range(1, 1301)])
    assert {str(owner): [item.line for item in items] for owner, items in found.items()} == {
        f"component:default/e{line}": [line] for line in range(1, 1301)
    }


def related(name: str, kind: str, **relations: str) -> Entity:
    """An entity that states relations, as `type="kind:default/name"`."""
    own = ref(name, kind)
    stated = tuple(Relation(own, type_, EntityRef.parse(target)) for type_, target in relations.items())
    return replace(entity(name, kind=kind), relations=stated)


def test_who_may_inherit_over_any_number_of_steps_is_due_when_a_giver_changes(store: Store) -> None:
    add_repositories(store, URL, OTHER)
    below = (
        related("money", "system", partOf="domain:default/trade"),
        related("payments", "component", partOf="system:default/money"),
        related("worker", "component", partOf="component:default/payments"),
        related("staff", "group", parentOf="group:default/crew"),
        related("orders", "component", ownedBy="group:default/crew"),
        related("cart", "component", dependsOn="component:default/orders"),
    )
    save(store, entities=below)
    due_names(store)

    save(store, OTHER, entities=(entity("trade", kind="domain", repository=OTHER),))
    assert due_names(store) == ["money", "payments", "trade", "worker"]

    policy = replace(object_row("error-budget-policy.md"), refs=(ref("staff", "group"),))
    save(store, OTHER, entities=(entity("trade", kind="domain", repository=OTHER),), objects=(policy,))
    assert due_names(store) == ["orders", "staff"]

    (kept,) = store.objects.of_entity(ref("staff", "group"))
    store.objects.attribute([(kept.id, [ref("money", "system")], "its folder")], Why.SCOPE, NOW)
    assert due_names(store) == ["money", "orders", "payments", "staff", "worker"]


def test_a_circle_of_systems_ends(store: Store) -> None:
    add_repositories(store, URL)
    circle = (
        related("a", "system", partOf="system:default/b"),
        related("b", "system", partOf="system:default/a"),
        related("c", "component", partOf="system:default/a"),
    )
    save(store, entities=circle)
    due_names(store)

    save(store, entities=(*circle[:1], replace(circle[1], line=9), circle[2]))

    assert due_names(store) == ["a", "b", "c"]
