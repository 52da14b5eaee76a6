"""Images whose version a tool names when it deploys: Skaffold, pipelines, Argo CD and Flux."""

from __future__ import annotations

import pytest
from workload_files import deployment, workload

BARE = {"k8s/app.yaml": deployment().replace("image: shop:1.0", "image: registry.example/shop")}
LATEST = {"k8s/app.yaml": deployment().replace("image: shop:1.0", "image: shop:latest")}
WORKFLOW = "on: push\njobs:\n  deploy:\n    steps:\n      - run: |\n          cd k8s\n          {command}\n"
CHART = {
    "chart/Chart.yaml": "apiVersion: v2\nname: shop\nversion: 1.0.0\n",
    "chart/values.yaml": "image: {tag: latest}\n",
    "chart/templates/app.yaml": deployment().replace("image: shop:1.0", "image: shop:{{ .Values.image.tag }}"),
}


def image(files: dict[str, str]) -> tuple[str, str, str]:
    """Its state, what sets it, and why it can't be told."""
    (found,) = workload(files).containers
    return found.image_state, found.image_set_by, found.unknown.get("image_state", "")


def test_an_image_that_nothing_sets_moves() -> None:
    assert image(BARE) == image(LATEST) == image(CHART) == ("moving", "", "")


@pytest.mark.parametrize("where", ["build:", "profiles:\n- name: dev\n  build:"])
def test_skaffold_sets_what_it_builds(where: str) -> None:
    artifacts = f"{where}\n    artifacts: [{{image: registry.example/shop, context: .}}]\n"
    skaffold = f"apiVersion: skaffold/v4beta1\nkind: Config\n{artifacts}"
    assert image({**BARE, "skaffold.yaml": skaffold}) == ("set", "Skaffold (skaffold.yaml:3)", "")
    other = skaffold.replace("registry.example/shop", "registry.example/cart")
    assert image({**BARE, "skaffold.yaml": other})[0] == "moving"


@pytest.mark.parametrize(
    "command",
    [
        "kustomize edit set image registry.example/shop=registry.example/shop:$SHA",
        "kustomize edit set image registry.example/shop:${{ github.sha }}",
        "kustomize edit set image other=x:1 \\\n            'registry.example/shop=r/shop:$SHA'",
        "kubectl -n shop set image deployment/shop app=registry.example/shop:$SHA",
    ],
)
def test_a_pipeline_sets_images_by_name(command: str) -> None:
    found = image({**BARE, ".github/workflows/cd.yml": WORKFLOW.format(command=command)})
    assert found[0] == "set"
    assert found[1].endswith("set image (.github/workflows/cd.yml:7)")


def test_a_pipeline_that_takes_the_name_from_a_variable_leaves_it_open() -> None:
    command = "kustomize edit set image $IMAGE=$REGISTRY/$IMAGE:$SHA"
    why = image({**BARE, "ci.yml": WORKFLOW.format(command=command)})[2]
    assert why == "may be named on the way by kustomize edit set image (ci.yml:7)"
    assert image({"k8s/app.yaml": deployment(), "ci.yml": WORKFLOW.format(command=command)}) == ("tag", "", "")


def test_helms_set_tag_leaves_images_of_charts_open_and_no_others() -> None:
    pipeline = {"ci.yml": WORKFLOW.format(command="helm upgrade shop chart --install --set image.tag=$SHA")}
    assert image({**CHART, **pipeline})[2] == "may be named on the way by helm --set (ci.yml:7)"
    assert image({**LATEST, **pipeline}) == ("moving", "", "")


@pytest.mark.parametrize(
    ("applied", "tool"),
    [
        (
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: shop\n  annotations:\n"
            "    argocd-image-updater.argoproj.io/image-list: x=cart:1.x, app=registry.example/shop:~1.0\nspec: {}\n",
            "Argo CD Image Updater",
        ),
        (
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: shop}\n"
            "spec: {source: {path: k8s, kustomize: {images: ['registry.example/shop:1.2']}}}\n",
            "Argo CD",
        ),
        (
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: shop}\n"
            "spec: {path: k8s, images: [{name: registry.example/shop, newTag: 1.2.3}]}\n",
            "Flux",
        ),
    ],
)
def test_argo_cd_and_flux_set_what_they_name(applied: str, tool: str) -> None:
    assert image({**BARE, "apps/shop.yaml": applied}) == ("set", f"{tool} (apps/shop.yaml:1)", "")


def test_a_container_without_an_image_is_a_patch_and_not_judged() -> None:
    files = {"app.yaml": deployment().replace("          image: shop:1.0\n", "")}
    assert image(files)[2] == "it names no image: a patch, or filled in elsewhere"


ORB = """\
orbs: {hmpps: ministryofjustice/hmpps@11.3.0, own: {jobs: {deploy: {steps: []}}}}
workflows:
  build:
    jobs:
      - test
      - JOB:
          env: prod
"""
CALLS = "on: push\njobs:\n  STEP\n"


@pytest.mark.parametrize(
    ("path", "text", "by"),
    [
        (
            ".circleci/config.yml",
            ORB.replace("JOB", "hmpps/deploy_env"),
            "hmpps/deploy_env, of an orb (.circleci/config.yml:6)",
        ),
        (
            ".github/workflows/cd.yml",
            CALLS.replace("STEP", "prod: {uses: org/shared/.github/workflows/helm-deploy.yml@v3}"),
            "the workflow org/shared/.github/workflows/helm-deploy.yml@v3 (.github/workflows/cd.yml:3)",
        ),
        (
            ".github/workflows/cd.yml",
            CALLS.replace("STEP", "prod: {steps: [{uses: azure/k8s-deploy@v5, with: {images: 'shop:1'}}]}"),
            "the action azure/k8s-deploy (.github/workflows/cd.yml:3)",
        ),
        (
            ".gitlab-ci.yml",
            "stages: [deploy]\ninclude:\n- project: platform/ci\n  file: /helm/deploy.yml\n",
            "the include /helm/deploy.yml (.gitlab-ci.yml:3)",
        ),
    ],
)
def test_a_step_that_deploys_and_lies_elsewhere_leaves_images_of_charts_open(path: str, text: str, by: str) -> None:
    assert image({**CHART, path: text}) == ("moving", "", f"may be named on the way by {by}")
    assert image({**LATEST, path: text}) == ("moving", "", "")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (".circleci/config.yml", ORB.replace("JOB", "own/deploy")),
        (".circleci/config.yml", ORB.replace("JOB", "hmpps/install_helm")),
        (".github/workflows/cd.yml", CALLS.replace("STEP", "prod: {uses: ./.github/workflows/deploy.yml}")),
        (
            ".github/workflows/cd.yml",
            CALLS.replace("STEP", "a: {uses: org/shared/.github/workflows/deploy-docs.yml@v3}"),
        ),
        (
            ".github/workflows/cd.yml",
            CALLS.replace("STEP", "a: {steps: [{uses: azure/setup-helm@v4, with: {version: v3}}]}"),
        ),
        (".github/workflows/cd.yml", CALLS.replace("STEP", "a: {uses: org/x/.github/workflows/upgrade-tests.yml@v3}")),
        (".github/workflows/cd.yml", CALLS.replace("STEP", "a: {uses: org/x/.github/workflows/deploy-preview.yml@v3}")),
        (
            ".github/workflows/cd.yml",
            CALLS.replace("STEP", "a: {steps: [{uses: softprops/action-gh-release@v2, with: {tag_name: v1}}]}"),
        ),
        (".gitlab-ci.yml", "stages: [test]\ninclude: {template: Security/SAST.gitlab-ci.yml}\n"),
    ],
)
def test_a_step_that_can_be_read_or_deploys_no_image_leaves_nothing_open(path: str, text: str) -> None:
    assert image({**CHART, path: text}) == ("moving", "", "")


def test_what_an_overlay_sets_elsewhere_is_open_and_not_moving() -> None:
    base = {**LATEST, "k8s/kustomization.yaml": "resources: [app.yaml]\n"}
    other = {"rings/1/kustomization.yaml": "resources: [gone]\nimages: [{name: shop, newTag: 1.2.3}]\n"}

    assert image(base) == ("moving", "", "")
    assert image({**base, **other})[2] == "may be named on the way by kustomize's images (rings/1/kustomization.yaml:1)"
    assert image({**base, "rings/1/kustomization.yaml": "images: [{name: cart, newTag: 1.2.3}]\n"})[2] == ""
