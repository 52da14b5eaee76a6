"""All entities of a repository: what counts, what is left out, and what is told."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalog.files import Files
from app.catalog.repository import DescriptorReading, read_repository_entities
from app.lib import documents
from app.lib.documents import Document

URL = "https://github.com/acme/shop"
COMPONENT = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: {}\n"
SPEC = "spec: {type: service, lifecycle: production, owner: team-a}\n"
TEMPLATE = """\
apiVersion: scaffolder.backstage.io/v1beta3
kind: Template
metadata: {name: new-service}
spec:
  type: service
  owner: team-a
  steps:
    - {id: fetch, action: "fetch:template", input: {url: "%s", values: {name: "${{ parameters.name }}"}}}
"""


def read(texts: dict[str, str], **others: str) -> DescriptorReading:
    found = {path: documents.load_all(text) for path, text in texts.items()}
    everything = {**texts, **others}
    return read_repository_entities(found, Files(URL, frozenset(everything), everything.get, lambda _: ""))


def component(name: str, spec: str = SPEC) -> str:
    return COMPONENT.format(name) + spec


def location(*targets: str, more: str = "") -> str:
    head = "apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata: {name: all}\nspec:\n"
    return head + more + "  targets:\n" + "".join(f"    - {target}\n" for target in targets)


def codes(reading: DescriptorReading) -> list[tuple[str, int, str]]:
    return [(problem.path, problem.line, problem.code) for problem in reading.problems]


def test_entities_are_found_by_content_whatever_the_file_is_called() -> None:
    reading = read({"x/anything.yml": component("a") + "---\n" + component("b")})
    assert [(str(e.ref), e.path, e.line, e.root) for e in reading.entities] == [
        ("component:default/a", "x/anything.yml", 1, "x"),
        ("component:default/b", "x/anything.yml", 7, "x"),
    ]


@pytest.mark.parametrize("version", ["apps/v1", "dapr.io/v1alpha1", "kustomize.config.k8s.io/v1alpha1", "v1"])
def test_a_component_of_another_system_is_none_of_ours(version: str) -> None:
    text = component("a").replace("backstage.io/v1alpha1", version)
    assert read({"c.yaml": text}) == DescriptorReading()


def test_a_second_entity_of_the_same_reference_is_told_with_the_place_of_the_first() -> None:
    reading = read({"a.yaml": component("Orders"), "b.yaml": "\n" + component("orders")})
    assert codes(reading) == [("b.yaml", 2, "entity-duplicate")]
    assert reading.problems[0].message == "component:default/orders is already defined in a.yaml:1"
    assert [bool(entity.ignored) for entity in reading.entities] == [False, True]


@pytest.mark.parametrize("url", ["./skeleton", "skeleton", "./skeleton/"])
def test_what_a_template_fills_in_never_counts_and_the_template_does(url: str) -> None:
    reading = read({"t/template.yaml": TEMPLATE % url, "t/skeleton/catalog-info.yaml": component("demo")})
    assert [(e.path, bool(e.ignored)) for e in reading.entities] == [
        ("t/skeleton/catalog-info.yaml", True),
        ("t/template.yaml", False),
    ]
    assert reading.problems == ()


def test_a_skeleton_elsewhere_is_recognised_by_its_text() -> None:
    reading = read({"c.yaml": component('"${{ values.name }}"'), "d.yaml": component("{{- values.x }}\n  {%- if a %}")})
    assert [(e.path, e.ignored != "") for e in reading.entities] == [("c.yaml", True)]
    assert reading.problems == ()


@pytest.mark.parametrize(
    "text",
    [
        component("a", "  description: 'we use {{ mustache }}'\n" + SPEC),
        "apiVersion: backstage.io/v1alpha1\nkind: API\nmetadata: {name: a}\n"
        "spec: {type: openapi, lifecycle: production, owner: t, definition: 'a {{ b }} {% c ${{ d }}'}\n",
    ],
)
def test_braces_in_a_description_or_definition_make_no_skeleton(text: str) -> None:
    (entity,) = read({"c.yaml": text}).entities
    assert (entity.ignored, entity.problems) == ("", ())


def test_missing_targets_of_a_location_are_told_on_their_lines() -> None:
    targets = ["./a.yaml", "./nope.yaml", "./**/c*.yaml", "../../etc/passwd", "https://github.com/other/r/blob/main/x"]
    reading = read({"all.yaml": location(*targets), "a.yaml": component("a"), "x/y/c1.yaml": component("c")})
    assert codes(reading) == [("all.yaml", 7, "location-target"), ("all.yaml", 9, "location-target")]


def test_an_optional_target_may_be_missing() -> None:
    assert read({"all.yaml": location("./nope.yaml", more="  presence: optional\n")}).problems == ()


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("./plugins/**/catalog-info.yaml", True),
        ("./plugins/*/catalog-info.yaml", False),
        ("./plugins/*/b/catalog-info.yaml", True),
        ("./**", True),
        ("./**/nope.yaml", False),
        ("./plugins/a/b/catalog-inf?.yaml", True),
        ("https://github.com/acme/shop/blob/main/plugins/**/*.yaml", True),
    ],
)
def test_targets_may_be_patterns(pattern: str, matches: bool) -> None:
    reading = read({"all.yaml": location(pattern), "plugins/a/b/catalog-info.yaml": component("a")})
    assert (codes(reading) == []) == matches


@pytest.mark.parametrize("text", ["# nothing\n", "a: 1\n", "[{apiVersion: backstage.io/v1alpha1, kind: System}]\n"])
def test_a_target_that_holds_no_entity_is_told(text: str) -> None:
    reading = read({"all.yaml": location("./x.json"), "x.json": text})
    [problem] = reading.problems
    assert (problem.line, problem.code) == (6, "location-target")
    assert "./x.json matches x.json, which holds no entity" in problem.message


def test_a_target_that_cant_be_read_is_told_once() -> None:
    reading = read({"all.yaml": location("./x.yaml"), "x.yaml": "a: [backstage.io/\n"})
    assert [(problem.path, problem.code) for problem in reading.problems] == [("x.yaml", "yaml-invalid")]


def test_a_hostile_pattern_costs_no_more_than_its_length() -> None:
    began = time.process_time()
    read({"all.yaml": location("./" + "**/a*" * 30 + "b", "./" + "**/" * 200 + "b"), "a/" * 300 + "c": "x: 1\n"})
    assert time.process_time() - began < 2


def test_placeholders_are_filled_from_this_repository_only() -> None:
    api = "apiVersion: backstage.io/v1alpha1\nkind: API\nmetadata: {name: a}\n"
    api += "spec:\n  type: openapi\n  lifecycle: production\n  owner: t\n  definition:\n    $text: %s\n"
    inside = read({"x/c.yaml": api % "./openapi.json"}, **{"x/openapi.json": "{}"})
    outside = read({"x/c.yaml": api % "../../secret"})
    missing = read({"x/c.yaml": api % "./gone"})
    assert (inside.entities[0].spec["definition"], inside.problems) == ("{}", ())
    assert [code for *_, code in codes(outside) + codes(missing)] == ["placeholder", "placeholder"]


def test_json_and_yaml_are_put_in_as_values_wherever_they_stand() -> None:
    text = """
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: a
  annotations: {$json: notes.json}
spec:
  type: service
  lifecycle: production
  owner: {$text: owner.txt}
  dependsOn: [component:b, {$yaml: dep.yaml}]
"""
    files = {"notes.json": '{"pagerduty.com/service-id": "P1"}', "owner.txt": "team-a", "dep.yaml": "resource:db\n"}
    reading = read({"c.yaml": text}, **files)
    [entity] = reading.entities
    assert reading.problems == ()
    assert entity.annotations["pagerduty.com/service-id"] == "P1"
    assert entity.spec["owner"] == "team-a"
    assert entity.spec["dependsOn"] == ["component:b", "resource:db"]


@pytest.mark.parametrize(
    ("placeholder", "text"),
    [
        ("$json", "{not json"),
        ("$json", '"\\ud800"'),
        ("$json", "[NaN]"),
        ("$json", "[" * 100_000),
        ("$yaml", "a: [b"),
        ("$yaml", "a: 1\n---\nb: 2\n"),
    ],
)
def test_a_placeholder_whose_file_says_nothing_readable_is_told_on_its_line(placeholder: str, text: str) -> None:
    spec = f"spec:\n  type: service\n  lifecycle: production\n  owner: {{{placeholder}: x}}\n"
    reading = read({"c.yaml": component("a", spec)}, x=text)
    assert [code for *_, code in codes(reading)] == ["placeholder"]
    assert f"{placeholder} names x, which is no {placeholder[1:].upper()}" in reading.problems[0].message


def test_the_source_location_in_this_repository_is_the_entitys_folder() -> None:
    annotations = f"  annotations: {{backstage.io/source-location: 'url:{URL}/tree/main/svc/a/'}}\n"
    text = component("a", annotations + SPEC)
    assert read({"catalog/a.yaml": text}).entities[0].root == "svc/a"


def test_lines_of_relations_and_annotations_are_kept() -> None:
    text = component("a", "  annotations:\n    x/y: z\nspec:\n  type: service\n  lifecycle: p\n  owner: team-a\n")
    (entity,) = read({"a.yaml": text}).entities
    assert [(r.type, str(r.target), r.line) for r in entity.relations] == [("ownedBy", "group:default/team-a", 10)]
    assert entity.metadata["annotations"].marks == {"x/y": (6, 5)}


_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["", "a", "kind:", "./a", "url:x"])
_KEYS = st.sampled_from(["name", "namespace", "labels", "annotations", "tags", "links", "url", "$text", "owner"])
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4), max_leaves=12
)
_SPEC_KEYS = st.sampled_from(
    ["owner", "system", "dependsOn", "providesApis", "children", "targets", "target", "steps", "definition", "memberOf"]
)
_DOCUMENTS = st.fixed_dictionaries(
    {"apiVersion": st.just("backstage.io/v1alpha1"), "metadata": _VALUES},
    optional={
        "kind": st.sampled_from(["Component", "API", "Group", "User", "Location", "Template", "Odd", ""]) | _VALUES,
        "spec": st.dictionaries(_SPEC_KEYS, _VALUES, max_size=5) | _VALUES,
    },
)


@given(_DOCUMENTS)
def test_whatever_a_stranger_writes_nothing_is_raised(document: dict[str, Any]) -> None:
    files = Files(URL, frozenset({"a"}), lambda _: "text", lambda _: "")
    reading = read_repository_entities({"c.yaml": [Document(document, 1)]}, files)
    assert all(problem.path == "c.yaml" and problem.line >= 1 for problem in reading.problems)
