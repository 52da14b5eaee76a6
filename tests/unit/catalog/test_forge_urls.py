"""URLs of files and repositories on git forges."""

from __future__ import annotations

import pytest

from app.lib.forge_urls import ForgePlace, branch_url, forge_of, line_url, repository_of, split


@pytest.mark.parametrize(
    ("url", "place"),
    [
        (
            "https://github.com/acme/orders/blob/main/docs/a.md?plain=1#top",
            ForgePlace("https://github.com/acme/orders", "main", "docs/a.md", "top", "plain=1"),
        ),
        ("https://GitHub.com/acme/orders/tree/v1/", ForgePlace("https://github.com/acme/orders", "v1", "")),
        ("https://github.com/acme/orders/edit/main/a.md", ForgePlace("https://github.com/acme/orders", "main", "a.md")),
        ("https://github.com/acme/orders.git/raw/main/a", ForgePlace("https://github.com/acme/orders", "main", "a")),
        (
            "https://raw.githubusercontent.com/acme/orders/refs/heads/main/a/b.md",
            ForgePlace("https://github.com/acme/orders", "main", "a/b.md"),
        ),
        (
            "https://git.acme.example:8443/a/b/c/-/tree/main/docs",
            ForgePlace("https://git.acme.example:8443/a/b/c", "main", "docs"),
        ),
        (
            "https://gitea.example/a/b/src/commit/0a1b/x%20y.md",
            ForgePlace("https://gitea.example/a/b", "0a1b", "x y.md"),
        ),
        ("https://gitea.example/a/b/raw/tag/v1/x.md", ForgePlace("https://gitea.example/a/b", "v1", "x.md")),
        ("https://bitbucket.org/a/b/src/main/x.md", ForgePlace("https://bitbucket.org/a/b", "main", "x.md")),
        (
            "https://bb.example/projects/SRE/repos/b/raw/x.md?at=refs%2Fheads%2Fmain",
            ForgePlace("https://bb.example/scm/sre/b", "main", "x.md"),
        ),
        (
            "https://user:secret@github.com/acme/orders/blob/main/a.md",
            ForgePlace("https://github.com/acme/orders", "main", "a.md"),
        ),
    ],
)
def test_a_place_on_a_forge_is_split(url: str, place: ForgePlace) -> None:
    assert split(url) == place


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://github.com/acme/orders",
        "https://github.com/acme/orders/wiki/Home",
        "ssh://git@github.com/acme/orders/blob/main/a.md",
        "https://github.com:notaport/acme/orders/blob/main/a.md",
        "https://[bad/acme/orders/blob/main/a.md",
        "docs/a.md",
    ],
)
def test_what_has_no_known_shape_is_no_place(url: str) -> None:
    assert split(url) is None


@pytest.mark.parametrize(
    ("url", "repository"),
    [
        ("https://github.com/acme/orders", "https://github.com/acme/orders"),
        ("https://github.com/acme/orders.git/", "https://github.com/acme/orders"),
        ("https://gitlab.com/a/b/c", "https://gitlab.com/a/b/c"),
        ("https://u:p@GitHub.com/acme/orders/blob/main/a", "https://github.com/acme/orders"),
        ("https://GitHub.com/Acme/orders/tree/main/x", "https://github.com/acme/orders"),
        ("https://git.acme.example/Acme/orders", "https://git.acme.example/Acme/orders"),
        ("git@github.com:acme/orders.git", "https://github.com/acme/orders"),
        ("ssh://git@github.com/acme/orders", "https://github.com/acme/orders"),
        ("file:///srv/git/orders.git/", "file:///srv/git/orders"),
    ],
)
def test_the_repository_of_a_url_has_no_ending_and_no_credentials(url: str, repository: str) -> None:
    place = repository_of(url)

    assert place is not None
    assert place.repository == repository


@pytest.mark.parametrize(
    "url", ["https://github.com/acme", "https://github.com", "git@github.com", "ftp://github.com/a/b", "x"]
)
def test_what_names_no_repository_has_none(url: str) -> None:
    assert repository_of(url) is None


@pytest.mark.parametrize(
    ("repository", "page"),
    [
        ("https://github.com/acme/shop", "https://github.com/acme/shop/blob/c0ffee/a%20b/rules.yaml#L7"),
        ("https://gitlab.com/acme/eu/shop", "https://gitlab.com/acme/eu/shop/-/blob/c0ffee/a%20b/rules.yaml#L7"),
        ("https://codeberg.org/acme/shop", "https://codeberg.org/acme/shop/src/commit/c0ffee/a%20b/rules.yaml#L7"),
        ("https://bitbucket.org/acme/shop", "https://bitbucket.org/acme/shop/src/c0ffee/a%20b/rules.yaml#lines-7"),
        (
            "https://git.acme.example/scm/pay/shop",
            "https://git.acme.example/projects/PAY/repos/shop/browse/a%20b/rules.yaml?at=c0ffee#7",
        ),
        ("file:///srv/shop", ""),
    ],
)
def test_a_line_at_its_commit_has_a_page_on_each_forge(repository, page):
    assert line_url(repository, "c0ffee", "a b/rules.yaml", 7) == page
    place = split(page)
    assert (place.path if place else "") == ("a b/rules.yaml" if page else "")


@pytest.mark.parametrize(
    ("forge", "line", "file", "folder"),
    [
        ("github", "blob/c0ffee/a.yaml#L7", "blob/main/docs", "tree/main/docs"),
        ("gitlab", "-/blob/c0ffee/a.yaml#L7", "-/blob/main/docs", "-/tree/main/docs"),
        ("gitea", "src/commit/c0ffee/a.yaml#L7", "src/branch/main/docs", "src/branch/main/docs"),
        ("forgejo", "src/commit/c0ffee/a.yaml#L7", "src/branch/main/docs", "src/branch/main/docs"),
        ("bitbucket", "src/c0ffee/a.yaml#lines-7", "src/main/docs", "src/main/docs"),
    ],
)
@pytest.mark.parametrize("host", ["git.acme.example", "git.acme.example:8443"])
def test_a_forge_whose_hosts_name_says_nothing_is_shown_as_settings_say(host, forge, line, file, folder):
    repository = f"https://{host}/acme/shop"
    for forges in ({host: forge}, {"git.acme.example": forge}):
        assert forge_of(repository, forges) == forge
        assert line_url(repository, "c0ffee", "a.yaml", 7, forges) == f"{repository}/{line}"
    assert branch_url(repository, "main", "docs", forge=forge) == f"{repository}/{file}"
    assert branch_url(repository, "main", "docs/", folder=True, forge=forge) == f"{repository}/{folder}"
    assert forge_of(repository) == ""
    assert line_url(repository, "c0ffee", "a.yaml", 7) == f"{repository}/blob/c0ffee/a.yaml#L7"


def test_bitbucket_data_center_shows_projects_and_users_under_the_address_it_is_served_at():
    forges = {"git.acme.example": "bitbucket-server"}
    page = "https://git.acme.example/code/projects/PAY/repos/shop/browse"
    assert line_url("https://git.acme.example/code/scm/pay/shop", "c0ffee", "a.yaml", 7) == f"{page}/a.yaml?at=c0ffee#7"
    assert line_url("https://git.acme.example/code/pay/shop", "c0", "a.yaml", 0, forges) == f"{page}/a.yaml?at=c0"
    own = "https://git.acme.example/users/ada/repos/shop/browse"
    assert line_url("https://git.acme.example/scm/~ada/shop", "c0", "a.yaml") == f"{own}/a.yaml?at=c0"
    branch = branch_url("https://git.acme.example/scm/~ada/shop", "feature/x", "docs")
    assert branch == f"{own}/docs?at=refs%2Fheads%2Ffeature%2Fx"
