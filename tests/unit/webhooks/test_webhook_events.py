"""What deliveries say: real payloads of each forge, and shapes nobody should send."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from drawn import often
from hypothesis import given
from hypothesis import strategies as st

from app.webhooks.forges import FORGES
from app.webhooks.model import Event, Ref

FIXTURES = Path(__file__).parents[2] / "fixtures"
PUSH = "0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c"


def fixture(name: str) -> dict:
    return json.loads((FIXTURES / f"webhook-{name}.json").read_text("utf-8"))


def github(name: str, payload: dict) -> Event:
    return FORGES["github"].event({"x-github-event": name}, payload)


def test_a_github_push_names_its_branch_tip_and_every_url_of_the_repository():
    event = github("push", fixture("github-push_classic"))

    assert event.kind == "push"
    assert event.refs[0].branch == "master"
    assert len(event.refs[0].after) == 40
    assert event.places[:2] == (
        "https://github.com/binkkatal/sample_app.git",
        "git@github.com:binkkatal/sample_app.git",
    )
    assert (event.path, event.default_branch) == ("binkkatal/sample_app", "master")


def test_a_deleted_tag_moves_no_branch():
    event = github("push", fixture("github-push_tag_delete"))

    assert (event.kind, event.refs) == ("push", ())


def test_a_deleted_branch_is_told_by_its_zeros_as_well():
    payload = {**fixture("github-push_classic"), "after": "0" * 40, "deleted": None, "head_commit": None}

    assert github("push", payload).refs == (Ref("master", "", True),)


def test_a_ping_a_rename_and_a_pull_request_are_told_apart():
    assert github("ping", fixture("github-ping")).kind == "ping"
    renamed = github("repository", fixture("github-repository_renamed"))
    assert (renamed.kind, renamed.action, renamed.path) == ("catalog", "renamed", "Octocoders/Hello-World")
    assert github("pull_request", fixture("github-pr_synchronize")).kind == "change_request"
    assert github("watch", {"action": "started"}).kind == "other"


def test_a_gitlab_push_and_a_deleted_branch():
    payload = fixture("gitlab-push")
    event = FORGES["gitlab"].event({"x-gitlab-event": "Push Hook"}, payload)
    gone = FORGES["gitlab"].event({}, {**payload, "after": "0" * 40, "checkout_sha": None})

    assert (event.kind, event.refs[0].branch, event.path) == ("push", "master", "mike/diaspora")
    assert event.places[0] == "http://example.com/mike/diaspora.git"
    assert gone.refs == (Ref("master", "", True),)


def test_gitlab_tags_merge_requests_and_project_hooks():
    def event(**payload: object) -> Event:
        return FORGES["gitlab"].event({}, payload)

    assert (event(object_kind="tag_push", ref="refs/tags/v1").refs, event(object_kind="tag_push").kind) == ((), "push")
    assert event(object_kind="merge_request").kind == "change_request"
    assert event(event_name="project_rename", path_with_namespace="a/b").path == "a/b"
    assert event(event_name="project_rename").kind == "catalog"


def test_gitea_is_not_taken_for_github_though_it_sends_githubs_headers():
    payload = {
        "ref": "refs/heads/main",
        "after": "a" * 40,
        "repository": {"clone_url": "https://git.example/a/b.git", "full_name": "a/b", "default_branch": "main"},
    }
    headers = {"x-github-event": "push", "x-gitea-event": "push", "x-gitea-delivery": "d1", "x-github-delivery": "g1"}

    event = FORGES["gitea"].event(headers, payload)

    assert (event.kind, event.refs, event.places) == (
        "push",
        (Ref("main", "a" * 40),),
        ("https://git.example/a/b.git",),
    )
    assert FORGES["gitea"].delivery(headers) == "d1"
    assert FORGES["forgejo"].delivery({**headers, "x-forgejo-delivery": "f1"}) == "f1"
    assert FORGES["gitea"].event({"x-github-event": "push"}, payload).kind == "other"


def test_a_bitbucket_cloud_push_may_move_many_branches_and_delete_one():
    change = {"type": "branch", "name": "main", "target": {"hash": "a" * 40}}
    payload = {
        "repository": {
            "full_name": "team/repo",
            "links": {"html": {"href": "https://bitbucket.org/team/repo"}},
            "mainbranch": {"name": "main"},
        },
        "push": {
            "changes": [
                {"new": change, "old": None},
                {"new": None, "old": {"type": "branch", "name": "gone"}},
                {"new": {"type": "tag", "name": "v1"}, "old": None},
            ]
        },
    }

    event = FORGES["bitbucket"].event({"x-event-key": "repo:push"}, payload)

    assert event.refs == (Ref("main", "a" * 40), Ref("gone", "", True))
    assert event.places == ("https://bitbucket.org/team/repo", "ssh://git@bitbucket.org/team/repo")
    assert event.default_branch == "main"


def test_a_bitbucket_data_center_push_names_no_url_but_a_path():
    payload = {
        "repository": {"slug": "repo", "project": {"key": "PROJ"}},
        "changes": [
            {"ref": {"id": "refs/heads/main"}, "toHash": "b" * 40, "type": "UPDATE"},
            {"ref": {"id": "refs/heads/old"}, "toHash": "0" * 40, "type": "DELETE"},
            {"ref": {"id": "refs/tags/v1"}, "toHash": "c" * 40, "type": "ADD"},
        ],
    }

    event = FORGES["bitbucket-server"].event({"x-event-key": "repo:refs_changed"}, payload)

    assert event.refs == (Ref("main", "b" * 40), Ref("old", "", True))
    assert (event.places, event.path) == ((), "scm/proj/repo")


def test_a_data_center_page_names_the_url_to_clone():
    href = "https://git.example/projects/PROJ/repos/repo/browse"
    payload = {"repository": {"slug": "repo", "project": {"key": "PROJ"}, "links": {"self": [{"href": href}]}}}

    event = FORGES["bitbucket-server"].event({"x-event-key": "diagnostics:ping"}, payload)

    assert (event.kind, event.places) == ("ping", ("https://git.example/scm/proj/repo",))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "ref",
                    "after",
                    "deleted",
                    "repository",
                    "project",
                    "push",
                    "changes",
                    "new",
                    "old",
                    "links",
                    "clone",
                    "self",
                    "href",
                    "full_name",
                    "name",
                    "type",
                    "target",
                    "hash",
                    "action",
                    "object_kind",
                    "key",
                    "slug",
                    "clone_url",
                ]
            )
            | st.text(max_size=5),
            inner,
            max_size=6,
        )
    ),
    max_leaves=25,
)
NAMES = st.sampled_from(["push", "ping", "repository", "pull_request", "repo:push", "repo:refs_changed", "", "x"])


@pytest.mark.parametrize("forge", sorted(FORGES))
@often(150)
@given(
    payload=st.dictionaries(
        st.text(max_size=8)
        | st.sampled_from(["ref", "after", "repository", "project", "push", "changes", "action", "object_kind"]),
        JSON,
        max_size=8,
    ),
    name=NAMES,
)
def test_no_json_object_breaks_a_reader(forge, payload, name):
    headers = {"x-github-event": name, "x-gitea-event": name, "x-event-key": name}

    event = FORGES[forge].event(headers, payload)

    assert all(isinstance(place, str) and place for place in event.places)
    assert all(isinstance(ref.branch, str) and ref.branch for ref in event.refs)
