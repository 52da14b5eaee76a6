"""Secrets never leave a descriptor; everything else does, with its lines."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalog.annotations import redact
from app.lib import documents
from app.lib.redaction import REDACTED


@pytest.mark.parametrize(
    "key",
    [
        "pagerduty.com/integration-key",
        "ilert.com/integration-key",
        "datadoghq.com/graph-token",
        "acme.example/integration_key",
        "acme.example/pagerduty-api-key",
        "acme.example/slack-webhook-url",
        "password",
    ],
)
def test_the_value_of_a_secret_annotation_is_never_kept(key: str) -> None:
    assert redact({"metadata": {"annotations": {key: "0123456789abcdef"}}}) == {
        "metadata": {"annotations": {key: REDACTED}}
    }


@pytest.mark.parametrize(
    "key", ["pagerduty.com/service-id", "sonarqube.org/project-key", "vault.io/secrets-path", "opsgenie.com/team"]
)
def test_an_annotation_that_only_names_something_is_kept(key: str) -> None:
    document = {"metadata": {"annotations": {key: "P6V1UFE"}}}
    assert redact(document) == document


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("see https://hooks.slack.com/services/T0/B0/xyz now", f"see {REDACTED} now"),
        ("https://discord.com/api/webhooks/1/abc", REDACTED),
        ("https://acme.webhook.office.com/webhookb2/1", REDACTED),
        ("https://ghtoken@github.com/o/r", "https://github.com/o/r"),
        ("https://user:p@ss@host.example/x", "https://host.example/x"),
        ("url:ssh://git@host.example/o/r", "url:ssh://git@host.example/o/r"),
        ("ssh://git:secret@host.example/o/r", "ssh://host.example/o/r"),
        ("https://host.example/@scope/name", "https://host.example/@scope/name"),
        ("mail team@acme.example", "mail team@acme.example"),
    ],
)
def test_credentials_in_any_text_are_taken_out(text: str, kept: str) -> None:
    assert redact({"spec": {"links": [text]}}) == {"spec": {"links": [kept]}}


def test_an_empty_secret_annotation_stays_empty() -> None:
    document = {"metadata": {"annotations": {"pagerduty.com/integration-key": ""}}}
    assert redact(document) == document


def test_lines_survive() -> None:
    loaded = documents.load("metadata:\n  annotations:\n    a/b: x\n    password: y\n")
    clean = redact(loaded)
    assert clean["metadata"]["annotations"].marks == {"a/b": (3, 5), "password": (4, 5)}


def test_what_no_database_can_hold_is_made_fit() -> None:
    odd = {"a": float("nan"), "b": float("-inf"), "c": 1 << 100, "d": "x\0\udc80", "e": True, "f": None, "g": 7}
    assert redact(odd) == {"a": "nan", "b": "-inf", "c": hex(1 << 100), "d": "x�?", "e": True, "f": None, "g": 7}


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text("ab:/@-_=?\0\udc80é0"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("ab-/\0"), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(["apiVersion", "kind", "metadata", "spec", "annotations"]), _VALUES))
def test_any_document_becomes_json_and_a_second_time_changes_nothing(document: dict[str, object]) -> None:
    clean = redact(document)
    json.dumps(clean, allow_nan=False).encode()
    assert redact(clean) == clean
