"""What every page must hold: accessible in both themes, light, ours alone, whole at any width, fine without script."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

PATHS = [
    "/",
    "/groups/default/engineering",
    "/groups/default/storefront",
    "/entities/component/default/checkout",
    "/entities/component/default/brand-new",
    "/entities/group/default/nobody-here",
    "/entities",
    "/entities?q=nothing-has-this-name",
    "/scorecards",
    "/scorecards/sre-maturity",
    "/checks/alert-runbook-linked",
    "/sources",
    "/search?q=ch",
    "/deliveries",
    "/notifications",
    "/docs",
]
OPEN_ALL = "document.querySelectorAll('details').forEach(one => one.open = true)"
HEAVIEST = 200_000


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_serious_issue_on_any_page(portal, browser: Browser, theme: str) -> None:
    context = browser.new_context(base_url=portal.url, color_scheme=theme, viewport={"width": 1280, "height": 900})
    shown, found = context.new_page(), []
    for path in PATHS:
        shown.goto(path)
        shown.evaluate(OPEN_ALL)
        for issue in Axe().run(shown).response["violations"]:
            if issue["impact"] in ("serious", "critical"):
                found.append((path, issue["id"], issue["nodes"][0]["html"][:160]))
    context.close()
    assert found == []


def test_every_page_is_light_and_ours_alone(portal, browser: Browser) -> None:
    for path in PATHS:
        context = browser.new_context(base_url=portal.url)
        shown, answers = context.new_page(), []
        shown.on("response", lambda answer, kept=answers: kept.append(answer))
        shown.goto(path, wait_until="networkidle")
        weight = sum(len(answer.body()) for answer in answers)
        assert weight < HEAVIEST, (path, weight)
        assert len(answers) <= 5, [answer.url for answer in answers]
        assert [answer.url for answer in answers if not answer.url.startswith(portal.url)] == []
        context.close()


@pytest.mark.parametrize("width", [380, 2000])
def test_no_page_is_wider_than_the_window(portal, browser: Browser, width: int) -> None:
    context = browser.new_context(base_url=portal.url, viewport={"width": width, "height": 900})
    shown = context.new_page()
    for path in PATHS:
        shown.goto(path)
        shown.evaluate(OPEN_ALL)
        assert shown.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, (path, width)
    context.close()


def test_everything_works_without_a_script(portal, browser: Browser) -> None:
    context = browser.new_context(base_url=portal.url, java_script_enabled=False)
    context.set_default_timeout(20_000)
    shown = context.new_page()
    shown.goto("/")
    shown.locator(".heat details summary").first.click()  # folds without a script
    shown.get_by_role("link", name="Services", exact=True).click()
    shown.get_by_label("Level", exact=True).select_option("none")
    shown.get_by_role("button", name="Show").click()
    expect(shown).to_have_url(f"{portal.url}/entities?q=&owner=&level=none&target=&tier=&sort=level")
    shown.get_by_role("link", name="Checkout").click()
    shown.get_by_role("button", name="Refresh now").click()
    expect(shown.get_by_role("status").first).to_contain_text("is being read")
    row = shown.locator("#alert-runbook-linked")
    row.get_by_role("button", name="This helped").click()
    expect(shown.locator("#alert-runbook-linked").get_by_role("status")).to_contain_text("it helped")
    context.close()


def test_the_keyboard_reaches_the_content_and_folds_the_tree(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    fold = page.locator(".heat details summary").first
    was = page.locator(".heat details").first.get_attribute("open")
    fold.focus()
    page.keyboard.press("Enter")
    assert page.locator(".heat details").first.get_attribute("open") != was


def test_a_missing_page_says_where_to_go(portal, browser: Browser) -> None:
    context = browser.new_context(base_url=portal.url)
    shown = context.new_page()
    answer = shown.goto("/entities/component/default/no-such-thing")
    assert answer is not None
    assert answer.status == 404
    expect(shown.get_by_role("link", name="All services")).to_be_visible()
    context.close()
