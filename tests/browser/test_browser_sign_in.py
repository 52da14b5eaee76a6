"""Signing in with a browser: the page that was asked for comes after the token, by keyboard alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from organisation import TEAM, Organisation, component
from playwright.sync_api import Browser, expect
from serving import served

from app.identity import tokens
from app.identity.access import Access
from app.identity.authenticator import Authenticator
from app.identity.tokens import StoredToken
from app.web import create_app


@pytest.fixture
def organisation(tmp_path) -> Iterator[Organisation]:
    made = Organisation(tmp_path).open()
    made.repository("catalog", {"catalog-info.yaml": TEAM})
    made.repository("shop", {"catalog-info.yaml": component("shop")})
    made.crawl()
    yield made
    made.close()


def test_a_token_typed_by_keyboard_leads_to_the_page_that_was_asked_for(organisation, browser: Browser) -> None:
    one, made = organisation.pipeline, tokens.new()
    row = {"id": made.id, "name": "ada", "digest": made.digest, "scopes": ("read",), "created_at": organisation.now}
    one.store.tokens.add(StoredToken(**row))
    door = Authenticator(tokens=one.store.tokens, directory=one.store.people, clock=one.clock)
    with served(create_app(one, access=Access(authenticator=door))) as url:
        context = browser.new_context(base_url=url)
        page = context.new_page()
        page.goto("/search?q=component:default/shop")
        expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert Axe().run(page).response["violations"] == []

        page.keyboard.type("not-a-token")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("not accepted")
        page.get_by_label("Token").fill(made.text)
        page.keyboard.press("Enter")

        expect(page.get_by_role("heading", level=1)).to_have_text("shop")
        assert page.url == f"{url}/entities/component/default/shop"
        expect(page.get_by_role("button", name="Refresh now")).to_have_count(0)  # this token may only read
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
        context.close()
