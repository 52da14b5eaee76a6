"""`roadworthy token`, `audit`, and a server beyond loopback: as processes."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).parent.parent.parent


def command(*arguments):
    return [sys.executable, "-m", "app.cli", *arguments]


@pytest.fixture
def environment():
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ROADWORTHY", "GIT_"))}
    return {**kept, "PYTHONPATH": str(ROOT)}


@pytest.fixture
def run(tmp_path, environment):
    def one(*arguments, code=0):
        done = subprocess.run(command(*arguments), cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout if code == 0 else done.stderr

    return one


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "roadworthy.yaml").write_text("auth: {mode: on}\nserve: {port: 0}\n", "utf-8")
    return tmp_path


def test_a_token_is_shown_once_listed_without_its_text_and_revoked(folder, run):
    text = run("token", "create", "ci", "--scope", "read", "--scope", "refresh", "--expires", "90d").strip()
    assert re.fullmatch(r"rw_\w{10}_\w{49}", text)
    listed = json.loads(run("token", "list", "--format", "json"))
    assert [(one["name"], one["state"], one["scopes"]) for one in listed] == [("ci", "living", ["read", "refresh"])]
    assert text not in json.dumps(listed)
    assert "called ci already" in run("token", "create", "ci", code=2)
    assert "Revoked ci" in run("token", "revoke", "ci")
    assert "revoked" in run("token", "list")
    assert "no living token ci" in run("token", "revoke", "ci", code=2)
    rows = json.loads(run("audit", "--format", "json"))
    assert [row["action"] for row in rows] == ["token.revoke", "token.create"]


def test_the_token_itself_is_nowhere_on_the_disk(folder, run):
    text = run("token", "create", "ci").strip()
    secret = text.split("_")[2]
    for file in folder.rglob("*"):
        assert not file.is_file() or secret.encode() not in file.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("x", "--scope", "root"), "is not one of"),
        (("x", "--expires", "soon"), "is not a duration"),
        (("x", "--group", "group:"), "is not an entity reference"),
        (("a\nb",), "printable"),
    ],
)
def test_a_token_that_makes_no_sense_is_refused(folder, run, arguments, said):
    assert said in run("token", "create", *arguments, code=2)


def test_a_server_beyond_loopback_needs_sign_in(tmp_path, run):
    (tmp_path / "roadworthy.yaml").write_text("organisation: Acme\n", "utf-8")
    assert "set auth.mode to on" in run("serve", "--host", "0.0.0.0", code=2)


def test_a_server_beyond_loopback_lets_in_who_has_a_token(folder, run, environment):
    token = run("token", "create", "people").strip()
    arguments = command("serve", "--host", "0.0.0.0", "--no-worker")
    server = subprocess.Popen(arguments, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        port = re.search(r":(\d+)$", server.stdout.readline().strip())[1]
        url = f"http://127.0.0.1:{port}/api/v1/entities"
        assert requests.get(url).status_code == 401
        assert requests.get(url, headers={"Authorization": f"Bearer {token}"}).status_code == 200
        run("token", "revoke", "people")
        assert requests.get(url, headers={"Authorization": f"Bearer {token}"}).status_code == 401
    finally:
        server.terminate()
        server.wait(20)
        server.stdout.close()
    key = folder / ".roadworthy" / "session.key"
    assert key.stat().st_mode & 0o777 == 0o600
