"""Who sent a delivery: signatures over raw bytes, tokens, and what proves nothing."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.webhooks.forges import FORGES
from app.webhooks.model import Refused

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
BODY = b"Hello, World!"
SECRET = "It's a Secret to Everybody"
GITHUBS_OWN = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
JSON = {"content-type": "application/json"}


def hexadecimal(secret: str, body: bytes = BODY) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def standard(secret: bytes, identity: str, moment: int, body: bytes = BODY) -> str:
    content = f"{identity}.{moment}.".encode() + body
    return "v1," + b64encode(hmac.new(secret, content, hashlib.sha256).digest()).decode()


SIGNED = {
    "github": {"x-hub-signature-256": f"sha256={GITHUBS_OWN}"},
    "gitea": {"x-gitea-signature": GITHUBS_OWN},
    "forgejo": {"x-forgejo-signature": GITHUBS_OWN},
    "bitbucket": {"x-hub-signature": f"sha256={GITHUBS_OWN}"},
    "bitbucket-server": {"x-hub-signature": f"sha256={GITHUBS_OWN}"},
    "gitlab": {"x-gitlab-token": SECRET},
}


def test_every_forge_is_tried_here():
    assert SIGNED.keys() == FORGES.keys()


@pytest.mark.parametrize("forge", sorted(SIGNED))
def test_the_right_secret_is_believed_also_as_the_second_of_two_while_rotating(forge):
    FORGES[forge].verify({**SIGNED[forge], **JSON}, BODY, [SECRET], NOW)
    FORGES[forge].verify({**SIGNED[forge], **JSON}, BODY, ["the next one", SECRET], NOW)


@pytest.mark.parametrize("forge", sorted(SIGNED))
@pytest.mark.parametrize("secrets", [["another"], [""], [], ["another", ""]])
def test_another_secret_an_empty_one_and_none_prove_nothing(forge, secrets):
    with pytest.raises(Refused):
        FORGES[forge].verify({**SIGNED[forge], **JSON}, BODY, secrets, NOW)


@pytest.mark.parametrize("forge", sorted(SIGNED))
def test_no_signature_and_an_empty_one_are_refused_even_with_an_empty_secret(forge):
    (name,) = SIGNED[forge]
    empty = f"sha256={hexadecimal('')}" if "sha256=" in SIGNED[forge][name] else ""
    for headers in ({}, {name: ""}, {name: "sha256="}, {name: empty}):
        with pytest.raises(Refused):
            FORGES[forge].verify({**headers, **JSON}, BODY, [""], NOW)
        with pytest.raises(Refused):
            FORGES[forge].verify({**headers, **JSON}, BODY, [SECRET], NOW)


@pytest.mark.parametrize("forge", sorted(set(SIGNED) - {"gitlab"}))
def test_one_byte_more_in_the_body_is_another_body(forge):
    with pytest.raises(Refused, match="signature-wrong"):
        FORGES[forge].verify({**SIGNED[forge], **JSON}, BODY + b" ", [SECRET], NOW)


@pytest.mark.parametrize("forge", sorted(SIGNED))
def test_a_form_is_refused_since_forges_differ_in_what_they_sign_of_it(forge):
    form = {"content-type": "application/x-www-form-urlencoded"}
    with pytest.raises(Refused, match="content-type-not-json") as refused:
        FORGES[forge].verify({**SIGNED[forge], **form}, BODY, [SECRET], NOW)
    assert refused.value.status == 415


def test_githubs_older_sha1_signature_alone_proves_nothing():
    old = hmac.new(SECRET.encode(), BODY, hashlib.sha1).hexdigest()
    for headers in ({"x-hub-signature": f"sha1={old}"}, {"x-hub-signature-256": f"sha1={GITHUBS_OWN}"}):
        with pytest.raises(Refused, match="signature-missing"):
            FORGES["github"].verify({**headers, **JSON}, BODY, [SECRET], NOW)


def test_a_signed_gitlab_delivery_is_believed_within_five_minutes():
    key = bytes(range(32))
    secret = "whsec_" + b64encode(key).decode()
    moment = int(NOW.timestamp())
    headers = {"webhook-id": "m1", "webhook-timestamp": str(moment), **JSON}
    headers["webhook-signature"] = "v1,bm9wZQ== " + standard(key, "m1", moment)

    FORGES["gitlab"].verify(headers, BODY, [secret], NOW + timedelta(minutes=4))
    for later in (timedelta(minutes=6), timedelta(minutes=-6)):
        with pytest.raises(Refused, match="timestamp-too-far"):
            FORGES["gitlab"].verify(headers, BODY, [secret], NOW + later)
    with pytest.raises(Refused, match="signature-wrong"):
        FORGES["gitlab"].verify({**headers, "webhook-id": "m2"}, BODY, [secret], NOW)


def test_a_token_beside_a_wrong_signature_does_not_save_it():
    headers = {"webhook-id": "m1", "webhook-timestamp": str(int(NOW.timestamp())), "webhook-signature": "v1,AAAA"}
    with pytest.raises(Refused, match="signature-wrong"):
        FORGES["gitlab"].verify({**headers, **JSON, "x-gitlab-token": SECRET}, BODY, [SECRET], NOW)


@settings(deadline=None)
@given(
    st.sampled_from(sorted(FORGES)),
    st.dictionaries(
        st.sampled_from(
            [
                "x-hub-signature-256",
                "x-hub-signature",
                "x-gitea-signature",
                "x-forgejo-signature",
                "x-gitlab-token",
                "webhook-signature",
                "webhook-id",
                "webhook-timestamp",
                "content-type",
            ]
        ),
        st.text(max_size=80),
    ),
    st.binary(),
)
def test_no_header_that_a_stranger_can_write_is_believed_or_breaks_us(forge, headers, body):
    with pytest.raises(Refused):
        FORGES[forge].verify(headers, body, [SECRET * 3], NOW)
