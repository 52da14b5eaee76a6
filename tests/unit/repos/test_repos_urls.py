"""URLs: one form for many spellings, and who may be asked."""

from __future__ import annotations

import pytest

from app.errors import RepositoryError
from app.repos.urls import TransportRules, canonical, check_allowed, fetchable

PAYMENTS = "https://github.com/acme/payments"


@pytest.mark.parametrize(
    ("written", "expected", "fetched"),
    [
        (PAYMENTS, PAYMENTS, PAYMENTS),
        ("https://GitHub.com/Acme/Payments.git", PAYMENTS, "https://github.com/Acme/Payments"),
        ("https://github.com/acme/payments/", PAYMENTS, PAYMENTS),
        ("https://github.com:443/acme/payments.git/", PAYMENTS, "https://github.com:443/acme/payments"),
        ("https://ada:s3cret@github.com/acme/payments", PAYMENTS, PAYMENTS),
        ("git@github.com:acme/payments.git", PAYMENTS, "ssh://github.com/acme/payments"),
        ("git@GITHUB.com:acme/payments", PAYMENTS, "ssh://github.com/acme/payments"),
        ("github.com:acme/payments/", PAYMENTS, "ssh://github.com/acme/payments"),
        ("ssh://git@github.com/acme/payments", PAYMENTS, "ssh://github.com/acme/payments"),
        ("ssh://git@github.com:22/acme/payments.git", PAYMENTS, "ssh://github.com:22/acme/payments"),
        ("ssh://git@ssh.github.com:443/acme/payments.git", PAYMENTS, "ssh://ssh.github.com:443/acme/payments"),
        (
            "https://git.acme.example:8443/Acme/Payments",
            "https://git.acme.example:8443/Acme/Payments",
            "https://git.acme.example:8443/Acme/Payments",
        ),
        (
            "ssh://git@gitlab.acme.example:2222/sre/tools/books.git",
            "https://gitlab.acme.example/sre/tools/books",
            "ssh://gitlab.acme.example:2222/sre/tools/books",
        ),
        (
            "ssh://git@bb.acme.example:7999/sre/books.git",
            "https://bb.acme.example/scm/sre/books",
            "ssh://bb.acme.example:7999/sre/books",
        ),
        (
            "git@ssh.dev.azure.com:v3/acme/Shop/payments",
            "https://dev.azure.com/acme/shop/_git/payments",
            "ssh://ssh.dev.azure.com/v3/acme/Shop/payments",
        ),
        ("http://localhost:3000/acme/Payments.git",) + ("http://localhost:3000/acme/Payments",) * 2,
        ("/srv/git/payments", "file:///srv/git/payments", "file:///srv/git/payments"),
        ("/srv/git/payments/.git", "file:///srv/git/payments", "file:///srv/git/payments"),
        ("/srv/My Projects/100%", "file:///srv/My%20Projects/100%25", "file:///srv/My%20Projects/100%25"),
        ("file:///srv/My%20Projects/100%25/", "file:///srv/My%20Projects/100%25", "file:///srv/My%20Projects/100%25"),
    ],
)
def test_one_repository_has_one_name_and_is_fetched_as_it_was_given(written: str, expected: str, fetched: str) -> None:
    assert (canonical(written), fetchable(written)) == (expected, fetched)
    assert (canonical(expected), canonical(fetched)) == (expected, expected)
    assert fetchable(fetched) == fetched


def test_what_is_refused_is_told_without_its_credentials() -> None:
    with pytest.raises(RepositoryError) as refused:
        canonical("ftp://ada:s3cret@host.example/x")
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "-oProxyCommand=evil",
        "--upload-pack=evil",
        "ext::sh -c evil",
        "ftp://host/x",
        "https://host:port/x",
        "https://host/a b",
        "a\nb",
    ],
)
def test_what_is_no_repository_url_is_refused(written: str) -> None:
    with pytest.raises(RepositoryError) as refused:
        canonical(written)
    assert (refused.value.reason, refused.value.permanent) == ("forbidden", True)


@pytest.mark.parametrize(
    ("url", "rules"),
    [
        ("file:///srv/x", TransportRules()),
        ("http://127.0.0.1/x", TransportRules()),
        ("git://127.0.0.1/x", TransportRules(allow_http=True)),
        ("http://git.example/x", TransportRules(allow_http=True)),
        ("https://evil.example/x", TransportRules(hosts=("*.acme.example",))),
        ("https://acme.example.evil.example/x", TransportRules(hosts=("acme.example",))),
        ("ssh://-oProxyCommand=evil/x", TransportRules()),
    ],
)
def test_a_transport_or_host_that_was_not_allowed_is_refused(url: str, rules: TransportRules) -> None:
    with pytest.raises(RepositoryError) as refused:
        check_allowed(url, rules)
    assert refused.value.reason == "forbidden"


@pytest.mark.parametrize(
    ("url", "rules"),
    [
        ("https://github.com/x", TransportRules()),
        ("ssh://github.com/x", TransportRules()),
        ("file:///srv/x", TransportRules(allow_file=True)),
        ("http://localhost:3000/x", TransportRules(allow_http=True)),
        ("http://git.example/x", TransportRules(allow_http=True, allow_private=True)),
        ("https://git.acme.example/x", TransportRules(hosts=("*.ACME.example",))),
    ],
)
def test_what_was_allowed_passes(url: str, rules: TransportRules) -> None:
    check_allowed(url, rules)
