"""Whose an object is: an explicit reference, then labels, then the deepest component folder."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from app.attribution.attribute import Attributor
from app.attribution.model import PROVIDES, Attribution, Rules
from app.catalog.model import Catalog, Entity, EntityRef
from app.formats.model import AlertRule, Object, Objective, Runbook

HERE, BOOKS = "https://github.com/acme/shop", "https://github.com/acme/runbooks"


@dataclass(frozen=True)
class At:
    """An object and where it stands."""

    object: Object
    path: str = "rules.yaml"
    repository: str = HERE


@dataclass
class World:
    entities: list[Entity] = field(default_factory=list)

    def add(self, name: str, root: str | None = None, *, kind: str = "component", **more: Any) -> World:
        annotations = more.pop("annotations", {})
        self.entities.append(
            Entity(
                ref=EntityRef(kind, "default", name.lower()),
                kind=kind.capitalize(),
                name=name,
                namespace="default",
                document={"metadata": {"name": name, "annotations": annotations}},
                repository=more.pop("repository", HERE) if root is not None else "",
                root=root or "",
                **more,
            )
        )
        return self

    def of(self, placed: At, rules: Rules | None = None) -> tuple[str, ...]:
        return tuple(str(ref) for ref in self.ask(placed, rules).refs)

    def ask(self, placed: At, rules: Rules | None = None) -> Attribution:
        return Attributor(Catalog.of(self.entities), rules or Rules()).of(placed)


def alert(
    labels: dict[str, str] | None = None, matchers: dict[str, tuple[str, ...]] | None = None, **more: Any
) -> AlertRule:
    given: dict[str, Any] = {"annotations": {}, "object_labels": {}, "object_annotations": {}, **more}
    return AlertRule(
        line=1,
        name="A",
        group="g",
        expr="up",
        expr_valid="valid",
        labels=labels or {},
        matchers=matchers or {},
        **given,
    )


def runbook(**front: str) -> Runbook:
    return Runbook(line=1, title="T", front_matter=front)


SHOP = ("component:default/orders",)
CART = ("component:default/cart",)


def shop() -> World:
    return World().add("orders", "services/orders").add("cart", "services/cart").add("shop", "")


KEY = {"roadworthy.dev/entity": "cart"}


def test_a_key_comes_before_a_label_and_a_label_before_the_folder() -> None:
    place = "services/orders/rules.yaml"

    assert shop().of(At(alert({"service": "shop"}, annotations=KEY), place)) == CART
    assert shop().of(At(alert({"service": "cart"}), place)) == CART
    assert shop().of(At(alert(), place)) == SHOP


@pytest.mark.parametrize(
    ("types", "owner"),
    [
        (("service", "library"), ("component:default/shop",)),
        (("library", "library"), ()),
        (("service", "website"), ()),
        (("service", "odd"), ()),
    ],
)
def test_a_library_beside_the_service_does_not_make_their_folder_ambiguous(types, owner) -> None:
    world = World().add("shop", "").add("client", "")
    for entity, type_ in zip(world.entities, types, strict=True):
        entity.document["spec"] = {"type": type_}

    assert world.of(At(alert()), Rules(unscored=frozenset(("library",)))) == owner


@pytest.mark.parametrize("where", ["labels", "annotations", "object_labels", "object_annotations"])
def test_a_key_counts_wherever_it_may_stand(where: str) -> None:
    assert shop().of(At(alert(**{where: KEY}))) == CART


def test_a_key_may_be_a_whole_reference() -> None:
    world = shop().add("cart", "", kind="api")

    assert world.of(At(alert({"roadworthy.dev/entity": " API:default/Cart "}))) == ("api:default/cart",)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            "component:default/gone",
            "labels roadworthy.dev/entity names component:default/gone, which is not in the catalog",
        ),
        (
            "component:",
            "labels roadworthy.dev/entity: “component:” is not an entity reference: "
            "a part of [kind:][namespace/]name is empty",
        ),
    ],
)
def test_a_key_that_names_nobody_is_not_replaced_by_a_guess(text: str, why: str) -> None:
    answer = shop().ask(At(alert({"roadworthy.dev/entity": text, "service": "orders"}), "services/orders/a.yaml"))

    assert answer == Attribution((), why)


def test_a_bare_key_that_is_no_name_gives_nobody() -> None:
    assert shop().ask(At(alert({"roadworthy.dev/entity": "gone"}), "services/orders/a.yaml")) == Attribution(
        (), "labels roadworthy.dev/entity is “gone”, which is no entity's name"
    )


def test_labels_are_asked_in_the_order_of_the_rules() -> None:
    thing = At(alert({"job": "shop", "app": "orders", "service": "unknown"}))

    assert shop().of(thing) == SHOP
    assert shop().of(thing, Rules(labels=("job", "app"))) == ("component:default/shop",)


def test_matchers_of_the_expression_count_after_the_alerts_own_labels() -> None:
    world = shop()

    assert world.of(At(alert({"job": "orders"}, {"job": ("cart",)}))) == SHOP
    assert world.of(At(alert({}, {"job": ("Cart",)}), "services/orders/a.yaml")) == CART


def test_matchers_that_name_two_components_are_ambiguous_and_the_folder_does_not_decide() -> None:
    answer = shop().ask(At(alert({}, {"job": ("orders", "cart")}), "services/orders/a.yaml"))

    assert answer == Attribution(
        (),
        "its expression's job is “cart, orders”, which is ambiguous: component:default/cart, component:default/orders",
    )


def test_a_service_label_that_names_nobody_leaves_it_to_the_folder_or_says_so() -> None:
    assert shop().of(At(alert({"service": "gone"}), "services/orders/a.yaml")) == SHOP
    assert World().ask(At(alert({"service": "gone"}))) == Attribution(
        (), "label service is “gone”, which is no entity's name"
    )


def test_a_service_called_ambiguous_is_no_ambiguity() -> None:
    assert shop().of(At(alert({"service": "ambiguous"}), "services/orders/a.yaml")) == SHOP


def test_namespace_and_kubernetes_id_come_from_annotations() -> None:
    world = (
        World()
        .add("orders", annotations={"backstage.io/kubernetes-namespace": "Prod-Orders"})
        .add("cart", annotations={"backstage.io/kubernetes-id": "cart-v2"})
    )

    assert world.of(At(alert(namespace="prod-orders"))) == SHOP
    assert world.of(At(alert({"namespace": "orders"}))) == ()
    assert world.of(At(alert({"app": "cart-v2"}))) == CART


def test_a_component_is_preferred_over_a_system_of_the_same_name() -> None:
    assert World().add("orders", kind="system").add("orders").of(At(alert({"app": "orders"}))) == SHOP


@pytest.mark.parametrize("kind", ["group", "user", "domain", "location"])
def test_other_kinds_own_no_evidence(kind: str) -> None:
    assert World().add("orders", "", kind=kind).of(At(alert({"app": "orders"}))) == ()


def test_orphans_and_ignored_entities_own_nothing() -> None:
    world = World().add("orders", "", orphan=True).add("cart", "", ignored="is test data")

    assert world.of(At(alert({"app": "orders"}))) == ()
    assert world.of(At(alert({"app": "cart"}))) == ()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("services/orders/deep/down/rules.yaml", SHOP),
        ("services/orders/rules.yaml", SHOP),
        ("services/orders.yaml", ("component:default/shop",)),
        ("services/orders-v2/rules.yaml", ("component:default/shop",)),
        ("rules.yaml", ("component:default/shop",)),
    ],
)
def test_the_deepest_component_folder_owns_a_file(path: str, expected: tuple[str, ...]) -> None:
    assert shop().of(At(alert(), path)) == expected


def test_folders_of_another_repository_say_nothing() -> None:
    answer = shop().ask(At(alert(), "services/orders/a.yaml", BOOKS))

    assert answer == Attribution((), "no label names an entity, and no component folder holds it")


def test_two_components_in_one_folder_are_ambiguous() -> None:
    answer = World().add("a", "").add("b", "").ask(At(alert(), "x/rules.yaml"))

    assert answer == Attribution(
        (), "it lies in the repository, which is ambiguous: component:default/a, component:default/b"
    )


def test_an_ambiguous_folder_is_not_settled_by_the_one_above() -> None:
    assert shop().add("a", "lib").add("b", "lib").of(At(alert(), "lib/rules.yaml")) == ()


def test_the_service_of_an_objective_names_its_component() -> None:
    objective = Objective(
        line=1,
        name="o",
        slo="s",
        format="sloth",
        service="Cart",
        ratio=0.99,
        labels={},
        object_labels={},
        object_annotations={},
    )

    assert shop().of(At(objective, "services/orders/slo.yaml")) == CART


def test_front_matter_names_the_entity_of_a_runbook() -> None:
    assert shop().of(At(runbook(service="cart"), "services/orders/rb.md")) == CART
    assert shop().of(At(runbook(entity="component:default/cart"), "services/orders/rb.md")) == CART


EVIDENCE = Rules(evidence={BOOKS: PROVIDES["runbooks"]})


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("orders.md", SHOP),
        ("orders/README.md", SHOP),
        ("team/Orders/high-latency.md", SHOP),
        ("orders/cart.md", CART),
        ("general/disk.md", ()),
    ],
)
def test_in_a_repository_of_runbooks_the_path_names_the_component(path: str, expected: tuple[str, ...]) -> None:
    world = shop().add("books", "", repository=BOOKS)

    assert world.of(At(runbook(), path, BOOKS), EVIDENCE) == expected


def test_the_root_component_of_an_evidence_repository_owns_only_what_it_does_not_provide() -> None:
    world = World().add("books", "", repository=BOOKS)
    rules = Rules(evidence={BOOKS: PROVIDES["alerts"]})

    assert world.of(At(alert(), "a/rules.yaml", BOOKS), rules) == ()
    assert world.of(At(runbook(), "a/rb.md", BOOKS), rules) == ("component:default/books",)


def test_what_cannot_be_read_is_attributed_by_place_alone() -> None:
    attributor = Attributor(Catalog.of(shop().entities), Rules())

    assert attributor.of_place(HERE, "services/cart/broken.yaml") == Attribution(
        (EntityRef("component", "default", "cart"),), "it lies in services/cart"
    )


def test_a_repository_that_is_read_anew_is_attributed_by_its_new_entities() -> None:
    other = "https://github.com/acme/other"
    known = Attributor(Catalog.of(shop().add("ledger", "", repository=other).entities), Rules())
    fresh = World().add("orders", "orders").add("ledger", "ledger").entities

    attributor = known.replacing(HERE, fresh)

    assert attributor.of(At(alert({"service": "orders"}))).refs == (EntityRef("component", "default", "orders"),)
    assert attributor.of(At(alert(), "orders/rules.yaml")).refs == (EntityRef("component", "default", "orders"),)
    assert attributor.of(At(alert(), "services/cart/rules.yaml")).refs == (), "cart is gone"
    assert attributor.of(At(alert({"service": "cart"}), "x.yaml")).refs == ()
    assert attributor.of(At(alert(), "ledger/rules.yaml")).refs == (), "ledger is declared elsewhere first"
    assert attributor.of(At(alert({"service": "ledger"}))).refs == (EntityRef("component", "default", "ledger"),)
    assert attributor.of(At(runbook(entity="component:default/cart"))).refs == ()
    assert attributor.of(At(alert(), "rules.yaml", other)).refs == (EntityRef("component", "default", "ledger"),)
    assert known.of(At(alert({"service": "cart"}))).refs == (EntityRef("component", "default", "cart"),)
