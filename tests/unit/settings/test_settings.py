"""Settings are read whole or refused whole, with a line and a reason for each mistake."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from app.errors import SettingsError
from app.settings import Secret, describe, load


def write(folder: Path, text: str) -> Path:
    path = folder / "roadworthy.yaml"
    path.write_text(text, "utf-8")
    return path


def test_a_missing_file_gives_the_defaults_beside_it(tmp_path):
    settings = load(tmp_path / "roadworthy.yaml", {})
    assert settings.serve.port == 7100
    assert settings.database_url == f"sqlite:///{tmp_path}/.roadworthy/roadworthy.db"


def test_every_mistake_is_told_with_its_line(tmp_path):
    path = write(
        tmp_path,
        "organisation: X\ndatbase: {url: a}\nsources:\n  repositories: one\npolling: {interval: 5 minutes}\n",
    )
    with pytest.raises(SettingsError) as refused:
        load(path, {})
    assert str(refused.value).splitlines() == [
        f"{path}:2: datbase: is not a setting; did you mean database?",
        f"{path}:4: sources.repositories: Not a valid list",
        f"{path}:5: polling.interval: “5 minutes” is not a duration such as 5m, 1h30m or 30d",
    ]


def test_broken_yaml_is_refused_with_its_line(tmp_path):
    with pytest.raises(SettingsError, match=r"roadworthy\.yaml:2: "):
        load(write(tmp_path, "a: 1\n- b\n"), {})


def test_a_list_instead_of_settings_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="expected settings"):
        load(write(tmp_path, "- a\n"), {})


def test_the_environment_lies_over_the_file(tmp_path):
    path = write(tmp_path, "serve: {port: 1, threads: 3}\n")
    environ = {
        "ROADWORTHY_SERVE__PORT": "0",
        "ROADWORTHY_SOURCES__REPOSITORIES": '["https://git.example.org/a/b"]',
        "ROADWORTHY_UNRELATED": "x",
    }
    settings = load(path, environ)
    assert (settings.serve.port, settings.serve.threads) == (0, 3)
    assert settings.sources.repositories == ("https://git.example.org/a/b",)


def test_durations_are_read_as_prometheus_writes_them(tmp_path):
    assert load(write(tmp_path, "polling: {interval: 1h30m}\n"), {}).polling.interval == timedelta(minutes=90)


def test_a_secret_says_where_it_is_and_never_what_it_is(tmp_path):
    path = write(tmp_path, "credentials:\n  - {host: git.example.org, token: {env: GIT_TOKEN}}\n")
    settings = load(path, {"GIT_TOKEN": "s3cret"})
    token = settings.credentials[0].token
    assert token is not None
    assert token.reveal(settings.environ) == "s3cret"
    assert "s3cret" not in repr(settings)


def test_a_secret_in_the_file_itself_is_refused_without_being_shown(tmp_path):
    path = write(tmp_path, "credentials:\n  - {host: git.example.org, token: s3cret}\n")
    with pytest.raises(SettingsError) as refused:
        load(path, {})
    assert "s3cret" not in str(refused.value)


def test_an_absent_secret_is_told_by_the_name_of_its_place(tmp_path):
    with pytest.raises(SettingsError, match="the environment variable NOPE holds no secret"):
        Secret(env="NOPE").reveal({})
    with pytest.raises(SettingsError, match="can't be read"):
        Secret(file=str(tmp_path / "none")).reveal({})


def test_a_secret_in_a_relative_file_lies_beside_the_settings_wherever_we_were_started(tmp_path, monkeypatch):
    path = write(tmp_path, "credentials:\n  - {host: git.example.org, token: {file: git.token}}\n")
    (tmp_path / "git.token").write_text("s3cret\n")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    settings = load(path, {})

    assert settings.reveal(settings.credentials[0].token) == "s3cret"
    assert settings.reveal(None) == ""
    (tmp_path / "git.token").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match=r"git\.token can't be read: it is no text"):
        settings.reveal(settings.credentials[0].token)


def test_listening_beyond_loopback_is_refused(tmp_path):
    with pytest.raises(SettingsError, match=r"yaml:3: serve.host: 0.0.0.0 is not loopback: set auth.mode to on"):
        load(write(tmp_path, "serve:\n  port: 7100\n  host: 0.0.0.0\n"), {})
    assert load(write(tmp_path, "serve: {host: 0.0.0.0}\nauth: {mode: on}\n"), {}).serve.host == "0.0.0.0"


REFUSED = {
    "auth: {backstage: [{url: 'https://portal.example'}]}": "auth.mode: is off, but someone is to be believed",
    "auth: {mode: on, proxy: {header: X-User}}": "auth.proxy.addresses: ",
    "auth: {mode: on, proxy: {addresses: [0.0.0.0/0]}}": "that is everyone",
    "auth: {mode: on, proxy: {addresses: [10.0.0.1/8]}}": "has host bits set; write 10.1.2.3 or 10.1.2.0/24",
    "auth: {mode: on, backstage: [{url: 'http://portal.example'}]}": "must be https",
    "auth: {mode: on, backstage: [{url: 'https://p.example', algorithms: [HS256]}]}": "must be one of ES256",
    "auth: {mode: on, backstage: [{url: 'https://p.example', audiences: []}]}": "name at least one audience",
    "auth: {mode: on, admins: [sre]}": "is a reference such as group:default/sre",
    "auth: {mode: maybe}": "auth.mode: must be off or on",
    "auth: {mode: on, visibility: none}": "must be all or owners",
}


@pytest.mark.parametrize("text", REFUSED)
def test_settings_that_would_let_strangers_in_are_refused(tmp_path, text):
    with pytest.raises(SettingsError, match=re.escape(REFUSED[text])):
        load(write(tmp_path, text + "\n"), {})


def test_every_setting_has_a_sentence():
    assert [name for name, sentence in describe() if not sentence.endswith(".")] == []
