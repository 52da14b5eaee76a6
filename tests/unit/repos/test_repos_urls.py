"""URLs: one form for many spellings, and who may be asked."""

from __future__ import annotations

import pytest

from app.errors import RepositoryError
from app.repos.urls import TransportRules, canonical, check_allowed


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("https://GitHub.com/Acme/Payments.git", "https://github.com/Acme/Payments"),
        ("https://github.com/acme/payments/", "https://github.com/acme/payments"),
        ("https://ada:s3cret@github.com/acme/payments", "https://github.com/acme/payments"),
        ("https://github.com:8443/acme/payments", "https://github.com:8443/acme/payments"),
        ("git@github.com:acme/payments.git", "ssh://github.com/acme/payments"),
        ("ssh://git@github.com/acme/payments", "ssh://github.com/acme/payments"),
        ("/srv/git/payments", "file:///srv/git/payments"),
        ("/srv/git/payments/.git", "file:///srv/git/payments"),
        ("/srv/My Projects/100%", "file:///srv/My%20Projects/100%25"),
        ("file:///srv/My%20Projects/100%25/", "file:///srv/My%20Projects/100%25"),
    ],
)
def test_one_repository_has_one_canonical_url(written: str, expected: str) -> None:
    assert canonical(written) == expected
    assert canonical(expected) == expected


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
