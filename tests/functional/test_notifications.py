"""Telling teams, over real repositories and a real receiver: once, only what really changed, through every failure."""

from __future__ import annotations

import hashlib
import hmac
import json
import subprocess
import sys
from base64 import b64encode
from datetime import timedelta

import pytest
from organisation import RUNBOOK, TEAM, Organisation, alert, component
from receiver import Receiver

from app.lib.http import Http
from app.notifications import slack, standard
from app.notifications.model import Target
from app.pipeline.deliver import Deliverer
from app.services import utc_now
from app.web import create_app

KEY = bytes(range(32))
SECRET = "whsec_" + b64encode(KEY).decode()
WINDOW = timedelta(minutes=5)


@pytest.fixture
def organisation(tmp_path):
    made = Organisation(tmp_path).open()
    made.repository("catalog", {"catalog-info.yaml": TEAM})
    files = {"catalog-info.yaml": component("shop"), "alerts.yaml": alert("Burning", "docs/runbook.md")}
    made.repository("shop", {**files, "docs/runbook.md": RUNBOOK})
    made.crawl()
    yield made
    made.close()


@pytest.fixture
def receiver():
    with Receiver() as made:
        yield made


def deliverer(organisation, receiver, *, write=standard.write, **more):
    target = Target("chat", f"{receiver.url}/hook/secret-path", write, SECRET, window=WINDOW, **more)
    return Deliverer(organisation.pipeline, [target], Http(allow_private=True), "https://rw.example")


def later(organisation, ticking, by=WINDOW):
    organisation.now += by
    return ticking.tick()


def break_runbook(organisation):
    organisation.push("shop", {"docs/runbook.md": None})
    organisation.crawl()


def command(organisation, *arguments, code=0):
    """What `roadworthy notifications` prints."""
    config = ("--config", str(organisation.folder / "roadworthy.yaml"))
    whole = [sys.executable, "-m", "app.cli", "notifications", *arguments, *config]
    done = subprocess.run(whole, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stderr


def given_up(organisation, receiver):
    """Who told of a broken runbook a receiver that wants no more."""
    receiver.answers += [410]
    ticking = deliverer(organisation, receiver)
    ticking.tick()
    break_runbook(organisation)
    ticking.tick()
    later(organisation, ticking)
    return ticking


def messages(organisation):
    return organisation.pipeline.store.outgoing.page().items


def test_a_level_that_turned_is_told_once_to_its_owner_with_a_signature_that_holds(organisation, receiver):
    ticking = deliverer(organisation, receiver)
    ticking.tick()
    break_runbook(organisation)

    assert ticking.tick() == 0  # gathered, not yet sent
    assert later(organisation, ticking) == 1
    assert later(organisation, ticking) == 0

    (sent,) = receiver.got
    body = json.loads(sent.body)
    assert (body["type"], body["data"]["owner"]) == ("roadworthy.scores.changed", "group:default/team")
    (change,) = body["data"]["changes"]
    assert (change["entity"], change["what"], change["before"], change["after"], change["reason"]) == (
        "component:default/shop",
        "level",
        "bronze",
        "none",
        "code",
    )
    content = f"{sent.headers['webhook-id']}.{sent.headers['webhook-timestamp']}.".encode() + sent.body
    expected = b64encode(hmac.new(KEY, content, hashlib.sha256).digest()).decode()
    assert sent.headers["webhook-signature"] == f"v1,{expected}"
    assert [(one.state, one.tries) for one in messages(organisation)] == [("sent", 1)]


def test_what_came_and_went_within_the_window_is_not_told(organisation, receiver):
    ticking = deliverer(organisation, receiver)
    ticking.tick()
    break_runbook(organisation)
    ticking.tick()
    organisation.push("shop", {"docs/runbook.md": RUNBOOK})
    organisation.crawl(timedelta(minutes=4, seconds=59) - timedelta(minutes=4))
    organisation.pipeline.store.claims.hint(organisation.url("shop"), organisation.now)
    organisation.crawl(timedelta(0))
    ticking.tick()

    assert later(organisation, ticking, timedelta(hours=1)) == 0

    assert receiver.got == []
    assert [one.state for one in messages(organisation)] == ["moot"]


def test_what_was_never_sent_is_forgotten_like_the_rest_and_ends_with_its_last_target(organisation, receiver):
    ticking = deliverer(organisation, receiver)
    ticking.tick()
    break_runbook(organisation)
    ticking.tick()
    organisation.push("shop", {"docs/runbook.md": RUNBOOK})
    organisation.pipeline.store.claims.hint(organisation.url("shop"), organisation.now)
    organisation.crawl(timedelta(0))
    ticking.tick()
    later(organisation, ticking)
    assert [one.state for one in messages(organisation)] == ["moot"]
    break_runbook(organisation)
    ticking.tick()
    without = Deliverer(organisation.pipeline, [], Http(allow_private=True))

    later(organisation, without)

    assert [one.state for one in messages(organisation)] == ["dead", "moot"]
    assert receiver.got == []
    later(organisation, without, timedelta(days=31))
    assert messages(organisation) == ()


def test_a_failing_receiver_is_asked_again_under_the_same_id_until_it_takes_it(organisation, receiver):
    receiver.answers += [500, 503]
    ticking = deliverer(organisation, receiver)
    ticking.tick()
    break_runbook(organisation)
    ticking.tick()

    for _ in range(3):
        later(organisation, ticking)

    assert len({one.headers["webhook-id"] for one in receiver.got}) == 1
    (message,) = messages(organisation)
    statuses = [one.status for one in organisation.pipeline.store.outgoing.attempts(message.id)]
    assert (message.state, statuses) == ("sent", [500, 503, 200])


def test_after_a_day_it_is_given_up_and_can_be_sent_again_by_hand(organisation, receiver):
    receiver.answers += [500] * 100
    ticking = deliverer(organisation, receiver)
    ticking.tick()
    break_runbook(organisation)
    ticking.tick()
    for _ in range(26):
        later(organisation, ticking, timedelta(hours=1))
    (message,) = messages(organisation)
    assert (message.state, message.reason) == ("dead", "given up after a day: answered 500")
    receiver.answers.clear()
    client = create_app(organisation.pipeline).test_client()

    assert client.post(f"/api/v1/notifications/{message.id}/resend").status_code == 202
    assert later(organisation, ticking, timedelta(0)) == 1

    shown = client.get(f"/api/v1/notifications/{message.id}").get_json()
    assert (shown["state"], shown["attempts"][-1]["status"]) == ("sent", 200)
    assert client.post("/api/v1/notifications/999/resend").status_code == 404
    assert client.get("/api/v1/notifications?state=dead").get_json()["total"] == 0
    page = client.get("/notifications").get_data(as_text=True)
    assert "Send again" in page
    assert "bronze → none" in page


def test_the_command_shows_what_was_given_up_and_has_it_sent_again_under_its_id(organisation, receiver):
    ticking = given_up(organisation, receiver)
    (message,) = messages(organisation)
    (shown,) = json.loads(command(organisation, "list", "--state", "dead", "--format", "json"))["items"]
    assert (shown["id"], shown["owner"], shown["reason"]) == (
        message.id,
        "group:default/team",
        "the receiver wants no more (410)",
    )
    assert "chat: group:default/team, 1 change, 1 try; the receiver wants no more" in command(organisation, "list")

    assert json.loads(command(organisation, "resend", "--dead", "--format", "json")) == {"resent": [message.id]}
    organisation.now = utc_now()  # the command's own clock

    assert later(organisation, ticking, timedelta(0)) == 1
    assert len({one.headers["webhook-id"] for one in receiver.got}) == 1
    assert [one.state for one in messages(organisation)] == ["sent"]
    assert "none" in command(organisation, "resend", "--dead")
    assert f"To be sent again: {message.id}." in command(organisation, "resend", str(message.id))
    assert "no message that has ended: 999" in command(organisation, "resend", "999", code=2)
    assert "say which" in command(organisation, "resend", code=2)
    audited = [(row.action, row.target) for row in organisation.pipeline.store.audit.latest()]
    assert audited == [("notification.resend", f"notification:{message.id}")] * 2


def test_a_receiver_that_is_gone_is_not_asked_again(organisation, receiver):
    ticking = given_up(organisation, receiver)
    later(organisation, ticking, timedelta(hours=5))

    assert len(receiver.got) == 1
    assert [one.state for one in messages(organisation)] == ["dead"]


def test_nobody_answering_is_kept_without_the_secret_address(organisation, receiver):
    ticking = deliverer(organisation, receiver)
    ticking.tick()
    break_runbook(organisation)
    ticking.tick()
    receiver.close()

    later(organisation, ticking)

    (message,) = messages(organisation)
    (attempt,) = organisation.pipeline.store.outgoing.attempts(message.id)
    assert (attempt.status, message.state) == (None, "waiting")
    assert "secret-path" not in attempt.error + message.reason + repr(ticking._targets["chat"])
    assert "chat" in attempt.error


def test_a_process_that_dies_after_claiming_leaves_the_message_to_the_next(organisation, receiver):
    ticking = deliverer(organisation, receiver)
    ticking.tick()
    break_runbook(organisation)
    ticking.tick()
    organisation.now += WINDOW
    outgoing = organisation.pipeline.store.outgoing
    (dead,) = outgoing.claim(organisation.now, timedelta(minutes=1))

    assert ticking.tick() == 0  # its lease still runs
    assert later(organisation, ticking, timedelta(minutes=1)) == 1

    assert not outgoing.keep(dead, None, state="dead", reason="too late")
    assert [one.state for one in messages(organisation)] == ["sent"]


def test_behind_a_slow_receiver_no_other_worker_sends_what_waits_for_its_turn(organisation, receiver):
    def slow(target, note):
        organisation.now += timedelta(seconds=40)
        if len(receiver.got) == 2:
            others.tick()
        return standard.write(target, note)

    def among_three(write):
        targets = [Target(name, f"{receiver.url}/{name}", write, SECRET, window=WINDOW) for name in ("a", "b", "c")]
        return Deliverer(organisation.pipeline, targets, Http(allow_private=True))

    ticking, others = among_three(slow), among_three(standard.write)
    ticking.tick()
    break_runbook(organisation)
    ticking.tick()

    assert later(organisation, ticking) == 3
    assert sorted(sent.path for sent in receiver.got) == ["/a", "/b", "/c"]
    assert {one.state for one in messages(organisation)} == {"sent"}


def test_a_policy_change_and_other_teams_are_not_told(organisation, receiver):
    from app.catalog.model import EntityRef

    ticking = deliverer(organisation, receiver, owners=(EntityRef("group", "default", "another"),))
    ticking.tick()
    break_runbook(organisation)
    later(organisation, ticking)
    assert messages(organisation) == ()


def test_slack_is_told_in_words_in_which_no_name_can_mention_or_link(organisation, receiver):
    ticking = deliverer(organisation, receiver, write=slack.write)
    ticking.tick()
    break_runbook(organisation)
    ticking.tick()

    later(organisation, ticking)

    text = json.loads(receiver.got[0].body)["text"]
    assert text == (
        "*Scores of team: 1 entity changed*\n"
        "• <https://rw.example/entities/component/default/shop|shop> bronze → none (sre-maturity, because of code)"
    )
