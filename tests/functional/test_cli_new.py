"""`roadworthy new` as a user runs it: listed, answered by flags or on a terminal, refused, scored."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from golden_births import KINDS, SAID, born

ROOT = Path(__file__).parent.parent.parent
FLAGS = [part for name, text in SAID.items() if name != "name" for part in ("--set", f"{name}={text}")]


def command(*arguments: str) -> tuple[list[str], dict[str, str]]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("ROADWORTHY", "GIT_"))}
    return [sys.executable, "-m", "app.cli", "new", *arguments], environment | {"PYTHONPATH": str(ROOT)}


def run(*arguments: str, folder: Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    line, environment = command(*arguments)
    done = subprocess.run(line, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == code, done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    return done


def made(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    }


def test_without_a_kind_the_golden_paths_are_listed_with_what_they_ask(tmp_path):
    out = run(folder=tmp_path).stdout
    assert [line.split()[0] for line in out.splitlines() if line.startswith(KINDS)] == list(KINDS)
    listed = json.loads(run("--format", "json", folder=tmp_path).stdout)["golden_paths"]
    assert [one["kind"] for one in listed] == list(KINDS)
    assert {"name", "owner", "tier"} <= {one["name"] for one in listed[0]["questions"] if one["required"]}


def test_one_command_makes_every_file_and_says_what_it_is_born_with(tmp_path):
    out = run("api", "gift-cards", *FLAGS, "--set", "tier=t2", folder=tmp_path).stdout

    files = made(tmp_path / "gift-cards")
    assert {name: data for name, data in files.items() if "error-budget" not in name} == {
        name: data for name, data in born("api", "t2").items() if "error-budget" not in name
    }
    assert f"Made {len(files)} files in gift-cards:" in out
    assert "born none; silver, its target, once these are seen" in out
    assert "? owner-is-team, owner-contactable only this repository's entities are known here" in out
    assert [path.name for path in tmp_path.iterdir()] == ["gift-cards"]


def test_json_lists_the_files_the_answers_and_the_results(tmp_path):
    done = run("api", "gift-cards", *FLAGS, "--set", "tier=t1", "--format", "json", folder=tmp_path)
    body = json.loads(done.stdout)

    assert body["files"] == sorted(made(tmp_path / "gift-cards"))
    assert body["answers"]["repoUrl"] == "github.com?owner=acme&repo=gift-cards"
    assert {one["level_possible"] for one in body["births"]} == {"gold"}
    assert not any(one["failing"] for one in body["births"])
    assert {one["entity"] for one in body["entities"]} == {"component:default/gift-cards", "api:default/gift-cards-api"}


def test_nothing_is_ever_overwritten_and_a_refusal_leaves_nothing(tmp_path):
    (tmp_path / "gift-cards").mkdir()
    (tmp_path / "gift-cards" / "README.md").write_text("mine")
    done = run("service", "gift-cards", *FLAGS, "--set", "tier=t2", folder=tmp_path, code=2)

    assert done.stderr == "roadworthy: gift-cards holds README.md already: nothing is overwritten\n"
    assert made(tmp_path) == {"gift-cards/README.md": b"mine"}


def test_an_empty_clone_is_filled_and_its_git_folder_kept(tmp_path):
    subprocess.run(["git", "init", "-q", "clone"], cwd=tmp_path, check=True)
    run("service", "gift-cards", *FLAGS, "--set", "tier=t2", "--output", "clone", folder=tmp_path)

    assert (tmp_path / "clone" / ".git" / "HEAD").exists()
    assert "catalog-info.yaml" in made(tmp_path / "clone")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["lambda", "x"], "there is no golden path lambda; there are api"),
        (["databse", "x"], "there is no golden path databse; did you mean database?"),
        (["api", "gift-cards"], "api needs owner, tier, escalationPolicy, repoUrl: --set owner=…"),
        (["api", "Gift_Cards", *FLAGS, "--set", "tier=t1"], "name: “Gift_Cards” does not fit"),
        (["api", "gift-cards", *FLAGS, "--set", "tier=t9"], "tier: “t9” is none of t1, t2, t3"),
        (["api", "gift-cards", *FLAGS, "--set", "tier=t1", "--set", "colour=red"], "api does not ask for colour"),
        (["api", "gift-cards", *FLAGS, "--set", "teir=t1"], "api does not ask for teir; did you mean tier?"),
        (["api", "gift-cards", *FLAGS, "--set", "tier"], "tier is no KEY=VALUE"),
        (["api", "gift-cards", *FLAGS, "--set", "tier=t1", "--set", "repoUrl=acme"], "repoUrl: "),
        (["api", "gift-cards", *FLAGS, "--set", "tier=t1", "--set", "adoptedOn=soon"], "adoptedOn: “soon” is no date"),
        (["api", "gift-cards", *FLAGS, "--set", "tier=t1", "--set", "description=a\nb"], "can't be seen"),
    ],
)
def test_what_is_missing_or_wrong_is_one_clear_sentence(arguments, said, tmp_path):
    done = run(*arguments, folder=tmp_path, code=2)

    assert said in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_on_a_terminal_what_was_not_said_is_asked_and_a_wrong_answer_asked_again(tmp_path):
    line, environment = command("service", "gift-cards", "--set", "owner=storefront")
    parent, child = pty.openpty()
    running = subprocess.Popen(line, cwd=tmp_path, env=environment, stdin=child, stdout=subprocess.PIPE, stderr=child)
    os.close(child)
    typed = ["t9", "t3", SAID["escalationPolicy"], SAID["repoUrl"], "", "", ""]
    os.write(parent, "".join(f"{text}\n" for text in typed).encode())
    out, _ = running.communicate(timeout=120)
    shown = os.read(parent, 65536).decode()
    os.close(parent)

    assert running.returncode == 0, shown
    assert "t1 when the business stops without it" in shown
    assert "is none of t1, t2, t3" in shown
    assert "born none; bronze, its target" in out.decode()
    assert "tier: t3" in (tmp_path / "gift-cards" / "catalog-info.yaml").read_text("utf-8")


def test_an_organisations_own_golden_paths_are_rendered_the_same_way(tmp_path):
    own = tmp_path / "own"
    (own / "skeleton").mkdir(parents=True)
    (own / "cron.yaml").write_text(
        "apiVersion: scaffolder.backstage.io/v1beta3\nkind: Template\nmetadata: {name: cron, title: Cron}\n"
        "spec:\n  type: job\n  parameters:\n    required: [name]\n    properties: {name: {type: string}}\n"
        "  steps:\n    - action: fetch:template\n      input:\n        url: ./skeleton\n"
        "        values: {name: '${{ parameters.name }}'}\n"
    )
    (own / "skeleton" / "${{ values.name }}.txt").write_text("{{ $labels.job }} ${{ values.name | upper }}\n")
    run("cron", "nightly", "--golden-paths", str(own), folder=tmp_path)
    assert made(tmp_path / "nightly") == {"nightly.txt": b"{{ $labels.job }} NIGHTLY\n"}

    text = (own / "cron.yaml").read_text()
    (own / "cron.yaml").write_text(text.replace("url: ./skeleton", "url: ../.."))
    assert "is no folder beside it" in run("cron", "x", "--golden-paths", str(own), folder=tmp_path, code=2).stderr
    (own / "cron.yaml").write_text(text.replace("fetch:template", "fetch:cookiecutter"))
    assert "can't run the action" in run("cron", "x", "--golden-paths", str(own), folder=tmp_path, code=2).stderr
