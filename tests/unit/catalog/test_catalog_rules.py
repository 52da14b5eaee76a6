"""Backstage's rules for one entity: each broken one is told on its line."""

from __future__ import annotations

import pytest

from app.catalog.model import EntityRef
from app.catalog.relations import stated
from app.catalog.validation import problems_of
from app.lib import documents

HEAD = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n"
SPEC = "spec: {type: service, lifecycle: production, owner: team-a}\n"


def told(text: str) -> list[tuple[int, str]]:
    return [(problem.line, problem.code) for problem in problems_of(documents.load(text), "catalog-info.yaml")]


def of_metadata(text: str) -> list[tuple[int, str]]:
    """Problems of a component whose metadata is named `a` on line 4 and says `text` from line 5 on."""
    return told(f"{HEAD}  name: a\n{text}{SPEC}")


def of_kind(kind: str, spec: str) -> list[tuple[int, str]]:
    """Problems of an entity whose spec's first entry stands on line 5."""
    return told(f"apiVersion: backstage.io/v1alpha1\nkind: {kind}\nmetadata: {{name: a}}\nspec:\n{spec}")


@pytest.mark.parametrize("name", ["a", "A-b_c.D", "'0'", "a" * 63, "3.7.1", "on"])
def test_names_that_backstage_takes(name: str) -> None:
    assert told(f"{HEAD}  name: {name}\n{SPEC}") == []


@pytest.mark.parametrize("name", ["-a", "a-", "a b", "a/b", "é", "a" * 64, "''", "null", "[a]", "5", "3.7", "true"])
def test_names_that_it_does_not(name: str) -> None:
    assert told(f"{HEAD}  name: {name}\n{SPEC}") == [(4, "entity-name")]


def test_a_missing_name_stands_where_metadata_begins() -> None:
    assert told(f"{HEAD}  title: A\n{SPEC}") == [(4, "entity-name")]
    assert told(f"apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: text\n{SPEC}") == [
        (3, "entity-metadata")
    ]


@pytest.mark.parametrize("namespace", ["Prod", "a_b", "a--b", "-a", "a" * 64, "5", "''"])
def test_a_namespace_is_lower_case_words(namespace: str) -> None:
    assert of_metadata(f"  title: A\n  namespace: {namespace}\n") == [(6, "entity-namespace")]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("Bad.Prefix/name: x", "label-key"),
        ("a/b/c: x", "label-key"),
        ("-a: x", "label-key"),
        (f"{'a' * 64}: x", "label-key"),
        ("tier: 1", "label-value"),
        ("tier: null", "label-value"),
        ("tier: a b", "label-value"),
        (f"tier: {'a' * 64}", "label-value"),
    ],
)
def test_a_broken_label_is_told_on_its_own_line(line: str, code: str) -> None:
    assert of_metadata(f"  labels:\n    good.example/x: ''\n    {line}\n") == [(7, code)]


def test_an_annotation_may_say_anything_as_long_as_it_is_text() -> None:
    assert of_metadata("  annotations:\n    a.example/b: any text, at all!\n    c: 5\n    d e: x\n") == [
        (7, "annotation-value"),
        (8, "annotation-key"),
    ]
    assert of_metadata("  annotations: [a]\n") == [(5, "entity-annotations")]


def test_tags_and_links_are_told_one_by_one() -> None:
    text = "  tags:\n    - go\n    - c++\n    - Big\n    - 5\n  links:\n    - url: https://a.example\n    - title: x\n"

    assert of_metadata(text) == [(8, "entity-tag"), (9, "entity-tag"), (12, "entity-link")]


@pytest.mark.parametrize(
    ("version", "broken"),
    [
        ("backstage.io/v1alpha1", False),
        ("v1", False),
        ("acme_x/v1", True),
        ("a/b/c", True),
        ("''", True),
        ("v-1", True),
    ],
)
def test_an_api_version_has_a_shape(version: str, broken: bool) -> None:
    text = f"apiVersion: {version}\nkind: Thing\nmetadata: {{name: a}}\n"

    assert told(text) == ([(1, "entity-api-version")] if broken else [])


def test_a_kind_is_one_word() -> None:
    assert told("apiVersion: v1\nkind: My-Kind\nmetadata: {name: a}\n") == [(2, "entity-kind")]


@pytest.mark.parametrize(
    ("kind", "spec", "expected"),
    [
        (
            "Component",
            "  type: x\n  lifecycle: ''\n  owner: 5\n",
            [(6, "spec-lifecycle"), (7, "spec-owner"), (7, "entity-ref")],
        ),
        ("API", "  type: x\n  lifecycle: y\n  owner: z\n  definition: {$text: ./a}\n", []),
        ("API", "  type: x\n  lifecycle: y\n  owner: z\n  definition: {a: b}\n", [(8, "spec-definition")]),
        ("API", "  type: x\n  lifecycle: y\n  owner: z\n", [(5, "spec-definition")]),
        (
            "API",
            "  type: mcp-server\n  lifecycle: y\n  owner: z\n  remotes: [{type: sse, url: https://a.example}]\n",
            [],
        ),
        ("API", "  type: mcp-server\n  lifecycle: y\n  owner: z\n  remotes: []\n", [(5, "spec-definition")]),
        (
            "API",
            "  type: x\n  lifecycle: y\n  owner: z\n  remotes: [{url: https://a.example}]\n",
            [(5, "spec-definition")],
        ),
        ("Group", "  type: team\n", [(5, "spec-children")]),
        ("Group", "  type: team\n  children: []\n", []),
        ("User", "  profile: {}\n", [(4, "spec-member-of")]),
        ("System", "  owner: a\n", []),
        ("Domain", "  subdomainOf: b\n", [(5, "spec-owner")]),
        ("Custom", "  anything: [1]\n", []),
    ],
)
def test_each_kind_needs_its_own_entries(kind: str, spec: str, expected: list[tuple[int, str]]) -> None:
    assert of_kind(kind, spec) == expected


def test_a_spec_must_be_a_mapping() -> None:
    assert told(f"{HEAD}  name: a\nspec: [x]\n") == [(5, "entity-spec")]
    assert told(f"{HEAD}  name: a\n") == [(1, "entity-spec")]


def test_broken_references_are_told_where_they_stand() -> None:
    spec = "  type: x\n  owner: 'group:'\n  dependsOn:\n    - resource:db\n    - orders\n    - 5\n  providesApis: a\n"

    assert of_kind("Resource", spec) == [
        (6, "entity-ref"),
        (11, "spec-providesapis"),
        (9, "entity-ref"),
        (10, "entity-ref"),
    ]


def test_stated_relations_have_defaults_and_lines_and_leave_out_what_is_broken() -> None:
    ref = EntityRef("component", "shop", "orders")
    document = documents.load(
        "spec:\n  owner: Team-A\n  dependsOn:\n    - resource:x/DB\n    - orders\n  system: 'a:'\n"
    )

    assert [(r.source, r.type, str(r.target), r.line) for r in stated(ref, document)] == [
        (ref, "ownedBy", "group:shop/team-a", 2),
        (ref, "dependsOn", "resource:x/db", 4),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", "component:default/a"),
        ("x/a", "component:x/a"),
        ("API:a", "api:default/a"),
        ("API:X/A", "api:x/a"),
        ("x/a:b", "component:x/a:b"),
    ],
)
def test_a_reference_is_read_with_defaults(text: str, expected: str) -> None:
    assert str(EntityRef.parse(text, kind="component")) == expected


@pytest.mark.parametrize("text", ["", ":a", "a:", "/a", "a/", "k:/a", "k:x/"])
def test_an_empty_part_makes_no_reference(text: str) -> None:
    with pytest.raises(ValueError, match="is empty"):
        EntityRef.parse(text, kind="component")


@pytest.mark.parametrize("value", ["5", "null", "[1, [2]]", "{a: {b: c}}", "true", "''"])
@pytest.mark.parametrize("key", ["apiVersion", "kind", "metadata", "spec"])
def test_any_shape_at_any_place_is_told_and_never_raised(key: str, value: str) -> None:
    whole = {"apiVersion": "v1", "kind": "Component", "metadata": "{name: a}", "spec": "{}", key: value}
    text = "".join(f"{name}: {given}\n" for name, given in whole.items())

    assert told(text)[0][0] in range(1, 5)
