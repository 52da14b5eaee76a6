"""Edits in place: only what is asked changes, whatever the file's own style; what can't be edited safely is refused."""

from __future__ import annotations

import subprocess

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from app.lib import line_endings, unified_diff, yaml_writing
from app.lib.hcl_text import HclText
from app.lib.line_endings import NotText
from app.lib.splices import Splice, splice
from app.lib.yaml_edits import Uneditable, YamlText


def put(text, path, value, at=1):
    edited = YamlText(text)
    return splice(text, edited.put(edited.document_at(at), path, value))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a: 1\n", "a: 1\nb:\n  c: x\n"),
        ("a: 1", "a: 1\nb:\n  c: x"),
        ("a: 1 # why\n\n# end\n", "a: 1 # why\nb:\n  c: x\n\n# end\n"),
        ("b: {d: 1} # flow\n", "b: {d: 1, c: x} # flow\n"),
        ("b: {}\n", "b: {c: x}\n"),
        ("b: # nothing yet\na: 1\n", "b: # nothing yet\n  c: x\na: 1\n"),
        ("b: ~\na: 1\n", "b:\n  c: x\na: 1\n"),
        ("b:\n    d: 1\n", "b:\n    d: 1\n    c: x\n"),
        ("b:\n  c: 'old' # quoted\n", "b:\n  c: 'x' # quoted\n"),
        ('b:\n  c: "old"\n', 'b:\n  c: "x"\n'),
        ("b:\n  d: |\n    text\n\n  # behind\na: 1\n", "b:\n  d: |\n    text\n  c: x\n\n  # behind\na: 1\n"),
        ('{"b": {"d": 1}}', '{"b": {"d": 1, "c": "x"}}'),
        ('{\n  "a": 1\n}\n', '{\n  "a": 1,\n  "b": {"c": "x"}\n}\n'),
        ("b:\n  c: x\n", "b:\n  c: x\n"),
    ],
)
def test_an_entry_is_set_in_the_style_of_its_file(before, after):
    assert put(before, ["b", "c"], "x") == after


def test_only_the_document_that_is_meant_changes():
    text = "---\na: 1\n---\na: 1 # second\n---\na: 1\n"
    assert put(text, ["a"], 2, at=4) == "---\na: 1\n---\na: 2 # second\n---\na: 1\n"


def test_lists_keep_how_they_are_indented():
    for text, more in (("a:\n- 1\n", "- x: 1\n"), ("a:\n    -   b: 1\n", "    - x: 1\n")):
        edited = YamlText(text)
        assert splice(text, edited.append(edited.roots[0].get("a"), {"x": 1})) == text + more


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("base: &all {x: 1}\nb: *all\n", "anchor"),
        ("b: &all\n  d: 1\nother: *all\n", "anchor"),
        ("b: [1]\n", "mapping"),
        ("b: {{ .Values.b }}\n{{- end }}\n", "no plain YAML"),
        ("a: 'open\n", "no plain YAML"),
        ("a:\n\t- b\n", "no plain YAML"),
        ("[" * 100, "no plain YAML"),
    ],
)
def test_what_is_shared_or_no_yaml_is_refused_with_the_reason(text, why):
    with pytest.raises(Uneditable, match=why):
        put(text, ["b", "c"], "x")


PLAIN = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Zl", "Zp"), exclude_characters="\ufeff")


@given(st.text(PLAIN | st.just("\n"), max_size=60))
def test_any_text_is_read_back_as_it_was_written(text):
    whole = yaml.safe_load(yaml_writing.document({"key": text}))["key"]
    flow = yaml.safe_load(f"[{yaml_writing.flow(text)}, {{a: {yaml_writing.flow([text])}}}]")
    assert isinstance(whole, str)
    assert whole.rstrip("\n") == text.rstrip("\n")
    assert flow == [text, {"a": [text]}]


@pytest.mark.parametrize("raw", ["a: 1\r\nb: 2\r\n", "\ufeffa: 1\n", "a: 1", "a: ü\n"])
def test_line_ends_and_byte_order_marks_come_back(raw):
    lines = line_endings.read(raw.encode())
    assert "\r" not in lines.text
    assert lines.raw == raw
    assert lines.with_text(put(lines.text, ["a"], 9)).raw == raw.replace("1", "9").replace("ü", "9")


@pytest.mark.parametrize("data", [b"\xff\xfea", b"a\0b", b"a\r\nb\n", b"a\rb"])
def test_what_is_no_plain_text_is_refused(data):
    with pytest.raises(NotText):
        line_endings.read(data)


@pytest.mark.parametrize(
    "name", ["plain.yaml", "with space.yaml", "ümlaut.yaml", 'quo"te.yaml', "a/b\\c.yaml", "tab\t.yaml"]
)
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a\nb\nc\n", "a\nB\nc\nd\n"),
        ("a", "a\n"),
        ("a\n", "a"),
        ("a\r\nb\r\n", "a\r\nc\r\n"),
        (None, "new\n"),
        (None, "new"),
    ],
)
def test_git_applies_what_is_written(tmp_path, name, before, after):
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    place = tmp_path / name
    place.parent.mkdir(exist_ok=True)
    if before is not None:
        place.write_bytes(before.encode())
    diff = unified_diff.diff(name, before, after)
    done = subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=diff.encode(), capture_output=True)
    assert done.returncode == 0, done.stderr.decode() + diff
    assert place.read_bytes() == after.encode()


def test_two_edits_of_one_place_are_refused_and_neighbours_are_not():
    assert splice("abc", [Splice(1, 1, "x"), Splice(1, 2, "B")]) == "axBc"
    with pytest.raises(ValueError, match="overlap"):
        splice("abc", [Splice(0, 2, "x"), Splice(1, 2, "y")])


HCL = """resource "x" "y" {
  name = "a" # "}" in a comment
  tags = {
    text = "}${lookup(var.m, "k")}"
  }
  policy = <<-EOT
    }
  EOT

  nested {
    deep   = true
    longer = 1
  }
}

resource "x" "z" {}
"""


def set_hcl(text, path, name, value, line=1):
    edited = HclText(text)
    return splice(text, edited.put(edited.block_at(line), path, name, value))


def test_hcl_attributes_are_set_where_they_stand():
    assert set_hcl(HCL, (), "name", '"b"') == HCL.replace('"a" #', '"b" #')
    assert set_hcl(HCL, ("nested",), "deep", "false") == HCL.replace("deep   = true", "deep   = false")


def test_hcl_attributes_are_added_as_terraform_fmt_has_them():
    assert "    longer = 1\n    more   = 2\n  }\n" in set_hcl(HCL, ("nested",), "more", "2")
    assert "  }\n\n  last = 1\n}\n" in set_hcl(HCL, (), "last", "1")
    assert set_hcl(HCL, ("made",), "in", "1").count("  made {\n    in = 1\n  }\n}") == 1
    assert set_hcl(HCL, (), "first", "1", line=16).endswith('resource "x" "z" {\n  first = 1\n}\n')


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('resource "x" "y" {\n  name = var.name\n}\n', "var.name"),
        ('resource "x" "y" {\n  name = "a\n}\n', "never ends"),
        ('resource "x" "y" {\n  other = [1\n}\n', "never closes|no block|neither"),
        ('resource "x" "y" { other = 1 }\n', "one line"),
        ("name = 1\n", "no block"),
    ],
)
def test_hcl_that_is_set_elsewhere_or_broken_is_refused(text, why):
    with pytest.raises(Uneditable, match=why):
        set_hcl(text, (), "name", "1")
