"""CI configurations: whether a change is tested before it is merged, and where that can't be told."""

from __future__ import annotations

import pytest

from app.formats import pipelines, reading
from app.formats.model import Pipeline

WORKFLOW = ".github/workflows/ci.yaml"


def pipeline(text: str, path: str = WORKFLOW) -> Pipeline:
    (found,) = [one for one in reading.read(path, text.encode()).objects if isinstance(one, Pipeline)]
    return found


def workflow(*steps: str, on: str = "pull_request", job: str = "build") -> Pipeline:
    lines = "".join(f"      - {step}\n" for step in steps)
    return pipeline(f"name: CI\non: {on}\njobs:\n  {job}:\n    runs-on: ubuntu-24.04\n    steps:\n{lines}")


@pytest.mark.parametrize(
    "command",
    [
        "pytest -q",
        "uv run pytest",
        "python -m unittest discover",
        "go test ./...",
        "cargo nextest run",
        "npm test",
        "npm run test:unit",
        "yarn test",
        "mvn -B verify",
        "./mvnw --batch-mode test",
        "./gradlew check",
        "gradle :app:integrationTest",
        "make test",
        "make -C app unit-tests",
        "make test-integration",
        "bundle exec rspec",
        "dotnet test --no-build",
        "bazel test //...",
        "promtool test rules monitoring/rules_test.yaml",
    ],
)
def test_a_step_that_runs_tests_is_known_by_its_command(command: str) -> None:
    assert workflow(f"run: {command}").tests


@pytest.mark.parametrize(
    "command",
    [
        *("npm ci", "docker build .", "echo latest", "go build ./...", "# pytest", "helm lint", "cat ./VERSION"),
        *("pip install pytest pytest-cov", "npm install jest", "slsa-verifier provenance"),
    ],
)
def test_other_commands_are_no_tests(command: str) -> None:
    found = workflow(f"run: '{command}'")
    assert (found.tests, found.unknown) == ("", {})


def test_a_step_or_job_may_say_by_its_name_that_it_tests() -> None:
    assert workflow("{name: Unit tests, run: scripts/all}").tests == "step Unit tests"
    assert workflow("uses: acme/run@v1", job="integration-tests").tests == "job integration-tests"
    assert workflow("{name: Print the latest version, run: cat VERSION}").tests == ""
    assert workflow("{name: Install tools for testing, run: brew bundle}").tests == ""


@pytest.mark.parametrize(
    "step", ["run: ./ci/run.sh", "run: make ci", "run: bash scripts/all.sh", "uses: ./.github/actions/ci"]
)
def test_what_only_a_script_or_another_file_explains_is_unknown(step: str) -> None:
    found = workflow(step)
    assert found.tests == ""
    assert "is not looked into" in found.unknown["tests"]


@pytest.mark.parametrize("target", ["check-docs", "install-test-tools", "latest"])
def test_a_target_of_make_that_only_sounds_like_a_test_is_unknown(target: str) -> None:
    assert workflow(f"run: make {target}").unknown["tests"] == "it runs make, which is not looked into"


def test_a_job_of_another_workflow_is_unknown_unless_a_step_here_tests() -> None:
    called = "on: [push, pull_request]\njobs:\n  all: {uses: acme/ci/.github/workflows/go.yaml@v1}\n"
    assert "acme/ci" in pipeline(called).unknown["tests"]
    both = called + "  own:\n    steps: [{run: go test ./...}]\n"
    assert (pipeline(both).tests, pipeline(both).unknown) == ("go test", {})


@pytest.mark.parametrize(
    ("on", "before"),
    [
        ("pull_request", True),
        ("[push, pull_request]", True),
        ("{pull_request: {branches: [main]}}", True),
        ("{merge_group: }", True),
        ("push", True),
        ("{push: {branches: ['**']}}", True),
        ("{push: {branches: [main]}}", False),
        ("{push: {tags: ['v*']}}", False),
        ("{schedule: [{cron: '0 1 * * *'}]}", False),
        ("workflow_dispatch", False),
    ],
)
def test_only_what_runs_before_a_merge_can_hold_it_back(on: str, before: bool) -> None:
    assert workflow("run: go test ./...", on=on).before_merge is before


def test_a_workflow_whose_name_ends_in_test_is_no_test_data() -> None:
    assert pipelines.system_of(".github/workflows/unit-test.yml") == "github_actions"
    assert pipelines.system_of("golden/.github/workflows/ci.yml") == ""


@pytest.mark.parametrize(
    ("path", "system"),
    [
        ("ci/Jenkinsfile", "jenkins"),
        ("Jenkinsfile.release", "jenkins"),
        ("src/frontend/cloudbuild.yaml", "cloud_build"),
        ("cloudbuild-pr.yml", "cloud_build"),
        (".github/cloudbuild/ci-pr.yaml", "cloud_build"),
        ("docs/jenkinsfiles.md", ""),
        ("docs/cloudbuild.md", ""),
    ],
)
def test_services_that_read_a_file_wherever_it_lies_are_known_by_its_name(path: str, system: str) -> None:
    """Met in bank-of-anthos, whose tests run in Cloud Build by files beside its workflows."""
    assert pipelines.system_of(path) == system


def test_jobs_of_gitlab_run_for_every_push_unless_they_are_for_the_default_branch_alone() -> None:
    job = "unit:\n  stage: test\n  script: [pip install ., pytest]\n"
    assert pipeline(job, ".gitlab-ci.yml").tests == "pytest"
    late = job + "  rules:\n    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH\n"
    assert pipeline(late, ".gitlab-ci.yml").tests == ""
    only = job + "  only: [main]\n"
    assert pipeline(only, ".gitlab-ci.yml").tests == ""
    named = "checks:\n  stage: test\n  script: [bin/all]\n"
    assert pipeline(named, ".gitlab-ci.yml").tests == "step checks test"
    hidden = ".job: {script: [pytest]}\n"
    assert pipeline(hidden, ".gitlab-ci.yml").tests == ""
    included = "include: [{project: acme/ci, file: go.yml}]\n"
    assert "includes other files" in pipeline(included, ".gitlab-ci.yml").unknown["tests"]


@pytest.mark.parametrize(
    ("path", "system", "text"),
    [
        ("Jenkinsfile", "jenkins", "pipeline { stages { stage('x') { steps { sh 'mvn -B verify' } } } }"),
        (".circleci/config.yml", "circleci", "version: 2.1\njobs: {build: {steps: [{run: npm test}]}}\n"),
        (".travis.yml", "travis", "language: go\nscript: go test ./...\n"),
        ("azure-pipelines.yml", "azure_pipelines", "steps: [{script: dotnet test}]\n"),
    ],
)
def test_of_other_services_a_named_test_is_enough_and_none_is_unknown(path: str, system: str, text: str) -> None:
    found = pipeline(text, path)
    assert (found.system, found.before_merge, bool(found.tests), found.unknown) == (system, True, True, {})
    assert pipeline("a: b\n", path).unknown["tests"]


def test_a_hostile_pipeline_costs_no_time() -> None:
    assert workflow("run: '" + "make " * 50_000 + "'").tests == ""
    assert workflow("run: '" + "mvn " * 50_000 + "'").tests == ""
    assert workflow("run: '" + "a/" * 50_000 + "'").unknown == {}
    assert pipeline("x" * 1_000_000, "Jenkinsfile").tests == ""


@pytest.mark.parametrize(
    ("name", "step", "tests"),
    [
        ("e2e", "run: kubectl wait kustomization/apps", "workflow e2e"),
        ("Test manifests", "run: flux migrate -f .", "workflow Test manifests"),
        ("Publish test results", "run: gh api x", ""),
        ("release", "run: gh release create", ""),
        ("e2e", "uses: actions/checkout@v4", ""),
    ],
)
def test_a_workflow_that_calls_itself_a_test_and_runs_something_is_one(name: str, step: str, tests: str) -> None:
    """Met in Flux' example of kustomize and Helm, whose tests are kubectl and the tool itself."""
    text = f"name: {name}\non: pull_request\njobs:\n  kubernetes:\n    steps:\n      - {step}\n"
    assert pipeline(text).tests == tests
