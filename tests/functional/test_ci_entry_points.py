"""The action, the GitLab template, the pre-commit hook and docs/ci.md: valid by the published schemas, and run."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from built_wheel import CHECKOUT, build
from ci_runners import composite_action, environment, gitlab_job
from golden_births import BIRTHS, answers, born, paths
from organisation import RUNBOOK, alert, component

from app.golden_paths.rendering import render
from app.repos.author import Commit, write

PAGE = (CHECKOUT / "docs" / "ci.md").read_text("utf-8")
ACTION, TEMPLATE, HOOKS = CHECKOUT / "action.yml", CHECKOUT / "ci" / "gitlab.yml", CHECKOUT / ".pre-commit-hooks.yaml"
FILES = {"catalog-info.yaml": component("shop"), "alerts.yaml": alert("Burning", "TODO"), "docs/runbook.md": RUNBOOK}
LIBRARIES = ":".join(path for path in sys.path if path.endswith("site-packages"))


@pytest.fixture(scope="module")
def install(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What makes pip install this very code, from a wheel, and find its libraries without a network. They are built for
    the Python that runs the tests, so the steps find that one first.
    """
    wheel = build(tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel"))
    pip = {"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PYTHONPATH": LIBRARIES}
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    return {"requirement": str(wheel), "PATH": path, **pip}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    content = {name: text.encode() for name, text in FILES.items()}
    write(tmp_path / "shop", [Commit(datetime(2026, 1, 1, tzinfo=UTC), content)], bare=False)
    return tmp_path / "shop"


def act(given: dict[str, str], shop: Path, install: dict[str, str]):  # type: ignore[no-untyped-def]
    scratch = shop.parent / "runner"
    scratch.mkdir(exist_ok=True)
    env = {name: text for name, text in install.items() if name != "requirement"}
    return composite_action(ACTION, {"requirement": install["requirement"], **given}, shop, scratch, **env)


def valid(schema: str, *files: Path, transform: str = "") -> None:
    more = ["--data-transform", transform] if transform else []
    command = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        f"vendor.{schema}",
        *more,
        *map(str, files),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_action_and_the_template_are_valid_by_their_published_schemas() -> None:
    valid("github-actions", ACTION)
    valid("github-workflows", CHECKOUT / ".github" / "workflows" / "ci.yaml")
    valid("gitlab-ci", TEMPLATE, transform="gitlab-ci")


def test_the_action_tells_new_debt_on_its_line_and_keeps_every_report(shop: Path, install: dict[str, str]) -> None:
    (shop / "new.yaml").write_text(alert("Failing", "TODO"), "utf-8")
    ran = act({"baseline": "main"}, shop, install)

    assert (ran.code, ran.outputs["exit-code"]) == (1, "1"), ran.printed
    lines = [line for line in ran.printed.splitlines() if line.startswith("::")]
    assert lines
    assert all(line.startswith("::error file=new.yaml,line=") for line in lines)
    assert ran.summary.startswith("### Roadworthy: ")
    assert json.loads(Path(ran.outputs["sarif"]).read_text("utf-8"))["version"] == "2.1.0"
    assert "comparison" in json.loads(Path(ran.outputs["json"]).read_text("utf-8"))
    assert Path(ran.outputs["junit"]).read_text("utf-8").startswith("<?xml")


def test_the_actions_inputs_are_no_shell(shop: Path, install: dict[str, str]) -> None:
    hostile = f'"; touch {shop}/bad; echo "$(touch {shop}/bad)'
    for name in ("path", "baseline", "fail-under", "entity"):
        ran = act({name: hostile}, shop, install)
        assert not (shop / "bad").exists()
        assert ran.code in ((0,) if name == "entity" else (2, 3)), (name, ran.printed)


def test_the_gitlab_job_measures_a_merge_request_from_where_it_left_its_target(
    shop: Path, install: dict[str, str]
) -> None:
    env = {"ROADWORTHY_REQUIREMENT": install["requirement"], "ROADWORTHY_HOME": str(shop.parent / "home")}
    env |= {name: text for name, text in install.items() if name != "requirement"}
    base = subprocess.run(["git", "rev-parse", "HEAD"], cwd=shop, capture_output=True, text=True, check=True)
    review = {"CI_MERGE_REQUEST_DIFF_BASE_SHA": base.stdout.strip()}

    assert gitlab_job(TEMPLATE, "roadworthy", shop, **env, **review).code == 0
    below = gitlab_job(TEMPLATE, "roadworthy", shop, **env, ROADWORTHY_FAIL_UNDER="bronze")
    assert below.code == 1, below.printed
    (shop / "new.yaml").write_text(alert("Failing", "TODO"), "utf-8")
    worse = gitlab_job(TEMPLATE, "roadworthy", shop, **env, **review)
    assert worse.code == 1, worse.printed
    assert "new.yaml:4 Failing" in worse.printed
    job = yaml.safe_load(TEMPLATE.read_text("utf-8"))["roadworthy"]
    assert all((shop / path).exists() for path in (*job["artifacts"]["paths"], job["artifacts"]["reports"]["junit"]))


def test_the_hook_lets_old_debt_and_the_first_commit_be_and_stops_new_debt_that_is_staged(tmp_path: Path) -> None:
    def ran(*command: str, code: int = 0) -> str:
        env = environment(PRE_COMMIT_HOME=str(tmp_path / "home"), PYTHONPATH=str(CHECKOUT))
        done = subprocess.run(command, cwd=shop, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    shop, pre_commit = tmp_path / "shop", (sys.executable, "-m", "pre_commit")
    shop.mkdir()
    for name, text in FILES.items():
        (shop / name).parent.mkdir(exist_ok=True)
        (shop / name).write_text(text, "utf-8")
    ran("git", "init", "-q", "-b", "main")
    ran("git", "config", "user.name", "Ada")
    ran("git", "config", "user.email", "ada@acme.example")
    (hook,) = yaml.safe_load(HOOKS.read_text("utf-8"))
    here = shlex.join([sys.executable, "-m", "app.cli"])
    local = {**hook, "language": "system", "entry": hook["entry"].replace("roadworthy", here, 1)}
    (shop / ".pre-commit-config.yaml").write_text(yaml.safe_dump({"repos": [{"repo": "local", "hooks": [local]}]}))
    ran(*pre_commit, "install")
    ran("git", "add", "-A")
    assert "Passed" in ran("git", "commit", "-m", "first")

    (shop / "alerts.yaml").write_text("# moved\n" + FILES["alerts.yaml"], "utf-8")
    assert "Passed" in ran("git", "commit", "-a", "-m", "old debt, moved")
    (shop / "new.yaml").write_text(alert("Failing", "TODO"), "utf-8")
    ran("git", "add", "-A")
    said = ran("git", "commit", "-m", "new debt", code=1)
    assert "new.yaml:4 Failing" in said
    assert "roadworthy fix --check alert-runbook-linked" in said
    ran("git", "rm", "-q", "--cached", "new.yaml")  # not staged, so not judged
    (shop / "docs" / "more.md").write_text("# More\n", "utf-8")
    ran("git", "add", "docs")
    (shop / ".gitignore").write_text("new.yaml\n", "utf-8")
    ran("git", "add", ".gitignore")
    assert "Passed" in ran("git", "commit", "-m", "something else")


def test_the_manifest_of_hooks_is_what_pre_commit_takes() -> None:
    command = [sys.executable, "-m", "pre_commit", "validate-manifest", str(HOOKS)]
    assert subprocess.run(command, cwd=CHECKOUT, check=False).returncode == 0


def snippets() -> dict[str, str]:
    """The page's YAML by the file that its first line names."""
    return dict(re.findall(r"```yaml\n# (\S+)\n(.*?)```", PAGE, re.DOTALL))


def test_the_pages_workflow_uses_the_action_as_it_is(shop: Path, tmp_path: Path, install: dict[str, str]) -> None:
    (tmp_path / "workflow.yaml").write_text(snippets()[".github/workflows/reliability.yaml"], "utf-8")
    valid("github-workflows", tmp_path / "workflow.yaml")
    (step,) = [one for one in steps_of(tmp_path / "workflow.yaml") if "roadworthy/" in one["uses"]]
    given = {
        name: str(text).replace("${{ github.event.pull_request.base.sha }}", "main")
        for name, text in step["with"].items()
    }

    assert act(given, shop, install).code == 0  # as low as before is no failure
    outputs = yaml.safe_load(ACTION.read_text("utf-8"))["outputs"]
    used = set(re.findall(r"steps\.roadworthy\.outputs\.([a-z-]+)", PAGE))
    assert used <= set(outputs)
    assert "sarif" in used


def steps_of(workflow: Path) -> list[dict]:  # type: ignore[type-arg]
    (job,) = yaml.safe_load(workflow.read_text("utf-8"))["jobs"].values()
    return [step for step in job["steps"] if "uses" in step]


def test_the_pages_gitlab_file_sets_what_the_template_reads(tmp_path: Path) -> None:
    (tmp_path / "gitlab.yml").write_text(snippets()[".gitlab-ci.yml"], "utf-8")
    valid("gitlab-ci", tmp_path / "gitlab.yml", transform="gitlab-ci")
    body = yaml.safe_load(snippets()[".gitlab-ci.yml"])
    assert body["include"][0]["remote"].endswith(str(TEMPLATE.relative_to(CHECKOUT)))
    known = yaml.safe_load(TEMPLATE.read_text("utf-8"))["variables"]
    assert set(body["variables"]) <= set(known)
    assert all(f"`{name}`" in PAGE for name in known)


def test_the_pages_hook_and_inputs_exist(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(snippets()[".pre-commit-config.yaml"], "utf-8")
    command = [sys.executable, "-m", "pre_commit", "validate-config", str(tmp_path / "config.yaml")]
    assert subprocess.run(command, cwd=CHECKOUT, check=False).returncode == 0
    (asked,) = yaml.safe_load(snippets()[".pre-commit-config.yaml"])["repos"][0]["hooks"]
    assert asked["id"] in {hook["id"] for hook in yaml.safe_load(HOOKS.read_text("utf-8"))}
    assert all(f"`{name}`" in PAGE for name in yaml.safe_load(ACTION.read_text("utf-8"))["inputs"])


def test_each_command_of_the_page_works_in_a_repository(shop: Path) -> None:
    (block,) = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    for line in block.splitlines():
        name, *arguments = shlex.split(line)
        assert name == "roadworthy"
        command = [sys.executable, "-m", "app.cli", *arguments]
        done = subprocess.run(
            command, cwd=shop, env=environment(PYTHONPATH=str(CHECKOUT)), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, line + done.stderr


def test_what_is_born_runs_the_same_action_and_template(tmp_path: Path) -> None:
    workflows, jobs = [], []
    for kind, tier in BIRTHS:
        gitlab = render(paths()[kind], answers(kind, tier, repoUrl="https://gitlab.com/acme/gift-cards"))
        workflows.append(tmp_path / f"{kind}-{tier}.yaml")
        workflows[-1].write_bytes(born(kind, tier)[".github/workflows/reliability.yaml"])
        jobs.append(tmp_path / f"{kind}-{tier}.yml")
        jobs[-1].write_bytes(gitlab[".gitlab-ci.yml"])
        (step,) = [one for one in steps_of(workflows[-1]) if "roadworthy/" in one["uses"]]
        assert set(step["with"]) <= set(yaml.safe_load(ACTION.read_text("utf-8"))["inputs"])
        assert f"uses: {step['uses']}\n" in PAGE
        body, shown = yaml.safe_load(jobs[-1].read_bytes()), yaml.safe_load(snippets()[".gitlab-ci.yml"])
        assert body["include"] == shown["include"]
        assert set(body["variables"]) == set(shown["variables"])
        assert body["variables"]["ROADWORTHY_FAIL_UNDER"] == step["with"]["fail-under"]
    valid("github-workflows", *workflows)
    valid("gitlab-ci", *jobs, transform="gitlab-ci")


def test_every_address_of_the_product_names_the_release_at_hand() -> None:
    """The tag of the action, the hook and the template is this version's."""
    places = (PAGE, *(data.decode() for kind in ("api", "database") for data in born(kind, "t2").values()))
    tags = {tag for text in places for tag in re.findall(r"roadworthy/roadworthy[@/]v([0-9.]+[0-9])", text)}
    assert tags == {metadata.version("roadworthy")}
