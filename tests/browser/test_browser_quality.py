"""What every page must hold: accessible in both themes, light, ours alone, whole at any width, fine without script."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, Page, Response, expect

from app.dashboards import notifications

PATHS = [
    "/",
    "/groups/default/engineering",
    "/groups/default/storefront",
    "/entities/component/default/checkout",
    "/entities/component/default/cart",  # two scorecards ask some checks of it alike
    "/entities/component/default/brand-new",
    "/entities/component/default/cart/plan?level=top",
    "/entities/component/default/checkout/fix",
    "/entities/group/default/nobody-here",
    "/entities",
    "/entities?check=alert-runbook-linked&level=none",
    "/entities?q=nothing-has-this-name",
    "/scorecards",
    "/scorecards/sre-maturity",
    "/checks/alert-runbook-linked",
    "/sources",
    "/search?q=ch",
    "/deliveries",
    "/fix-requests",
    "/notifications",
    "/docs",
    "/widgets/",
    "/widgets/frame/component/default/checkout",
    "/widgets/frame/group/default/storefront",
    "/entities/component/default/no-such-thing",
]
SERIOUS = ("serious", "critical")
OPEN_ALL = "document.querySelectorAll('details').forEach(one => one.open = true)"
TWICE = "[...document.querySelectorAll('[id]')].map(one => one.id).filter((id, at, all) => all.indexOf(id) !== at)"
UNNAMED = "[...document.querySelectorAll('table')].filter(one => !one.caption?.textContent.trim()).length"
TOO_WIDE = "document.documentElement.scrollWidth - innerWidth"
CUT_OFF = """() => {
  const cut = [];
  for (const one of document.querySelectorAll("main :is(a[href], button, input, summary, [tabindex='0'])")) {
    if (!one.checkVisibility() || one.closest(".hidden")) continue;
    one.focus();
    const style = getComputedStyle(one), place = one.getBoundingClientRect();
    if (style.outlineStyle === "none") { cut.push("unseen " + one.outerHTML.slice(0, 120)); continue; }
    const beyond = parseFloat(style.outlineOffset) + parseFloat(style.outlineWidth);
    for (let around = one.parentElement; around.tagName !== "MAIN"; around = around.parentElement) {
      if (getComputedStyle(around).overflow === "visible") continue;
      const edge = around.getBoundingClientRect();
      const beside = [place.left - edge.left, edge.right - place.right];
      const sides = [...beside, place.top - edge.top, edge.bottom - place.bottom];
      if (sides.some(room => room >= -1 && room < beyond - 1)) cut.push(one.outerHTML.slice(0, 120));
    }
  }
  return cut;
}"""
WITH_COLUMNS = """wanted => {
  const heat = document.querySelector(".heat");
  heat.className = `heat cols-${wanted}`;
  for (const row of heat.querySelectorAll(".heat-row")) {
    const cells = [...row.querySelectorAll(".cell")];
    const longest = cells.reduce((one, other) => (other.textContent.length > one.textContent.length ? other : one));
    for (let number = cells.length; number < wanted; number++) row.append(longest.cloneNode(true));
  }
}"""
UPON_EACH_OTHER = """() => {
  const words = [...document.querySelectorAll(".heat-row.head .cell")].filter(one => one.checkVisibility()).map(one => {
    const range = document.createRange();
    range.selectNodeContents(one);
    return range.getBoundingClientRect();
  });
  return words.filter((one, at) => at && words[at - 1].right > one.left).map(one => one.left);
}"""
LONG_TEAMS = """() => {
  const teams = [...document.querySelectorAll(".rows td.end a")];
  for (const one of teams) one.textContent = "Forecasting and Demand Planning";
  return teams.length;
}"""
LYING_ON_OTHERS = """() => {
  const words = cell => {
    const range = document.createRange();
    range.selectNodeContents(cell);
    return range.getBoundingClientRect();
  };
  const apart = (one, other) =>
    one.right <= other.left || other.right <= one.left || one.bottom <= other.top || other.bottom <= one.top;
  return [...document.querySelectorAll(".rows tbody tr")].filter(row => {
    const places = [...row.cells].filter(cell => cell.checkVisibility()).map(words);
    return places.some((one, at) => places.slice(at + 1).some(other => !apart(one, other)));
  }).map(row => row.textContent);
}"""
BESIDE_THEIR_COLUMN = """grid => {
  const middle = one => (one.getBoundingClientRect().left + one.getBoundingClientRect().right) / 2;
  const cells = grid.querySelector("tbody tr").querySelectorAll("td");
  return [...grid.querySelectorAll("th.turn span")].map((one, at) => Math.abs(middle(one) - middle(cells[at])));
}"""
CONTRAST = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
HEAVIEST, MOST_REQUESTS = 200_000, 5
SHOWS_WIDGETS = {"/widgets/": 14}
"""This page shows every widget, and each asks for itself."""


@dataclass
class Seen:
    """What one visit told of a page. `wider`: pixels beyond the window, by its width."""

    path: str
    asked: list[str] = field(default_factory=list)
    weight: int = 0
    issues: list[tuple[str, str, str]] = field(default_factory=list)
    wider: dict[int, int] = field(default_factory=dict)
    twice: list[str] = field(default_factory=list)
    unnamed: int = 0


@pytest.fixture(scope="module")
def seen(portal, browser: Browser) -> list[Seen]:
    """Every page, visited once with nothing kept from before, in both themes and at the narrow and the wide end."""
    context = browser.new_context(base_url=portal.url, color_scheme="light", viewport={"width": 1280, "height": 900})
    context.set_default_timeout(90_000)
    shown = context.new_page()
    context.new_cdp_session(shown).send("Network.setCacheDisabled", {"cacheDisabled": True})
    found = [_visit(shown, path) for path in PATHS]
    context.close()
    return found


def _visit(shown: Page, path: str) -> Seen:
    one, answers = Seen(path), list[Response]()

    def heard(answer: Response) -> None:
        answers.append(answer)

    shown.goto("about:blank")  # what the page before still asks is not this one's
    shown.on("response", heard)
    shown.goto(path, wait_until="networkidle" if path in SHOWS_WIDGETS else "load")
    shown.remove_listener("response", heard)
    one.asked = [answer.url for answer in answers]
    one.weight = sum(len(answer.body()) for answer in answers if not 300 <= answer.status < 400)
    one.twice, one.unnamed = shown.evaluate(TWICE), shown.evaluate(UNNAMED)
    shown.evaluate(OPEN_ALL)
    one.issues = _serious(shown, "light", {})
    shown.emulate_media(color_scheme="dark")
    one.issues += _serious(shown, "dark", CONTRAST)
    shown.emulate_media(color_scheme="light")
    for width in (380, 2000):
        shown.set_viewport_size({"width": width, "height": 900})
        one.wider[width] = shown.evaluate(TOO_WIDE)
    shown.set_viewport_size({"width": 1280, "height": 900})
    return one


def _serious(shown: Page, theme: str, options: dict[str, Any]) -> list[tuple[str, str, str]]:
    found = Axe().run(shown, options={**options, "resultTypes": ["violations"]}).response["violations"]
    return [(theme, one["id"], one["nodes"][0]["html"][:160]) for one in found if one["impact"] in SERIOUS]


def test_every_page_there_is_was_seen() -> None:
    app = Flask("pages")
    app.register_blueprint(notifications.blueprint)
    place = app.url_map.bind("")
    seen = {place.match(urlsplit(path).path)[0] for path in PATHS}
    there = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    assert there - seen == {"static", "dashboards.static", "dashboards.script", "dashboards.services_csv"}


def test_axe_finds_no_serious_issue_on_any_page_in_either_theme(seen: list[Seen]) -> None:
    assert [(one.path, *issue) for one in seen for issue in one.issues] == []


def test_every_page_is_light_and_ours_alone(seen: list[Seen], portal) -> None:
    assert [(one.path, one.weight) for one in seen if not 0 < one.weight < HEAVIEST] == []
    assert [(one.path, one.asked) for one in seen if len(one.asked) > SHOWS_WIDGETS.get(one.path, MOST_REQUESTS)] == []
    assert [url for one in seen for url in one.asked if not url.startswith(portal.url)] == []


def test_no_page_is_wider_than_a_phones_window_or_a_wall(seen: list[Seen]) -> None:
    assert [(one.path, one.wider) for one in seen if max(one.wider.values()) > 0] == []


def test_no_page_has_an_id_twice_or_a_table_without_a_name(seen: list[Seen]) -> None:
    assert [(one.path, one.twice, one.unnamed) for one in seen if one.twice or one.unnamed] == []


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


def test_no_focus_is_cut_off_by_what_it_stands_in(page: Page) -> None:
    for path in ("/", "/groups/default/storefront", "/entities/component/default/checkout", "/scorecards/sre-maturity"):
        page.goto(path)
        page.keyboard.press("Tab")  # so that focus is shown
        assert page.evaluate(CUT_OFF) == [], path


def test_the_heat_map_cuts_no_column_off_however_many_there_are(page: Page) -> None:
    page.goto("/")
    for columns in (page.locator(".heat-row.head .cell").count(), 12):
        page.evaluate(WITH_COLUMNS, columns)
        for width in (380, 761, 1100, 1101, 1280, 1500, 2000):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.locator(".heat").evaluate("one => one.scrollWidth - one.clientWidth") <= 0, (columns, width)
            assert page.evaluate(UPON_EACH_OTHER) == [], (columns, width)


def test_a_services_name_stands_right_above_its_column(page: Page) -> None:
    for width in (380, 1280, 2000):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto("/groups/default/storefront")
        beside = page.get_by_role("region", name="Checks that fail most").evaluate(BESIDE_THEIR_COLUMN)
        assert len(beside) == 4
        assert max(beside) < 2, width


@pytest.mark.parametrize("path", ["/entities", "/checks/alert-runbook-linked"])
def test_a_long_name_of_a_team_lies_on_nothing_on_a_phone(page: Page, path: str) -> None:
    page.set_viewport_size({"width": 380, "height": 900})
    page.goto(path)
    assert page.evaluate(LONG_TEAMS) > 0
    assert page.evaluate(LYING_ON_OTHERS) == []


def test_only_what_fails_is_left_without_a_script_and_a_keyboard_opens_a_check(portal, browser: Browser) -> None:
    context = browser.new_context(base_url=portal.url, java_script_enabled=False)
    shown = context.new_page()
    shown.goto("/entities/component/default/checkout")
    checks = shown.locator(".checks > li")
    everything, failing = checks.count(), shown.locator(".checks > li.fail").count()
    assert 0 < failing < everything
    shown.get_by_label("Only what fails").focus()
    shown.keyboard.press("Space")
    expect(checks.locator("visible=true").and_(shown.locator(".checks > li"))).to_have_count(failing)

    row = shown.locator("#codeowners-covers-service")
    expect(row.locator(".fix")).to_be_hidden()
    row.locator("summary").first.focus()
    shown.keyboard.press("Enter")
    expect(row.locator(".fix")).to_be_visible()
    context.close()


def test_a_missing_page_says_where_to_go(portal, browser: Browser) -> None:
    context = browser.new_context(base_url=portal.url)
    shown = context.new_page()
    answer = shown.goto("/entities/component/default/no-such-thing")
    assert answer is not None
    assert answer.status == 404
    expect(shown.get_by_role("link", name="All services")).to_be_visible()
    context.close()
