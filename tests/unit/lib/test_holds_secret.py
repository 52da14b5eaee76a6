"""What looks like a credential in the clear, so that a diff around it is not shown to everyone."""

import pytest

from app.lib.redaction import holds_secret


@pytest.mark.parametrize(
    "text",
    [
        "env: [{name: DB_PASSWORD, value: hunter2}]",
        "env:\n  - name: API_TOKEN\n    value: 'abc'\n",
        "args: [--token=abc]",
        'args: ["--api-key", "x"]\npassword: hunter2',
        'password = "hunter2"',
        '{"client_secret": "abc"}',
        "pagerduty.com/integration-key: 0123456789abcdef",
        "api_key: abc",
        "runbook_url: https://ada:pw@wiki.example/x",
        "url: https://wiki.example/x?access_token=abc",
        "url: https://hooks.slack.com/services/T0/B0/x",
        "-----BEGIN RSA PRIVATE KEY-----",
    ],
)
def test_a_literal_given_to_a_telling_name_is_one(text):
    assert holds_secret(text)


@pytest.mark.parametrize(
    "text",
    [
        "env:\n  - name: DB_PASSWORD\n    valueFrom: {secretKeyRef: {name: db, key: password}}\n",
        "automountServiceAccountToken: false",
        "password = var.password",
        "password = random_password.db.result",
        "manage_master_user_password = true",
        'password = "${var.password}"',
        "password: {{ .Values.password }}",
        "args: [--token=$(TOKEN)]",
        "secretName: db",
        "components:\n  schemas:\n    Login:\n      properties:\n        password:\n          type: string\n",
        "password: {type: string}",
        "expr: sum(rate(token_requests_total[5m])) > 1",
    ],
)
def test_a_reference_to_one_or_a_mere_word_is_none(text):
    assert not holds_secret(text)
