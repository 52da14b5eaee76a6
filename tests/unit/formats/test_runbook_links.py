"""Where a runbook link points, decided from its text alone."""

from __future__ import annotations

import time

import pytest

from app.formats.links import Target, resolve

HERE = "https://github.com/acme/orders"


def target(value: str, path: str = "monitoring/rules/orders.yaml") -> Target:
    return resolve(value, repository=HERE, path=path)


def pages(*bases: str) -> tuple[str, ...]:
    """What is tried for names without an ending."""
    return tuple(f"{base}{tail}" for base in bases for tail in (".md", "/README.md", "/index.md", "/_index.md"))


def test_a_relative_link_is_tried_beside_its_file_and_then_at_the_root() -> None:
    assert target("docs/orders.md#high-error-rate") == Target(
        "file", HERE, "monitoring/rules/docs/orders.md", "high-error-rate", alternatives=("docs/orders.md",)
    )


def test_a_link_that_begins_with_a_dot_is_tried_beside_its_file_only() -> None:
    assert target("./a.md") == Target("file", HERE, "monitoring/rules/a.md")
    assert target("../../docs/a%20b.md?plain=1#x%20y") == Target("file", HERE, "docs/a b.md", "x y")


def test_a_link_that_begins_with_a_slash_stands_at_the_root() -> None:
    assert target("/docs/a.md") == Target("file", HERE, "docs/a.md")


def test_a_name_without_an_ending_may_be_a_page_or_a_folder() -> None:
    assert target("/docs/orders/") == Target("file", HERE, "docs/orders", alternatives=pages("docs/orders"))


def test_an_anchor_alone_points_into_the_same_file() -> None:
    assert target("#HighErrorRate") == Target("file", HERE, "monitoring/rules/orders.yaml", "HighErrorRate")


@pytest.mark.parametrize("value", ["../../../etc/passwd", "/../x.md", "/", "../.."])
def test_a_link_out_of_the_repository_is_invalid(value: str) -> None:
    assert target(value) == Target("invalid", url=value)


@pytest.mark.parametrize(
    ("url", "repository", "path", "anchor"),
    [
        ("https://github.com/acme/books/blob/main/rb/a.md#b", "https://github.com/acme/books", "rb/a.md", "b"),
        ("https://github.com/acme/books/tree/v1.2/rb/a.md", "https://github.com/acme/books", "rb/a.md", ""),
        ("https://raw.githubusercontent.com/acme/books/main/a.md", "https://github.com/acme/books", "a.md", ""),
        ("https://gitlab.com/acme/sre/books/-/blob/main/a.md", "https://gitlab.com/acme/sre/books", "a.md", ""),
        ("https://codeberg.org/acme/books/src/branch/main/a.md", "https://codeberg.org/acme/books", "a.md", ""),
        ("https://bitbucket.org/acme/books/src/main/rb/a.md", "https://bitbucket.org/acme/books", "rb/a.md", ""),
        (
            "https://bitbucket.acme.example/projects/SRE/repos/books/browse/a.md?at=refs/heads/main",
            "https://bitbucket.acme.example/scm/sre/books",
            "a.md",
            "",
        ),
    ],
)
def test_a_file_on_a_forge_is_a_file_of_that_repository(url: str, repository: str, path: str, anchor: str) -> None:
    assert target(url) == Target("file", repository, path, anchor, url)


def test_a_folder_on_a_forge_stands_for_its_page() -> None:
    url = "https://github.com/acme/books/tree/main/rb/orders"

    assert target(url) == Target("file", "https://github.com/acme/books", "rb/orders", "", url, pages("rb/orders"))


def test_the_prometheus_operators_site_is_a_file_of_its_repository() -> None:
    assert target("https://runbooks.prometheus-operator.dev/runbooks/general/watchdog#meaning") == Target(
        "file",
        "https://github.com/prometheus-operator/runbooks",
        "content/runbooks/general/watchdog.md",
        "meaning",
        any_case=True,
    )


@pytest.mark.parametrize(
    ("url", "anchor"),
    [
        ("https://wiki.acme.example/x?y=1#z", "z"),
        ("https://github.com/acme/books", ""),
        ("https://github.com/acme/books/wiki/Orders", ""),
        ("https://github.com/acme/books/blob/main", ""),
    ],
)
def test_any_other_page_is_external(url: str, anchor: str) -> None:
    assert target(f"  {url}\n") == Target("external", url=url, anchor=anchor)


@pytest.mark.parametrize(
    "value",
    [
        "https://runbooks.acme.example/{{ $labels.alertname }}",
        "https://github.com/acme/books/blob/main/{{$labels.alertname}}.md",
        "docs/{{- $labels.alertname -}}.md",
        "docs/alerts.md#{{ $labels.alertname }}",
    ],
)
def test_an_alert_name_from_labels_is_a_dead_link(value: str) -> None:
    assert target(value) == Target("dead_template", url=value)


@pytest.mark.parametrize(
    "value", ["https://x.example/{{ $labels.job }}/a", "{{ .Values.base }}/a.md", "${BASE}/a.md", "docs/__TPL__.md"]
)
def test_a_template_in_the_path_cannot_be_followed(value: str) -> None:
    assert target(value) == Target("templated", url=value)


def test_a_template_in_the_query_does_not_matter() -> None:
    assert target("https://github.com/acme/books/blob/main/a.md?pod={{ $labels.pod }}#b") == Target(
        "file", "https://github.com/acme/books", "a.md", "b", "https://github.com/acme/books/blob/main/a.md?pod=#b"
    )
    assert target("a.md?n={{ $labels.alertname }}").path == "monitoring/rules/a.md"


@pytest.mark.parametrize(
    "value",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "mailto:sre@acme.example",
        "data:text/html,x",
        "file:///etc/passwd",
        "ftp://acme.example/a.md",
        "//acme.example/a.md",
        "https://",
        "https://[no-address/a.md",
    ],
)
def test_what_no_browser_should_open_is_invalid(value: str) -> None:
    assert target(value) == Target("invalid", url=value)


@pytest.mark.parametrize("value", ["{{" * 20_000, "${" * 20_000, "../" * 20_000, "http://" + "a" * 50_000, "\x00"])
def test_a_hostile_link_has_an_answer(value: str) -> None:
    began = time.process_time()

    assert target(value).state in ("file", "invalid", "external")
    assert time.process_time() - began < 5
