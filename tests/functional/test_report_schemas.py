"""What machines read of a check is what the published schemas say it must be, whatever strangers call their files."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
import xmlschema
from organisation import RUNBOOK, component
from real_parts import require
from test_cli_reports import RULES, run, write

HOSTILE = "a%b,c:d é\u2028::x.yaml"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A service whose alert and file have names that mean something in each of the formats."""
    folder = tmp_path_factory.mktemp("shop")
    odd = RULES.replace("Slow", '"Slow ::error file=x::100% <b>|]]> & \\u0007\\n next"')
    files = {"catalog-info.yaml": component("shop"), f"rules/{HOSTILE}": odd, "docs/runbook.md": RUNBOOK}
    return write(folder, files)


@pytest.fixture(scope="module")
def before(shop: Path) -> Path:
    """What failed before, of another service: so one check is old, the rest new."""
    kept = shop / "kept.json"
    run("check", "--write-baseline", str(kept), folder=shop)
    body = json.loads(kept.read_text("utf-8"))
    for card in body["entities"]["component:default/shop"].values():
        card["checks"]["alert-runbook-linked"] = "pass"
    kept.write_text(json.dumps(body), "utf-8")
    return kept


def report(name: str, shop: Path, before: Path | None = None) -> str:
    known = ("--baseline", str(before)) if before else ()
    return run("check", "--format", name, *known, folder=shop, code=1 if before else 0)


@pytest.mark.parametrize("measured", [False, True])
def test_sarif_is_valid_by_its_published_schema(shop: Path, before: Path, measured: bool) -> None:
    schema = json.loads(Path(require("SARIF schema")).read_text("utf-8"))
    log = json.loads(report("sarif", shop, before if measured else None))

    jsonschema.Draft4Validator(schema, format_checker=jsonschema.FormatChecker()).validate(log)
    (ran,) = log["runs"]
    assert len(ran["results"]) > 5
    rules = ran["tool"]["driver"]["rules"]
    assert all(rules[one["ruleIndex"]]["id"] == one["ruleId"] for one in ran["results"])
    linked = next(rule for rule in rules if rule["id"] == "alert-runbook-linked")
    assert "roadworthy fix --check alert-runbook-linked" in linked["help"]["text"]
    assert {one.get("baselineState") for one in ran["results"]} == ({"new", "unchanged"} if measured else {None})


def test_a_finding_is_the_same_finding_after_lines_have_moved(shop: Path, tmp_path: Path) -> None:
    def prints(folder: Path) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for one in json.loads(report("sarif", folder))["runs"][0]["results"]:
            line = one["locations"][0]["physicalLocation"]["region"]["startLine"]
            found.setdefault(one["partialFingerprints"]["roadworthy/v1"], []).append(line)
        return found

    files = {str(file.relative_to(shop)): file.read_text("utf-8") for file in shop.rglob("*") if file.is_file()}
    files[f"rules/{HOSTILE}"] = "# moved\n" + files[f"rules/{HOSTILE}"]
    then, now = prints(shop), prints(write(tmp_path, files))

    assert set(now) == set(then)
    assert all(len(lines) == 1 for lines in then.values())
    assert now != then


@pytest.mark.parametrize("measured", [False, True])
def test_junit_is_valid_by_the_schema_that_jenkins_publishes(shop: Path, before: Path, measured: bool) -> None:
    with tarfile.open(require("JUnit schema")) as archive:
        (name,) = [one for one in archive.getnames() if "/ae25da50" in one and one.endswith("/junit-10.xsd")]
        schema = archive.extractfile(name)
        assert schema is not None
        text = report("junit", shop, before if measured else None)
        xmlschema.XMLSchema(schema.read().decode()).validate(text)

    suite = ElementTree.fromstring(text.encode()).find("testsuite")
    assert suite is not None
    counted = {kind: len(suite.findall(f"testcase/{kind}")) for kind in ("failure", "skipped", "error")}
    told = {name: int(suite.attrib[name]) for name in ("failures", "skipped", "errors", "tests")}
    assert told == {
        "failures": counted["failure"], "skipped": counted["skipped"], "errors": counted["error"],
        "tests": len(suite.findall("testcase")),
    }  # fmt: skip
    case = next(one for one in suite if one.get("name") == "alert-runbook-linked")
    said = case.findtext("failure") or ""
    assert "As a diff: roadworthy fix --check alert-runbook-linked" in said
    assert f"rules/{HOSTILE}:4" in said


def test_annotations_are_one_line_each_and_nothing_in_them_is_a_command(shop: Path) -> None:
    lines = report("github", shop).split("\n")[:-1]

    assert all(line.startswith("::warning file=") for line in lines)
    linked = next(line for line in lines if "title=Every paging alert links a runbook" in line)
    head, message = linked.removeprefix("::warning ").split("::", 1)
    assert head.startswith("file=rules/a%25b%2Cc%3Ad é\u2028%3A%3Ax.yaml,line=4,")
    assert "%0AAs a diff: roadworthy fix --check alert-runbook-linked" in message
    assert "100%25 <b>|]]> &" in message


def test_the_summary_is_one_row_a_check_and_names_the_command(shop: Path) -> None:
    text = report("markdown", shop)

    (row,) = [line for line in text.split("\n") if "Every paging alert links a runbook |" in line]
    assert row.count(" | ") == 4
    assert "<b>" not in text
    assert "As a diff: `roadworthy fix --check " in text
    assert (
        "`alert-runbook-linked`" in text.split("`roadworthy fix --check ID` mends, or asks what only you know, for ")[1]
    )


def test_people_and_programs_are_told_the_command_too(shop: Path) -> None:
    assert "  roadworthy fix --check alert-runbook-linked\n" in report("table", shop)
    (entity,) = json.loads(report("json", shop))["entities"]
    assert entity["fix_commands"]["alert-runbook-linked"] == "roadworthy fix --check alert-runbook-linked"
    assert "service-runbook-present" not in entity["fix_commands"]  # it passes
