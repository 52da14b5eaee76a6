"""Dockerfiles: which images from elsewhere a build stands on, and how firmly each is named."""

from __future__ import annotations

import pytest

from app.formats import ignoring, reading
from app.formats.model import BaseImage

DIGEST = "sha256:" + "a" * 64


def images(text: str, path: str = "Dockerfile") -> list[tuple[str, str, int]]:
    """(image, state or "unknown", line) of each."""
    found = []
    for one in reading.read(path, text.encode()).objects:
        assert isinstance(one, BaseImage)
        found.append((one.image, "unknown" if "image_state" in one.unknown else one.image_state, one.line))
    return found


@pytest.mark.parametrize(
    ("image", "state"),
    [
        ("python:3.12-slim", "tag"),
        (f"python@{DIGEST}", "digest"),
        (f"python:3.12@{DIGEST}", "digest"),
        ("python", "moving"),
        ("python:latest", "moving"),
        ("python:LATEST", "moving"),
        ("node:lts", "moving"),
        ("node:lts-slim", "moving"),
        ("nginx:stable-alpine", "moving"),
        ("debian:bookworm-slim", "tag"),
        ("rust:nightly-2026-01-31", "tag"),
        ("registry.example:5000/team/app", "moving"),
        ("registry.example:5000/team/app:1.4", "tag"),
    ],
)
def test_a_base_image_is_named_by_digest_by_a_fixed_tag_or_by_one_that_moves(image: str, state: str) -> None:
    assert images(f"FROM {image}\n") == [(image, state, 1)]


def test_stages_scratch_and_numbers_are_no_images_from_elsewhere() -> None:
    text = """\
FROM golang:1.22 AS Build
RUN go build -o /app
FROM build as test
FROM scratch
COPY --from=build /app /app
COPY --from=0 /app /app
"""
    assert images(text) == [("golang:1.22", "tag", 1)]


def test_what_a_build_copies_from_or_mounts_counts_like_what_it_begins_with() -> None:
    text = """\
FROM --platform=$BUILDPLATFORM python:3.12 AS run
COPY --chown=1:1 --from=ghcr.io/astral-sh/uv:latest /uv /bin/
RUN --mount=type=bind,from=node:22.1,target=/n \\
    # a remark between the lines
    npm ci
"""
    assert images(text) == [
        ("python:3.12", "tag", 1),
        ("ghcr.io/astral-sh/uv:latest", "moving", 2),
        ("node:22.1", "tag", 3),
    ]


def test_an_argument_is_taken_by_its_default_and_unknown_without_one() -> None:
    text = """\
ARG PYTHON=3.12 DISTRIBUTION="slim"
ARG BASE
FROM python:${PYTHON}-$DISTRIBUTION
FROM ${BASE}
FROM python:${VERSION}
FROM ${OTHER:-debian}
FROM ${OTHER:?must be given}
FROM ${REGISTRY}/app:latest
FROM ${REGISTRY}/app:1.2
"""
    assert [(image, state) for image, state, _ in images(text)] == [
        ("python:3.12-slim", "tag"),
        ("${BASE}", "unknown"),
        ("python:${VERSION}", "unknown"),
        ("debian", "moving"),
        ("${REGISTRY}/app:latest", "moving"),
        ("${REGISTRY}/app:1.2", "tag"),
    ]


def test_an_argument_may_choose_a_stage() -> None:
    """Met in Tyk's plugin compiler."""
    text = "ARG TARGET=2.17\nFROM debian:12 AS sysroot-2.17\nFROM sysroot-${TARGET} AS run\n"
    assert images(text) == [("debian:12", "tag", 2)]


def test_an_argument_of_a_stage_does_not_name_the_next_base() -> None:
    assert images("FROM a:1\nARG V=latest\nFROM b:${V}\n")[1] == ("b:${V}", "unknown", 3)


def test_comments_here_documents_and_other_escapes_are_read_as_docker_reads_them() -> None:
    text = "# escape=`\n# FROM old\nFROM `\n  windows:1809\nRUN <<TEXT\nFROM inside\nTEXT\nfrom alpine:3.20\n"
    assert images(text) == [("windows:1809", "tag", 3), ("alpine:3.20", "tag", 8)]


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        ("Dockerfile", True),
        ("services/cart/Containerfile", True),
        ("docker/Dockerfile.prod", True),
        ("web.Dockerfile", True),
        (".dockerignore", False),
        ("Dockerfile.dockerignore", False),
        ("docs/dockerfile.md", False),
        ("dockerfile_lint.py", False),
    ],
)
def test_dockerfiles_are_known_by_their_name(path: str, is_one: bool) -> None:
    assert (reading.name_class(path) == "dockerfile") is is_one


@pytest.mark.parametrize(
    ("path", "counts"),
    [
        ("Dockerfile", True),
        ("build/docker/Dockerfile.prod", True),
        ("services/dev-portal/Dockerfile", True),
        ("Dockerfile.devops", True),
        ("Dockerfile.dev", False),
        ("dev.Dockerfile", False),
        ("web.test.dockerfile", False),
        (".devcontainer/Dockerfile", False),
        ("build/ci/Dockerfile", False),
        ("examples/app/Dockerfile", False),
        ("vendor/thing/Dockerfile", False),
    ],
)
def test_a_dockerfile_for_development_never_counts(path: str, counts: bool) -> None:
    assert (ignoring.of_build(path) == "") is counts


def test_a_hostile_dockerfile_costs_no_time() -> None:
    assert images("FROM " + "a" * 1_000_000) == [("a" * 500, "moving", 1)]
    assert len(images("FROM a:1\n" * 100_000)) <= 200
    assert images("RUN " + "--mount= " * 50_000 + "\n") == []
    assert images("FROM ${" + "${" * 20_000 + "\n")[0][1] == "unknown"
