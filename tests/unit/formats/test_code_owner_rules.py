"""CODEOWNERS: which lines count, who owns a path, and which lines a forge would reject."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from app.formats import code_owners
from app.formats.model import CodeOwners, Finding

FIXTURES = Path(__file__).parents[2] / "fixtures"


def read(text: str) -> CodeOwners:
    (file,) = code_owners.read(text).objects
    assert isinstance(file, CodeOwners)
    return file


def owners(text: str, path: str) -> tuple[str, ...]:
    return code_owners.owners_of(read(text), path)


def test_the_file_of_sloth_has_seven_rules_and_the_last_match_wins() -> None:
    file = read((FIXTURES / "CODEOWNERS").read_text())

    assert [(rule.line, rule.owners) for rule in file.rules] == [
        (2, ("@slok",)),
        (5, ("@slok",)),
        (8, ("@cxdy", "@slok", "@wbollock")),
        (9, ("@slok",)),
        (10, ("@cxdy", "@slok", "@wbollock")),
        (11, ("@cxdy", "@slok", "@wbollock")),
        (12, ("@slok",)),
    ]
    assert file.findings == ()
    folder = "internal/plugin/slo/contrib"
    assert code_owners.owners_of(file, f"{folder}/info_labels_v1/plugin.go") == ("@cxdy", "@slok", "@wbollock")
    assert code_owners.owners_of(file, f"{folder}/other/plugin.go") == ("@slok",)


def test_a_list_of_names_is_no_codeowners_file() -> None:
    file = read((FIXTURES / "CODEOWNERS-invalid").read_text())

    assert file.rules == ()
    assert [(finding.line, finding.code) for finding in file.findings] == [(n, "codeowners-line") for n in range(1, 6)]
    assert file.findings[0].message == ("“bwplotka” is no owner: write @user, @organisation/team or an e-mail address")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("README.md", ("@all",)),
        ("docs/a.md", ("@docs",)),
        ("docs/deep/a.md", ("@all",)),
        ("apps/x/main.go", ("@apps",)),
        ("src/apps/main.go", ("@apps",)),
        ("build/logs/x", ("@ops",)),
        ("src/build/logs/x", ("@all",)),
        ("src/a.js", ("@js", "js@acme.example")),
        ("apps/github/x", ()),
        ("with space/x", ("@space",)),
    ],
)
def test_patterns_match_as_github_documents(path: str, expected: tuple[str, ...]) -> None:
    text = (
        "*  @all\n*.js @js js@acme.example # scripts\ndocs/* @docs\napps/ @apps\n/build/logs/ @ops\n"
        "apps/github\nwith\\ space/ @space\n"
    )

    assert owners(text, path) == expected


def test_a_rule_without_owners_takes_ownership_away() -> None:
    file = read("* @all\n/generated/\n")

    assert file.rules[1].owners == ()
    assert code_owners.uncovered(file, ["a.go", "generated/a.go", "generated/b/c.go"]) == [
        "generated/a.go",
        "generated/b/c.go",
    ]


def test_an_invalid_line_is_told_and_the_others_still_count() -> None:
    file = read("* @all\n!a @b\nsrc/[ab].go @b\n@all\n/x @a bob\n\n  # comment\n/y @org/team\n")

    assert [(rule.line, rule.pattern) for rule in file.rules] == [(1, "*"), (8, "/y")]
    assert file.findings == (
        Finding(2, "codeowners-line", "“!a”: a pattern can't be negated with ! in CODEOWNERS"),
        Finding(3, "codeowners-line", "“src/[ab].go”: character ranges in [ ] don't work in CODEOWNERS"),
        Finding(
            4,
            "codeowners-line",
            "“@all” stands where a path pattern belongs; begin the line with a pattern such as *",
        ),
        Finding(5, "codeowners-line", "“bob” is no owner: write @user, @organisation/team or an e-mail address"),
    )


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "[Section] @a\n"])
def test_a_file_that_names_nobody_says_so(text: str) -> None:
    assert read(text).findings == (Finding(1, "codeowners-empty", "names no owner at all"),)


def test_sections_of_gitlab_give_default_owners() -> None:
    text = "[Docs] @docs\n/docs/\n/docs/api/ @api\n^[Optional][2] @x/y/z @b\n/o/\n"

    assert owners(text, "docs/a.md") == ("@docs",)
    assert owners(text, "docs/api/a.md") == ("@api",)
    assert owners(text, "o/a") == ("@x/y/z", "@b")


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("/a*b*c", "aXbbYc", True),
        ("/a*b*c", "aXbY/c", False),
        ("*b?d*.go", "abXbcd_test.go", True),
        ("/x**y", "x--y", True),
        ("/**/a/**/b/**/c.go", "x/a/y/a/b/z/c.go", True),
        ("/**/a/**/b/**/c.go", "x/b/a/c.go", False),
        ("/**/a/**/b/**/c.go", "a/b/c.go", True),
        ("/a/**/*test*.go", "a/b/c/my_test_x.go", True),
        ("/a.b*c.d*e", "axb1c.d2e", False),
        ("docs/**", "docs/a/b", True),
    ],
)
def test_several_wildcards_match_as_one_does(pattern: str, path: str, matches: bool) -> None:
    assert (owners(f"{pattern} @a\n", path) == ("@a",)) is matches


@pytest.mark.parametrize("pattern", ["*a" * 30 + "b", "/" + "**/a/" * 30 + "b", "/**/" + "*a*" * 10 + "/b"])
def test_a_hostile_pattern_meets_a_hostile_path_in_moments(pattern: str) -> None:
    file = read(f"{pattern} @a\n")
    began = time.process_time()

    assert code_owners.uncovered(file, ["a" * 250, "a/" * 250 + "c"]) == ["a" * 250, "a/" * 250 + "c"]
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    "text",
    [
        "\x00",
        "*" * 20_000 + " @a",
        "**/" * 5_000 + " @a",
        "\\ @a",
        "/ @a",
        "[" * 20_000,
        "a" + " " * 50_000 + "b",
        "(?P< @a",
        "[a]" + " x" * 5_000 + "\x00",
    ],
    ids=["nul", "stars", "globstars", "backslash", "slash", "brackets", "spaces", "regex", "section"],
)
def test_a_hostile_file_is_read_and_asked_in_moments(text: str) -> None:
    began = time.process_time()
    file = read(text)

    assert code_owners.uncovered(file, ["src/a/b/c/d.go"]) in (["src/a/b/c/d.go"], [])
    assert time.process_time() - began < 5
