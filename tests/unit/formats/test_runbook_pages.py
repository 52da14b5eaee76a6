"""Markdown pages: their headings, anchors, substance, dates, contacts, and whether they are runbooks."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from app.formats import runbooks
from app.formats.kinds import runbook_kind
from app.formats.model import Runbook
from app.formats.topics import topics_of

FIXTURES = Path(__file__).parents[2] / "fixtures"


def page(text: str) -> Runbook:
    (read,) = runbooks.read(text).objects
    assert isinstance(read, Runbook)
    return read


def fixture(name: str) -> Runbook:
    return page((FIXTURES / name).read_bytes().decode())


def test_an_alert_page_of_openshift_answers_the_four_questions() -> None:
    good = fixture("runbook-good.md")

    assert good.title == "AlertmanagerFailedReload"
    assert [(s.title, s.level, s.line) for s in good.sections] == [
        ("AlertmanagerFailedReload", 1, 1),
        ("Meaning", 2, 3),
        ("Impact", 2, 9),
        ("Diagnosis", 2, 13),
        ("Mitigation", 2, 32),
    ]
    assert good.topics == ("meaning", "impact", "diagnosis", "mitigation")
    assert good.alerts == ("AlertmanagerFailedReload",)
    assert (good.sections[3].commands, good.sections[3].steps) == (1, 4)
    assert (good.stub, good.contacts, good.front_matter) == ("", (), {})


def test_a_service_page_of_the_financial_times_covers_operations() -> None:
    service = fixture("runbook-ft-style.md")

    assert service.title == "UPP - Notifications Push"
    assert service.anchors[0] == "upp---notifications-push"
    assert set(service.topics) >= {"overview", "dashboards", "failures", "rollback", "escalation"}
    assert runbook_kind("somewhere/page.md", service) == "runbook"


def test_a_commented_placeholder_is_no_heading_and_no_words() -> None:
    service = fixture("runbook-ft-style.md")

    assert "Can Contact Individuals" not in [s.title for s in service.sections]
    assert next(s for s in service.sections if s.title == "Contains Sensitive Data").words == 1


def test_a_deprecated_page_is_a_stub() -> None:
    old = fixture("runbook-deprecated-stub.md")

    assert old.stub == "deprecated"
    assert old.anchors == ("virtualmachinecrcerrors-deprecated",)
    assert runbook_kind("alerts/operator/VirtualMachineCRCErrors.md", old) == "document"


@pytest.mark.parametrize(
    ("text", "stub"),
    [
        ("# Orders\n\nTODO: write this page.\n", "only placeholders"),
        ("# Orders\n\nComing soon.\n", "only placeholders"),
        ("# Orders\n\nAsk Maria, she knows.\n", "4 words"),
        ("", "0 words"),
        ("# Orders\n\n<!-- " + "hidden words " * 30 + "-->\n", "0 words"),
        ("# Orders\n\n```\nkubectl rollout restart deploy/orders\n```\n", ""),
        ("# Orders\n\n- restart it\n", ""),
        ("# Orders\n\n" + "word " * 20, ""),
        ("# Orders\n\nTODO " + "word " * 80, ""),
    ],
)
def test_a_page_without_substance_says_why_it_is_a_stub(text: str, stub: str) -> None:
    assert page(text).stub == stub


def test_repeated_headings_are_numbered_as_github_numbers_them() -> None:
    assert page("# Steps\n\n## Steps\n\n### Steps\n\n## Other\n").anchors == ("steps", "steps-1", "steps-2", "other")


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("What's *this*, `kube_pod`?", "whats-this-kube_pod"),
        ("CPU > 90% – really", "cpu--90--really"),
        ("Überlast prüfen", "überlast-prüfen"),
        ("[The API](https://example.org) is down", "the-api-is-down"),
        ("Restart <br/> it", "restart--it"),
        ("Named {#my.anchor}", "my.anchor"),
    ],
)
def test_an_anchor_is_the_slug_of_its_heading(heading: str, anchor: str) -> None:
    assert page(f"## {heading}\n").anchors == (anchor,)


def test_headings_in_code_are_not_counted() -> None:
    read = page("# Real\n\n```sh\n# not one\n```\n\n~~~\n## nor this\n~~~\n\n    # nor that\n")

    assert [s.title for s in read.sections] == ["Real"]
    assert (read.anchors, read.sections[0].commands) == (("real",), 3)


def test_explicit_anchors_count_unless_they_stand_in_code_or_comments() -> None:
    text = '# T\n\n<a id="one"></a>\n\nSee <a name=two>.\n\n```\n<a id="three">\n```\n\n<!-- <a id="four"></a> -->\n'

    assert page(text).anchors == ("t", "one", "two")


def test_setext_headings_count_and_lines_follow_the_front_matter() -> None:
    read = page("---\ntitle: From the front\n---\n\nFirst\n=====\n\nSecond\n------\n")

    assert read.title == "From the front"
    assert [(s.title, s.level, s.line) for s in read.sections] == [("First", 1, 5), ("Second", 2, 8)]


def test_a_section_sums_its_sub_sections() -> None:
    read = page("# A\n\none two\n\n## B\n\nthree\n\n### C\n\nfour five\n\n## D\n\nsix\n")

    assert [(s.title, s.words) for s in read.sections] == [("A", 6), ("B", 3), ("C", 2), ("D", 1)]


def test_an_empty_section_does_not_cover_its_topic() -> None:
    read = page("# X\n\n## Impact\n\n## Mitigation\n\n1. Restart it\n")

    assert read.topics == ("mitigation",)


@pytest.mark.parametrize(
    ("heading", "body", "answers"),
    [
        ("Meaning", "Clock not synchronising.", False),
        ("Impact", "Storage is not available.", True),
        ("Impact", "TODO: describe who is hurt", False),
        ("Impact", "N/A", False),
        ("Mitigation", "- TODO\n- tbd", False),
        ("Mitigation", "- Restart it", True),
        ("Mitigation", "    systemctl restart it", True),
        ("Mitigation", "None of the pods answer.", True),
        ("Dependencies", "The orders service needs its database.", False),
        ("Dependencies", "- orders-db", True),
        ("Escalation", "[The team](https://chat.example/orders)", True),
        ("Overview", "Takes the orders of customers at checkout and hands them to the warehouse.", True),
    ],
)
def test_a_topic_is_answered_by_a_sentence_or_by_something_to_do(heading: str, body: str, answers: bool) -> None:
    assert bool(page(f"# X\n\n## {heading}\n\n{body}\n").topics) is answers


@pytest.mark.parametrize(
    "path",
    [
        "docs/proposals/2024-hydrator.md",
        "operator/docs/enhancements/zones.md",
        "docs/getting-started/microservices.md",
        ".github/ISSUE_TEMPLATE/bug_report.md",
        "components/eso/CHANGELOG-0.16-to-0.19.md",
        "website/content/blog/2025/queries.md",
        "CLAUDE.md",
        "docs/upgrading/3.4-3.5.md",
        "content/docs/add-runbook.md",
        "docs/how-to-write-a-runbook.md",
        "docs/runbook-template.md",
        "docs/runbooks-guidelines.md",
    ],
)
def test_pages_about_work_to_come_or_done_are_no_runbooks(path: str) -> None:
    headings = ("Overview", "Dependencies", "Health", "Rollback", "Impact", "Diagnosis", "Mitigation", "Meaning")
    read = page("# X\n" + "".join(f"\n## {heading}\n\nSome words stand here.\n" for heading in headings))

    assert runbook_kind(path, read) == "document"
    assert runbook_kind("docs/orders.md", read) == "runbook"


@pytest.mark.parametrize(
    "title", ["Bug triage proposal", "Proposal: a new cache", "Contributing", "Dependency Management Policy"]
)
def test_a_page_on_how_people_work_together_is_no_runbook_for_its_headings(title: str) -> None:
    read = page(f"# {title}\n" + "".join(f"\n## {one}\n\nWords.\n" for one in ("Impact", "Diagnosis", "Meaning")))

    assert runbook_kind("docs/page.md", read) == "document"


def test_a_heading_that_only_mentions_its_topics_makes_no_runbook() -> None:
    read = page(
        "# X\n\n## Summary of what we want\n\n## The impact on all of our users\n\n## How we diagnosed the bug\n"
    )

    assert runbook_kind("docs/bug.md", read) == "document"


def test_a_page_of_operations_is_a_runbook_when_it_speaks_of_something_to_do() -> None:
    reference, guide = page("# Tenancy\n\n## Syntax\n\nWords.\n"), page("# Disks\n\n## Troubleshooting\n\nWords.\n")

    assert runbook_kind("docs/operations/tenancy.md", reference) == "document"
    assert runbook_kind("docs/operations/disks.md", guide) == "runbook"


def test_a_long_manual_in_which_headings_of_a_runbook_are_rare_is_none() -> None:
    telling = "".join(f"\n## {one}\n\nWords.\n" for one in ("Overview", "Status", "Logs", "Troubleshooting"))
    manual = telling + "".join(f"\n## Installing with tool {number}\n\nWords.\n" for number in range(25))

    assert runbook_kind("docs/src/kubectl-plugin.md", page(f"# Plugin\n{telling}")) == "runbook"
    assert runbook_kind("docs/src/kubectl-plugin.md", page(f"# Plugin\n{manual}")) == "document"
    assert runbook_kind("docs/operations/plugin.md", page(f"# Plugin\n{manual}")) == "document"
    assert runbook_kind("docs/runbooks/plugin.md", page(f"# Plugin\n{manual}")) == "runbook"


def test_commands_links_and_steps_are_counted() -> None:
    read = page(
        "# X\n\nRun `kubectl get pods`, not `kubectl`. See [a](b.md), <https://c.example/d>.\n\n1. one\n2. two\n"
    )

    assert (read.sections[0].commands, read.sections[0].links, read.sections[0].steps) == (1, 2, 2)


def test_review_dates_come_from_the_front_matter() -> None:
    read = page(
        "---\nlast_reviewed: 2025-03-01\nreview_by: 2026-03-01T00:00:00+02:00\nApproved: 2024-12-31\n---\n# X\n"
    )

    assert (read.reviewed_at, read.review_by, read.approved_at) == ("2025-03-01", "2026-02-28", "2024-12-31")


def test_review_dates_come_from_the_text_too() -> None:
    read = page("# X\n\n**Last reviewed:** 2025-03-01\n\n| Revisit date | 2025-09-01 |\n")

    assert (read.reviewed_at, read.revisit_at, read.review_by) == ("2025-03-01", "2025-09-01", "")


@pytest.mark.parametrize("value", ["soon", "2025-13-45", "0001-01-01T00:00:00+14:00", "[1, 2]", "null", "20250301x"])
def test_a_date_that_is_none_is_not_taken(value: str) -> None:
    assert page(f"---\nlast_reviewed: {value}\n---\n# X\n").reviewed_at == ""


@pytest.mark.parametrize("front", ["- a list", "just text", "a: [", "{a: 1, a: 2}", "a: &a [*a]"])
def test_front_matter_that_is_no_mapping_is_passed_over(front: str) -> None:
    read = page(f"---\n{front}\n---\n# Title\n")

    assert (read.front_matter, read.title, read.sections[0].line) == ({}, "Title", 4)


def test_escalation_contacts_are_kept_by_kind_only() -> None:
    text = (
        "# X\n\nmail nobody@example.org\n\n## Escalation\n\nSlack #payments-oncall\n\n"
        "### Second line\n\nmaria.secret@example.org, +44 20 7946 0000\n"
    )
    read = page(text)

    assert read.contacts == ("chat", "email", "phone")
    assert "maria" not in repr(read)
    assert "7946" not in repr(read)


def test_contacts_outside_the_escalation_section_do_not_count() -> None:
    read = page(
        "# X\n\n## Impact\n\nmail a@example.org\n\n## Contacts\n\nnone\n\n## Links\n\nhttps://pagerduty.com/x\n"
    )

    assert read.contacts == ()


def test_an_error_budget_policy_says_what_it_must() -> None:
    read = page(
        "---\napproved_by: Dana\n---\n# Orders error budget policy\n\nWhen it is spent, releases are frozen: "
        "we freeze all changes except P0 and security fixes.\n\nRevisit date: 2027-01-01\n"
    )

    assert runbook_kind("docs/runbooks/policy.md", read) == "error-budget-policy"
    assert (read.consequence, read.exceptions, read.approver, read.revisit_at) == (True, True, True, "2027-01-01")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("docs/runbooks/orders.md", "runbook"),
        ("runbook/orders.md", "runbook"),
        ("ops/run-books/a/b/orders.markdown", "runbook"),
        ("orders-playbook.md", "runbook"),
        ("docs/rb-017-disk.md", "runbook"),
        ("docs/runbooks/README.md", "document"),
        ("docs/runbooks/_index.md", "document"),
        ("docs/orders.md", "document"),
        ("docs/runbooks/orders.txt", "document"),
    ],
)
def test_the_place_of_a_page_may_make_it_a_runbook(path: str, kind: str) -> None:
    assert runbook_kind(path, page("# Orders\n\nSome words.\n")) == kind


def test_three_of_four_alert_questions_make_a_runbook_anywhere() -> None:
    three, two = (page(f"# X\n\n## Meaning\n\n## Impact\n\n{last}") for last in ("## Diagnosis\n", ""))

    assert [runbook_kind("docs/x.md", one) for one in (three, two)] == ["runbook", "document"]
    assert runbook_kind("docs/README.md", three) == "document"
    assert runbook_kind("docs/rings/architecture.md", three) == "document"
    assert runbook_kind("run/README.md", three) == "runbook"


@pytest.mark.parametrize(
    ("heading", "topics"),
    [
        ("Summary", ("meaning",)),
        ("Troubleshooting", ("diagnosis", "failures")),
        ("Roll back", ("rollback",)),
        ("On-call contacts", ("escalation",)),
        ("Steps", ("diagnosis", "mitigation")),
        ("Licence", ()),
        ("impact " * 20, ()),
    ],
)
def test_a_heading_stands_for_its_topics(heading: str, topics: tuple[str, ...]) -> None:
    assert topics_of(heading) == topics


@pytest.mark.parametrize(
    ("heading", "alerts"),
    [
        ("HighErrorRate", ("HighErrorRate",)),
        ("`CPUThrottlingHigh`", ("CPUThrottlingHigh",)),
        ('Alert Name: "KubePodCrashLooping"', ("KubePodCrashLooping",)),
        ("Overview", ()),
        ("Fix HighErrorRate now", ()),
        ("API", ()),
    ],
)
def test_a_heading_may_be_the_name_of_an_alert(heading: str, alerts: tuple[str, ...]) -> None:
    assert page(f"# {heading}\n").alerts == alerts


HOSTILE = {
    "hashes": "#" * 100_000,
    "spaces before a brace": "# x" + " " * 100_000 + "{",
    "nested quotes": "> " * 5_000 + "x",
    "nested bullets": "- " * 3_000,
    "open brackets": "[" * 20_000,
    "open tags": "<a " * 20_000,
    "a long title": "# " + "Aa" * 50_000 + "!",
    "a long word where an address may stand": "## Escalation\n\n" + "a" * 100_000,
    "wide table": "|" * 20_000 + "\n" + "|-" * 20_000 + "\n" + "|" * 20_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_page_is_read_in_moments(text: str) -> None:
    began = time.process_time()

    assert isinstance(page(text), Runbook)
    assert time.process_time() - began < 5
