"""Strangers' YAML and JSON: what is refused, where, and what a plain scalar means."""

from __future__ import annotations

import pytest

from app.errors import DocumentError
from app.lib.documents import Limits, decode, line_of, load, load_all, scalar


def refusal(text: str | bytes, limits: Limits | None = None) -> tuple[str, int]:
    """Code and line of the only document's error."""
    (document,) = load_all(text, limits=limits or Limits())
    assert document.value is None
    assert document.error is not None
    return document.error.code, document.error.line


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "- " * 100_000, "? " * 50_000])
def test_a_hundred_kilobytes_of_openings_are_refused_as_too_deep(text: str) -> None:
    assert refusal(text) == ("yaml-limit-depth", 1)


def test_sixty_four_levels_are_read_and_sixty_five_are_not() -> None:
    assert load_all("[" * 64 + "]" * 64)[0].error is None
    assert refusal("[" * 65 + "]" * 65) == ("yaml-limit-depth", 1)


def test_a_billion_laughs_end_where_the_limit_is_passed() -> None:
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 10)]

    assert refusal("\n".join(lines)) == ("yaml-limit-nodes", 6)


def test_a_merge_bomb_is_counted_too() -> None:
    wide = "base: &b {" + ", ".join(f"k{i}: 1" for i in range(100)) + "}\n"
    merges = "".join(f"m{i}: {{<<: *b}}\n" for i in range(10))

    assert refusal(wide + merges, Limits(nodes=800)) == ("yaml-limit-nodes", 3)


def test_an_anchor_cannot_hold_itself() -> None:
    assert refusal("a: &a [*a]") == ("yaml-alias", 1)


def test_a_duplicate_key_is_told_with_both_lines() -> None:
    (document,) = load_all("name: a\nkind: b\nname: c\n")

    assert str(document.error) == "line 3, column 1: key “name” is already set on line 1"
    assert document.error is not None
    assert document.error.code == "yaml-duplicate-key"


def test_with_last_wins_a_duplicate_is_kept_and_noted() -> None:
    (document,) = load_all("name: a\nname: c\n", last_wins=True)

    assert document.value == {"name": "c"}
    assert document.value.duplicates == [("name", (2, 1))]


def test_a_merged_key_may_be_overridden_without_being_a_duplicate() -> None:
    assert load("b: &b {x: 1, y: 2}\nc: {<<: *b, x: 3}\n")["c"] == {"x": 3, "y": 2}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"),
        ("yes", "yes"),
        ("NO", "NO"),
        ("12:30", "12:30"),
        ("0755", 755),
        ("0o755", 493),
        ("0x1F", 31),
        ("1_000", "1_000"),
        ("2024-01-31", "2024-01-31"),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("-7", -7),
        ("99.9%", "99.9%"),
        ("~", None),
        ("", None),
        ("Null", None),
        ("TRUE", True),
        ("tRUE", "tRUE"),
        ("-.inf", float("-inf")),
        ("9" * 5000, "9" * 5000),
    ],
)
def test_plain_scalars_follow_yaml_1_2(text: str, value: object) -> None:
    read = scalar(text)

    assert read == value
    assert type(read) is type(value)


def test_quoted_scalars_and_keys_are_always_text() -> None:
    value = load("on: \"5\"\n1: !!str 7\ntrue: '~'\n")

    assert value == {"on": "5", "1": "7", "true": "~"}


def test_an_unknown_tag_builds_nothing() -> None:
    assert load("a: !!python/object/apply:os.system ['true']\n") == {"a": ["true"]}


def test_json_may_indent_with_tabs_and_knows_its_lines() -> None:
    value = load('{\n\t"a": "b",\n\t"c": [1,\t2]\n}')

    assert value == {"a": "b", "c": [1, 2]}
    assert (line_of(value, "a"), line_of(value, "c")) == (2, 3)


def test_yaml_may_not_indent_with_tabs() -> None:
    assert refusal("a:\n\tb: 1\n") == ("yaml-invalid", 2)


def test_json_with_a_surrogate_pair_is_read() -> None:
    assert load('{"a": "\\ud83d\\ude00"}') == {"a": "\U0001f600"}


@pytest.mark.parametrize(
    ("inner", "code"),
    [("[" * 800 + "]" * 800, "yaml-limit-depth"), ("[" + "1," * 500_000 + "1]", "yaml-limit-nodes")],
)
def test_json_that_libyaml_refuses_has_the_same_limits(inner: str, code: str) -> None:
    assert refusal(f'{{"a": "\\ud83d\\ude00", "b": {inner}}}') == (code, 1)


def test_one_broken_document_costs_its_neighbours_nothing() -> None:
    first, broken, last = load_all("a: 1\n---\nb: ]\n---\nc: 3\n")

    assert (first.value, last.value) == ({"a": 1}, {"c": 3})
    assert broken.error is not None
    assert (broken.error.code, broken.error.line) == ("yaml-invalid", 3)
    assert line_of(last.value, "c") == 5


def test_a_text_inside_another_file_counts_from_its_first_line() -> None:
    (document,) = load_all("a: 1\nb: 2\n", first_line=40)
    (flat,) = load_all("a: 1\nb: 2\n", first_line=40, one_line=True)

    assert line_of(document.value, "b") == 41
    assert line_of(flat.value, "b") == 40


def test_an_absent_entry_has_the_line_of_its_container() -> None:
    value = load("\na:\n  b: [1,\n    2]\n")

    assert line_of(value["a"], "missing") == 3
    assert line_of(value["a"]["b"], 1) == 4
    assert line_of("no container", "x") == 1


@pytest.mark.parametrize(
    ("data", "expected"),
    [(b"a: 1\nb: \xff\n", ("not-utf8", 2)), (b"x" * 11, ("yaml-limit-size", 1)), ("a: \x07\n", ("yaml-invalid", 1))],
)
def test_bytes_that_are_no_text_are_refused(data: str | bytes, expected: tuple[str, int]) -> None:
    assert refusal(data, Limits(size=10)) == expected


def test_byte_order_marks_are_understood() -> None:
    assert decode("\ufeffé".encode()) == "é"
    assert decode("é".encode("utf-16")) == "é"


def test_load_wants_exactly_one_document() -> None:
    with pytest.raises(DocumentError) as raised:
        load("a: 1\n---\nb: 2\n")

    assert (raised.value.code, raised.value.line) == ("yaml-many-documents", 2)
    assert load("") is None
