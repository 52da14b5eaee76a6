"""HCL cut into blocks and parsed: every form that Terraform files are written in, and hostile ones."""

from __future__ import annotations

import contextlib
import time
from typing import Any

import pytest
from drawn import often
from hypothesis import given
from hypothesis import strategies as st

from app.formats import reading
from app.formats.terraform import hcl
from app.formats.terraform.cutting import attributes, cut


def expression(written: str) -> Any:
    (block,) = hcl.parse(f"x {{\n  a = {written}\n}}\n").blocks
    return block.body.attributes["a"][1]


def cuts(text: str) -> list[tuple[str, tuple[str, ...], int]]:
    return [(one.kind, one.labels, one.line) for one in cut(text)]


def test_blocks_are_cut_with_their_labels_and_lines() -> None:
    text = """\
# resource "not" "one" {
resource "aws_db_instance" "orders" {
  name = "a } b"
}

/* resource "nor" "this" {
*/
variable "x" {}
locals { a = 1 }
terraform {
  backend "s3" {}
}
data "aws_vpc" main {
}
"""
    assert cuts(text) == [
        ("resource", ("aws_db_instance", "orders"), 2),
        ("variable", ("x",), 8),
        ("locals", (), 9),
        ("terraform", (), 10),
        ("data", ("aws_vpc", "main"), 13),
    ]


@pytest.mark.parametrize(
    "inside",
    [
        'a = "${jsonencode({ b = "}" })}"',
        "a = <<EOT\n} not the end {\n  EOT\n",
        "a = <<-EOT\n  }\n  EOT\n",
        "# }",
        "// }",
        "/* } */",
        'a = "\\"}"',
        'a = "%{ if true }}%{ endif }"',
        'a = "$${}"',
    ],
)
def test_a_brace_in_text_or_comment_closes_nothing(inside: str) -> None:
    assert cuts(f"first {{\n  {inside}\n}}\nsecond {{}}\n")[-1][0] == "second"


@pytest.mark.parametrize("text", ['a {\n  b = "\n}\n', "a {\n  b = <<EOT\n", "a {\n /* }\n", "a {", "a {" * 100])
def test_what_never_closes_ends_the_reading_and_is_told(text: str) -> None:
    assert [one.kind for one in cut(f"fine {{}}\n{text}")] == ["fine", ""]


def test_attributes_of_a_variables_file_may_go_over_lines() -> None:
    text = '# comment\na = 1\nb = [\n  "x", # ]\n  "y",\n]\nc = {\n  d = "e"\n}\nf = <<T\nx = 1\nT\n'
    assert [(line, written.split("=")[0].strip()) for line, written in attributes(text)] == [
        (2, "a"),
        (3, "b"),
        (7, "c"),
        (10, "f"),
    ]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("7", 7),
        ("1.5", 1.5),
        ("true", True),
        ("null", None),
        ('"text"', "text"),
        ('"a\\"b$${c}"', 'a"b${c}'),
        ("-1", {"op": "-", "of": [1]}),
        ("var.x", {"ref": ["var", "x"]}),
        ("aws_db.x.id", {"ref": ["aws_db", "x", "id"]}),
        ("var.x[0]", {"at": [{"ref": ["var", "x"]}, 0]}),
        ('var.x["k"].y', {"at": [{"at": [{"ref": ["var", "x"]}, "k"]}, "y"]}),
        ('"a-${var.x}"', {"text": ["a-", {"ref": ["var", "x"]}]}),
        ("var.a ? 1 : 2", {"if": [{"ref": ["var", "a"]}, 1, 2]}),
        ("max(1, 2)", {"call": "max", "of": [1, 2]}),
        ("[1, var.x]", {"list": [1, {"ref": ["var", "x"]}]}),
        ('{ a = 1, "b" : 2 }', {"map": [["a", 1], ["b", 2]]}),
        ("1 + 2 == 3", {"op": "==", "of": [{"op": "+", "of": [1, 2]}, 3]}),
        ("!var.x && true", {"op": "&&", "of": [{"op": "!", "of": [{"ref": ["var", "x"]}]}, True]}),
        ("(true)", True),
        ("[for s in var.l : s]", hcl.UNSEEN),
        ("aws.x[*].id", hcl.UNSEEN),
        ("<<EOT\nscript\nEOT\n", hcl.UNSEEN),
    ],
)
def test_expressions_come_out_as_plain_data(written: str, expected: object) -> None:
    assert expression(written) == expected


def test_nested_blocks_keep_their_lines() -> None:
    (block,) = hcl.parse('resource "a" "b" {\n  c = 1\n\n  lifecycle {\n    d = 2\n  }\n}\n', 10).blocks
    (inner,) = block.body.blocks
    assert (block.line, block.labels, block.body.attributes["c"][0]) == (10, ("a", "b"), 11)
    assert (inner.kind, inner.line, inner.body.attributes["d"]) == ("lifecycle", 13, (14, 2))


BOMBS = {
    "parentheses": "(" * 7000 + "1" + ")" * 7000,
    "lists": "[" * 7000 + "]" * 7000,
    "sum": "1" + " + 1" * 3900,
    "path": "x" + ".y" * 7900,
    "conditions": "x ? 1 : " * 1900 + "2",
    "interpolations": '"' + "${x}" * 3900 + '"',
    "too large": '"' + "x" * 20_000 + '"',
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb_costs_a_moment_and_never_raises_anything_else(bomb: str) -> None:
    started = time.monotonic()
    with contextlib.suppress(hcl.HclError):
        hcl.parse(f"x {{\n  a = {bomb}\n}}\n")
    assert time.monotonic() - started < 10


LONG = ('"' * 50_000, "{" * 50_000, "a {" * 20_000, "/*" * 50_000, 'x = "${' * 8_000, "a <<A\n" * 20_000, "a " * 50_000)


@pytest.mark.parametrize("text", LONG, ids=[text[:6] for text in LONG])
def test_cutting_takes_time_in_proportion(text: str) -> None:
    started = time.monotonic()
    list(cut(text))
    list(attributes(text))
    assert time.monotonic() - started < 5


SAMPLE = """\
resource "aws_db_instance" "orders" {
  tags = merge(local.tags, { Name = "x-${var.env}" })
  n    = var.a ? [1, "b"] : f(2)[0].c
  lifecycle { prevent_destroy = true }
  d = <<-EOT
    text
  EOT
}
variable "a" { default = { b = [1] } }
"""


@given(st.integers(0, len(SAMPLE) - 1), st.integers(0, 12), st.text('{}[]()"$%<>=?:.,#/*\\\n\tA1é ', max_size=8))
@often(150)
def test_a_mangled_file_is_read_or_told_and_never_raises(at: int, cut_out: int, put_in: str) -> None:
    mangled = SAMPLE[:at] + put_in + SAMPLE[at + cut_out :]
    reading.read("main.tf", mangled.encode())
    reading.read("prod.tfvars", mangled.encode())
