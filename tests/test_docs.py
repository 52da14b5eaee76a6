"""The documentation is true: every check, fact, setting, command and route stands in it, as the code says it."""

import re
from pathlib import Path

import pytest

from app.cli.reference import openapi, pages

DOCS = Path(__file__).parent.parent / "docs"
README = DOCS.parent / "README.md"


@pytest.mark.parametrize("name", sorted(pages()))
def test_the_reference_is_what_the_code_says(name):
    assert (DOCS / name).read_text("utf-8") == pages()[name], "run: python -m app.cli.reference docs"


def test_the_kept_contract_is_what_a_service_answers():
    assert (DOCS / "openapi.json").read_text("utf-8") == openapi(), "run: python -m app.cli.reference docs"


def test_every_route_is_documented(tmp_path):
    from organisation import Organisation

    from app.web import create_app

    made = Organisation(tmp_path).open()
    rules = {rule.rule for rule in create_app(made.pipeline).url_map.iter_rules()}
    made.close()
    text = (DOCS / "api.md").read_text("utf-8")
    shown = {re.sub(r"<(?:[a-z]+:)?([a-z_]+)>", r"{\1}", rule) for rule in rules if not rule.startswith("/static")}
    assert sorted(rule for rule in shown if f"`{rule}`" not in text) == []


@pytest.mark.parametrize("page", [README, *sorted(DOCS.glob("**/*.md"))], ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text("utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links {target}"


def test_the_readme_leads_with_the_two_commands():
    text = README.read_text("utf-8")
    assert text.index("make run") < text.index("make test") < text.index("roadworthy check")
