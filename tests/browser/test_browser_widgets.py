"""Widgets on a page of another origin, in Chromium: one request each, cheap to ask again, nothing hostile gets in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from threading import Event
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from organisation import RUNBOOK, TEAM, Organisation, alert, component
from playwright.sync_api import Browser, Page, expect
from serving import served

from app.api.badges.drawing import svg
from app.identity import tokens
from app.identity.access import Access
from app.identity.authenticator import Authenticator
from app.identity.tokens import StoredToken
from app.web import create_app

ALL = """
<roadworthy-scorecard entity="component:default/shop" heading="2"></roadworthy-scorecard>
<p>Now at <roadworthy-badge entity="shop" scorecard="sre-maturity"></roadworthy-badge></p>
<roadworthy-team team="team" heading="2"></roadworthy-team>
"""
_ENTITY = "/api/v1/entities/by-name/component/default/shop/results"


@dataclass
class Recorded:
    """In front of our application: keeps (method, path, status); is `down`, holds its `breath` until that is set, or
    answers `instead` when told to."""

    app: Any
    asked: list[tuple[str, str, int]] = field(default_factory=list)
    down: bool = False
    breath: Event | None = None
    instead: dict[str, Any] = field(default_factory=dict)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            self.asked.append((method, path, int(status[:3])))
            return start_response(status, headers, *rest)

        if self.breath is not None and not path.endswith(".js"):
            self.breath.wait(60)
        if self.down and not path.endswith(".js"):
            start("503 Service Unavailable", [("Access-Control-Allow-Origin", "*")])
            return [b""]
        if path in self.instead:
            start("200 OK", [("Content-Type", "application/json"), ("Access-Control-Allow-Origin", "*")])
            return [json.dumps(self.instead[path]).encode()]
        return self.app(environ, start)

    def data(self) -> list[tuple[str, str, int]]:
        """What was asked beside the script and preflights."""
        return [one for one in self.asked if one[0] == "GET" and not one[1].endswith(".js")]


@dataclass
class Host:
    """A page of a portal at another origin. `body` and `policy` (its Content-Security-Policy) may be changed."""

    body: str = ""
    policy: str = ""
    script: str = ""

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        headers = [("Content-Type", "text/html; charset=utf-8")]
        headers += [("Content-Security-Policy", self.policy)] if self.policy else []
        start_response("200 OK", headers)
        head = f'<title>A portal</title><script src="{self.script}/widgets/roadworthy.js" defer></script>'
        main = f"<main><h1>A portal</h1>{self.body}</main>"
        text = f'<!doctype html><html lang="en"><head>{head}</head><body>{main}</body></html>'
        return [text.encode() if environ["PATH_INFO"] == "/" else b""]


@dataclass
class Stage:
    url: str
    host: Host
    ours: Recorded
    organisation: Organisation


@pytest.fixture(scope="module")
def organisation(tmp_path_factory) -> Iterator[Organisation]:
    made = Organisation(tmp_path_factory.mktemp("widgets")).open()
    made.repository("catalog", {"catalog-info.yaml": TEAM})
    made.repository(
        "shop",
        {"catalog-info.yaml": component("shop"), "alerts.yaml": alert("Burning", "TODO"), "docs/runbook.md": RUNBOOK},
    )
    made.crawl()
    yield made
    made.close()


@pytest.fixture
def stage(organisation) -> Iterator[Callable[..., Stage]]:
    """Makes a portal, and us with that portal's origin on our lists (or not)."""
    with ExitStack() as stack:

        def make(*, allowed: bool = True, **access: Any) -> Stage:
            host = Host(ALL)
            url = stack.enter_context(served(host))
            lists = {"cors_origins": frozenset({url}), "frame_ancestors": (url,)} if allowed else {}
            ours = Recorded(create_app(organisation.pipeline, access=Access(**lists, **access)))
            host.script = stack.enter_context(served(ours))
            return Stage(url, host, ours, organisation)

        yield make


@pytest.fixture
def look(browser: Browser) -> Iterator[Callable[..., Page]]:
    with ExitStack() as stack:

        def opened(**options: Any) -> Page:
            context = browser.new_context(**options)
            stack.callback(context.close)
            context.set_default_timeout(20_000)
            return context.new_page()

        yield opened


def test_each_widget_shows_its_data_on_another_origin_with_one_request(stage, look):
    here, page = stage(), look()
    page.goto(here.url)
    card = page.locator("roadworthy-scorecard")
    expect(card.get_by_role("heading", name="SRE maturity")).to_be_visible()
    expect(card.get_by_text("Every paging alert links a runbook", exact=True)).to_be_visible()
    expect(page.locator("roadworthy-badge").get_by_role("link")).to_have_text("SRE maturityno level, target Bronze")
    expect(page.locator("roadworthy-team").get_by_text("0 of 1 meet their target")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert sorted(path for _, path, _ in here.ours.data()) == [
        _ENTITY,
        "/api/v1/groups/by-name/default/team/summary",
        "/badges/component/default/shop/sre-maturity.json",
    ]


def test_asking_again_costs_a_304(stage, look):
    here, page = stage(), look()
    here.host.body = '<roadworthy-scorecard entity="component:default/shop"></roadworthy-scorecard>'
    for _ in range(2):
        page.goto(here.url)
        expect(page.locator("roadworthy-scorecard").get_by_text("As of")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert [status for _, _, status in here.ours.data()] == [200, 304]


def test_what_was_shown_last_stays_when_the_server_is_down_and_says_so(stage, look):
    here, page = stage(), look()
    page.goto(here.url)
    expect(page.locator("roadworthy-scorecard").get_by_text("As of")).to_be_visible()
    here.ours.down = True
    page.reload()
    card = page.locator("roadworthy-scorecard")
    expect(card.get_by_text("can't be reached")).to_be_visible()
    expect(card.get_by_text("Every paging alert links a runbook", exact=True)).to_be_visible()
    here.ours.down = False
    page.evaluate("document.querySelector('roadworthy-scorecard').load()")
    expect(card.get_by_text("can't be reached")).to_have_count(0)


def test_without_a_network_each_widget_stays_as_it_was_and_says_how_old_it_is(stage, look):
    here, page = stage(), look()
    page.goto(here.url)
    for name in ("scorecard", "team"):
        expect(page.locator(f"roadworthy-{name}").get_by_text("As of")).to_be_visible()
    expect(page.locator("roadworthy-badge").get_by_role("link")).to_be_visible()
    page.context.set_offline(True)
    for name in ("scorecard", "team", "badge"):
        page.locator(f"roadworthy-{name}").evaluate("one => one.load()")
    for name in ("scorecard", "team"):
        expect(page.locator(f"roadworthy-{name}").get_by_role("status")).to_contain_text("can't be reached")
    expect(page.locator("roadworthy-team").get_by_text("0 of 1 meet their target")).to_be_visible()
    expect(page.locator("roadworthy-badge").get_by_role("link")).to_contain_text("no level")  # kept five minutes
    page.context.set_offline(False)
    page.locator("roadworthy-team").evaluate("one => one.load()")
    expect(page.locator("roadworthy-team").get_by_role("status")).to_have_count(0)


def test_a_silent_server_is_told_of_while_it_is_waited_for(stage, look):
    here, page, newcomer = stage(), look(), look()
    page.goto(here.url)
    card = page.locator("roadworthy-scorecard")
    expect(card.get_by_text("As of")).to_be_visible()
    here.ours.breath = answers = Event()
    try:
        card.evaluate("one => { one.load() }")
        newcomer.goto(here.url)
        expect(card.get_by_role("status")).to_contain_text("Waiting for the server. This is what it said")
        expect(card.get_by_text("Every paging alert links a runbook", exact=True)).to_be_visible()
        expect(newcomer.locator("roadworthy-team").get_by_role("status")).to_contain_text("Waiting for the server…")
    finally:
        answers.set()
    expect(newcomer.locator("roadworthy-team").get_by_text("0 of 1 meet their target")).to_be_visible()
    expect(card.get_by_role("status")).to_have_count(0)


def test_a_token_that_never_comes_is_not_waited_for_for_ever(stage, look):
    here, page, newcomer = stage(), look(), look()
    page.goto(here.url)
    card = page.locator("roadworthy-scorecard")
    expect(card.get_by_text("As of")).to_be_visible()
    for one in (page, newcomer):
        one.add_init_script("roadworthy = {token: () => new Promise(() => {}), giveUp: 200}")
        one.goto(here.url)
    expect(card.get_by_role("status")).to_contain_text("No answer came in time. This is what it said")
    expect(card.get_by_text("Every paging alert links a runbook", exact=True)).to_be_visible()
    expect(newcomer.locator("roadworthy-team").get_by_role("status")).to_contain_text("No answer came in time.")
    newcomer.evaluate("roadworthy = {}")
    newcomer.locator("roadworthy-team").evaluate("one => one.load()")
    expect(newcomer.locator("roadworthy-team").get_by_text("0 of 1 meet their target")).to_be_visible()


def test_what_changes_looks_alone_asks_nothing_and_another_entity_is_never_shown_as_the_one_before(stage, look):
    here, page = stage(), look()
    here.host.body = '<roadworthy-scorecard entity="shop"></roadworthy-scorecard><p id="elsewhere"></p>'
    page.goto(here.url)
    card = page.locator("roadworthy-scorecard")
    expect(card.get_by_text("As of")).to_be_visible()
    card.evaluate("one => { one.setAttribute('only-failing', ''); one.setAttribute('heading', '2') }")
    expect(card.get_by_role("heading", level=2, name="SRE maturity")).to_be_visible()
    expect(card.get_by_text("check passes").or_(card.get_by_text("checks pass"))).to_have_count(0)
    card.evaluate("one => { one.remove(); document.getElementById('elsewhere').append(one) }")
    expect(page.locator("#elsewhere").get_by_text("As of")).to_be_visible()
    assert [path for _, path, _ in here.ours.data()] == [_ENTITY]

    here.ours.breath = answers = Event()
    try:
        card.evaluate("one => one.setAttribute('entity', 'component:default/other')")
        expect(card.get_by_role("status")).to_have_text("Loading…")
        expect(card.get_by_text("Every paging alert links a runbook")).to_have_count(0)
    finally:
        answers.set()
    expect(card.get_by_role("status")).to_have_text("Not known here.")


def test_a_hundred_on_a_page_ask_once_and_leave_nothing_behind(stage, look):
    here, page = stage(), look()
    here.host.body = ""
    page.goto(here.url)
    page.evaluate("""() => {
      for (let number = 0; number < 100; number++) {
        const one = document.createElement("roadworthy-scorecard");
        one.setAttribute("entity", "shop");
        one.setAttribute("refresh", "15");
        document.querySelector("main").append(one);
      }
    }""")
    expect(page.locator("roadworthy-scorecard").get_by_text("As of")).to_have_count(100)
    assert [path for _, path, _ in here.ours.data()] == [_ENTITY]

    page.evaluate("""() => {
      const all = [...document.querySelectorAll("roadworthy-scorecard")];
      globalThis.gone = all.map(one => new WeakRef(one));
      all.forEach(one => one.remove());
    }""")
    page.context.new_cdp_session(page).send("HeapProfiler.collectGarbage")
    assert page.evaluate("gone.filter(one => one.deref()).length") == 0


def test_no_more_than_twenty_answers_are_kept_in_the_pages_own_storage(stage, look):
    here, page = stage(), look()
    names = [f"shop-{number}" for number in range(25)]
    for name in names:
        here.ours.instead[_ENTITY.replace("shop", name)] = {"entity": name, "scorecards": []}
    here.host.body = "".join(f'<roadworthy-scorecard entity="{name}"></roadworthy-scorecard>' for name in names)
    page.goto(here.url)
    expect(page.locator("roadworthy-scorecard").get_by_text("No scorecard applies")).to_have_count(25)
    assert page.evaluate("Object.keys(sessionStorage).filter(key => key.includes('/results')).length") == 20


def test_code_and_places_in_its_texts_are_shown_as_such(stage, look):
    here, page = stage(), look()
    body = hostile()
    said = "Add `runbook_url` to Slow (rules/slow.yaml:15), <b>not</b> (so: 3)."
    body["scorecards"][0]["checks"][0]["remediation"] = said
    here.ours.instead[_ENTITY] = body
    page.goto(here.url)
    card = page.locator("roadworthy-scorecard")
    card.locator("summary").first.click()
    expect(card.locator(".more")).to_contain_text("Add runbook_url to Slow (rules/slow.yaml:15), <b>not</b> (so: 3).")
    assert card.locator("code").all_text_contents() == ["runbook_url", "rules/slow.yaml:15"]


def test_with_nothing_to_show_it_says_why(stage, look):
    here, page = stage(), look()
    here.host.body = '<roadworthy-scorecard entity="nobody"></roadworthy-scorecard><roadworthy-team></roadworthy-team>'
    page.goto(here.url)
    expect(page.locator("roadworthy-scorecard").get_by_role("status")).to_have_text("Not known here.")
    expect(page.locator("roadworthy-team").get_by_role("status")).to_contain_text("Nothing to show")
    here.ours.down = True
    page.reload()
    expect(page.locator("roadworthy-scorecard").get_by_role("status")).to_contain_text("Can't be reached")


def test_an_origin_that_is_not_on_the_list_gets_nothing(stage, look):
    here, page = stage(allowed=False), look()
    page.goto(here.url)
    expect(page.locator("roadworthy-scorecard").get_by_role("status")).to_contain_text("Can't be reached")


def test_with_sign_in_the_portals_token_is_sent_and_without_one_it_asks_to_sign_in(stage, look, organisation):
    store, made = organisation.pipeline.store, tokens.new()
    row = {"id": made.id, "name": "portal", "digest": made.digest, "scopes": ("read",), "created_at": organisation.now}
    store.tokens.add(StoredToken(**row))
    here = stage(
        authenticator=Authenticator(tokens=store.tokens, directory=store.people, clock=organisation.pipeline.clock)
    )
    page = look()
    page.goto(here.url)
    expect(page.locator("roadworthy-scorecard").get_by_text("Sign in to see this")).to_be_visible()
    page.add_init_script(f"roadworthy = {{token: async () => {json.dumps(made.text)}}}")
    page.goto(here.url)
    expect(page.locator("roadworthy-scorecard").get_by_text("As of")).to_be_visible()


def hostile() -> dict[str, Any]:
    """Results whose every text is an attack."""
    evil, image = "javascript:alert(1)", "<img src=x onerror=alert(1)>"
    place = {"repository": "https://github.com/a/b", "commit": "c", "path": image, "line": 1, "url": None}
    check = {
        "id": "x",
        "title": image,
        "area": "<b>area</b>",
        "level": "bronze",
        "weight": 1,
        "outcome": "fail",
        "enforced": True,
        "reason": "<script>alert(1)</script>",
        "evidence": [],
        "effort": evil,
        "waiver": None,
        "offenders": [{"name": evil, **place}, {"name": "", **place, "url": evil}],
        "offenders_total": 2,
        "remediation": f"[x]({evil})",
        "help_url": evil,
    }
    card = {
        "id": "sre-maturity",
        "title": "<i>T</i>",
        "level": "<u>",
        "level_possible": "x",
        "target_level": evil,
        "meets_target": False,
        "score": 0,
        "coverage": 1,
        "as_of": "<s>",
        "checks": [check],
    }
    return {"entity": "component:default/shop", "scorecards": [card]}


def test_nothing_a_stranger_wrote_becomes_a_link_or_markup(stage, look):
    here, page = stage(), look()
    here.ours.instead[_ENTITY] = hostile()
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.goto(here.url)
    card = page.locator("roadworthy-scorecard")
    card.locator("summary").first.click()
    expect(card.get_by_text("<script>alert(1)</script>")).to_be_visible()
    inside = "document.querySelector('roadworthy-scorecard').shadowRoot"
    assert page.evaluate(f"[...{inside}.querySelectorAll('img,script,i,b,u,s')].map(one => one.outerHTML)") == []
    hrefs = page.evaluate(f"[...{inside}.querySelectorAll('[href]')].map(one => one.href)")
    assert hrefs
    assert all(href.startswith(("http://", "https://")) for href in hrefs)
    assert dialogs == []


def test_a_line_leads_to_where_the_server_says_and_to_our_page_where_it_says_nothing(stage, look):
    here, page = stage(), look()
    body = hostile()
    line = {"name": "", "repository": "https://git.example.org/a/b", "commit": "c", "path": "a.yaml", "line": 3}
    told = "https://git.example.org/a/b/src/commit/c/a.yaml#L3"
    body["scorecards"][0]["checks"][0]["offenders"] = [{**line, "url": told}, {**line, "url": None}]
    here.ours.instead[_ENTITY] = body
    page.goto(here.url)
    card = page.locator("roadworthy-scorecard")
    card.locator("summary").first.click()
    links = [one.get_attribute("href") for one in card.get_by_role("link", name="a.yaml:3").all()]
    assert links == [told, f"{here.host.script}/entities/component/default/shop#x"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_dark_and_light(stage, look, scheme):
    here, page = stage(), look(color_scheme=scheme)
    page.goto(here.url)
    page.add_style_tag(content=":root { color-scheme: light dark; background: Canvas; color: CanvasText }")
    expect(page.locator("roadworthy-team").get_by_text("As of").first).to_be_visible()
    page.evaluate(
        "for (const one of document.querySelectorAll('roadworthy-scorecard'))"
        " one.shadowRoot.querySelectorAll('details').forEach(part => part.open = true)"
    )
    issues = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"][:120]) for one in issues] == []


def test_the_keyboard_opens_a_check_and_it_stays_open_when_data_comes_again(stage, look):
    here, page = stage(), look()
    page.goto(here.url)
    card = page.locator("roadworthy-scorecard")
    card.locator("summary").first.focus()
    page.keyboard.press("Enter")
    expect(card.get_by_text("How", exact=False).or_(card.locator("details[open] .more")).first).to_be_visible()
    page.evaluate("document.querySelector('roadworthy-scorecard').load()")
    page.wait_for_load_state("networkidle")
    expect(card.locator("details[open]")).to_have_count(1)


def test_it_is_styled_under_a_strict_policy_and_follows_the_pages_variables(stage, look):
    here, page = stage(), look()
    origin = here.host.script
    here.host.policy = f"default-src 'none'; script-src {origin}; connect-src {origin}"
    page.goto(here.url)
    section = page.locator("roadworthy-scorecard").locator("section").first
    expect(section).to_have_css("border-top-style", "solid")
    page.evaluate(
        "document.querySelector('roadworthy-scorecard').style.setProperty('--roadworthy-ground', 'rgb(1, 2, 3)')"
    )
    expect(section).to_have_css("background-color", "rgb(1, 2, 3)")


@pytest.mark.parametrize("allowed", [True, False])
def test_a_frame_shows_only_where_the_settings_let_it(stage, look, allowed):
    here, page = stage(allowed=allowed), look()
    here.host.body = f'<iframe src="{here.host.script}/widgets/frame/component/default/shop" title="Shop"></iframe>'
    page.goto(here.url)
    inside = page.frame_locator("iframe").locator("roadworthy-scorecard")
    if allowed:
        expect(inside.get_by_role("heading", name="SRE maturity")).to_be_visible()
        return
    page.wait_for_load_state("networkidle")
    expect(inside).to_have_count(0)


LABELS = ("Silver", "no level, target Bronze", "WWWWMMMM", "iiiill.,;", "Zuverlässigkeit", "e\u0301tude", "Надёжность")
WIDE = ("成熟度", "日本語カタカナ", "عربي", "🚀 ready", "100% → Gold", "a" * 500)
DRAWN = """[...document.querySelectorAll('svg')].map(one => {
  const box = [...one.querySelectorAll('text')].pop().getBBox();
  return [box.x, one.width.baseVal.value - box.x - box.width];
})"""


def test_a_badges_text_fills_its_half_and_no_more_whatever_the_script(look):
    page = look()
    page.set_content("".join(f"<p>{svg('SRE maturity', text, '#2e7d32')}</p>" for text in (*LABELS, *WIDE)))
    for (left, right), text in zip(page.evaluate(DRAWN), (*LABELS, *WIDE), strict=True):
        assert left > 80, text
        assert 3.5 < right < 6.5, text  # five pixels, less what the last letter's own edge takes
