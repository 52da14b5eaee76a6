"""Each golden path is a Backstage Software Template: valid by its published schema, rendered alike by its engines."""

import copy
import json
import subprocess

import pytest
import yaml
from golden_births import BIRTHS, FOLDER, KINDS, ROOT, answers, born
from real_parts import require

from app.golden_paths.rendering import render
from app.golden_paths.templates import load

DRIVER = ROOT / "tests" / "node" / "render.mjs"


def template(kind: str) -> dict:
    return yaml.safe_load((FOLDER / f"{kind}.yaml").read_text("utf-8"))


def ask(engine: str, runs: list, entities: list, terraform: list | None = None) -> dict:
    require("scaffolder packages")
    done = subprocess.run(
        [require("node"), str(DRIVER)],
        input=json.dumps({"engine": engine, "runs": runs, "entities": entities, "terraform": terraform or []}),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def run_of(kind: str, given: dict[str, str]) -> dict:
    """A template's fetch:template steps as they stand in its file, not as we read them."""
    steps = []
    for step in template(kind)["spec"]["steps"]:
        if step["action"] == "fetch:template":
            folder = FOLDER / step["input"]["url"]
            files = {
                path.relative_to(folder).as_posix(): path.read_text("utf-8")
                for path in folder.rglob("*")
                if path.is_file()
            }
            steps.append({"files": files, "values": step["input"]["values"], "if": step.get("if", "")})
    return {"steps": steps, "parameters": {name: text for name, text in given.items() if text}}


def test_every_template_is_valid_by_the_published_schema():
    broken = template("service")
    del broken["spec"]["steps"]
    said = ask("nunjucks", [], [*(template(kind) for kind in KINDS), broken])["entities"]

    assert said[:-1] == [None] * len(KINDS)
    assert "steps" in said[-1]


@pytest.mark.parametrize("engine", ["nunjucks", "nunjitsu"])
def test_backstages_engine_makes_the_same_files_to_the_last_byte(engine):
    made = ask(engine, [run_of(kind, answers(kind, tier)) for kind, tier in BIRTHS], [])["runs"]

    for (kind, tier), files in zip(BIRTHS, made, strict=True):
        ours = {name: data.decode() for name, data in born(kind, tier).items()}
        assert files.keys() == ours.keys(), (kind, tier)
        for name, text in files.items():
            assert text == ours[name], f"{kind} {tier} {name}"


@pytest.mark.parametrize("engine", ["nunjucks", "nunjitsu"])
def test_odd_answers_come_out_alike_too(engine):
    odd = {
        "name": "a-b2c",
        "owner": "group:other/Team_X",
        "repoUrl": "https://gitlab.acme.example/platform/tools/a-b2c",
        "description": 'It\'s "quoted": 100 % of — <b>café</b> #1, ${{ values.name }} {% if x %} {{ y }} \\n',
    }
    given = [answers(kind, "t1", **odd) for kind in KINDS] + [
        answers(kind, "t3", system="system:shop/big", repoUrl="git@codeberg.org:acme/x.git") for kind in KINDS
    ]
    wanted = [render(load(FOLDER)[kind], one) for kind, one in zip(KINDS * 2, given, strict=True)]
    made = ask(engine, [run_of(kind, one) for kind, one in zip(KINDS * 2, given, strict=True)], [])["runs"]

    for ours, theirs in zip(wanted, made, strict=True):
        assert {name: data.decode() for name, data in ours.items()} == theirs
        assert all(list(yaml.safe_load_all(data)) for name, data in ours.items() if name.endswith(".yaml"))


def test_terraform_is_as_terraform_fmt_writes_it():
    """By HashiCorp's own formatter, from npm: Terraform itself is on no registry."""
    files = {(kind, tier, name): data.decode() for kind, tier in BIRTHS for name, data in born(kind, tier).items()}
    written = {place: text for place, text in files.items() if place[2].endswith((".tf", ".tfvars"))}
    formatted = ask("nunjucks", [], [], [*written.values(), "a = {\nb=1\n}\n"])["terraform"]

    assert len(written) >= 15
    assert dict(zip(written, formatted, strict=False)) == written
    assert formatted[-1] == "a = {\n  b = 1\n}\n"


def test_the_location_registers_every_template():
    location = yaml.safe_load((FOLDER / "all.yml").read_text("utf-8"))

    assert location["kind"] == "Location"
    assert sorted(location["spec"]["targets"]) == [f"./{kind}.yaml" for kind in KINDS]


def test_the_templates_ask_and_derive_alike():
    """Four files hold one set of questions and derived values; what differs is named here."""
    first = template("service")["spec"]
    for kind in KINDS[:-1]:
        other = copy.deepcopy(template(kind)["spec"])
        for spec in (first, other):
            values = spec["steps"][0]["input"]["values"]
            values["kind"] = values["description"] = ""
        assert other["parameters"] == first["parameters"]
        assert other["steps"][0]["input"]["values"] == first["steps"][0]["input"]["values"]
