"""The main path of each user, in a real browser over a real server: developer, team lead, SRE, platform engineer."""

from __future__ import annotations

from playwright.sync_api import Page, expect

CHECK = "alert-runbook-linked"


def test_a_developer_sees_why_a_check_fails_mends_it_and_watches_it_turn(page: Page, portal) -> None:
    page.goto("/")
    page.get_by_role("searchbox", name="Search services").fill("cart")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Cart", exact=True).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Cart")
    card = page.locator("section.scorecard[aria-label='SRE maturity']")
    row = card.locator("#catalog-entity-healthy")
    step = card.locator(".steps li").first
    expect(step).to_be_visible()
    failing = card.locator(f"#{step.locator('a').get_attribute('href').lstrip('#')}")  # type: ignore[union-attr]
    expect(failing.locator("summary .chip").first).to_have_text("fail")
    expect(failing.locator(".fix")).to_be_visible()
    expect(failing.locator(".facts")).to_contain_text("Expected")
    expect(failing.locator(".facts")).to_contain_text("Observed")
    expect(row.locator(".chip").first).to_have_text("pass")

    _mend(portal, str(failing.get_attribute("id")))
    page.get_by_role("button", name="Refresh now").click()

    expect(failing.locator("summary .chip").first).to_have_text("pass")
    expect(page.locator("[data-live-note]")).to_contain_text("just now")
    expect(card.locator(".now .level")).to_contain_text("Bronze")


def _mend(portal, check: str) -> None:
    """What the page told to do: the one thing between the cart and bronze."""
    assert check == "oncall-declared"
    annotated = "  annotations:\n    pagerduty.com/service-id: PCART1\n"
    portal.commit("shop", "services/cart/catalog-info.yaml", "  annotations:\n", annotated)


def test_a_team_lead_knows_where_the_team_stands_what_changed_and_what_to_do(page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto("/")
    page.get_by_role("region", name="Teams and areas").get_by_role("link", name="Storefront").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Storefront")
    stands, changed, following = page.locator(".lead .panel").all()
    expect(stands).to_contain_text("meet their target")
    expect(changed).to_contain_text("What changed this week")
    expect(following.locator(".plans li").first).to_be_visible()
    for panel in (stands, changed, following):
        box = panel.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < 800, "all three stand on the first screen"
    grid = page.get_by_role("region", name="Checks that fail most")
    expect(grid.get_by_role("columnheader", name="Checkout")).to_be_visible()


def test_an_sre_hears_which_guidance_leaves_people_stuck(page: Page) -> None:
    page.goto("/entities/component/default/checkout")
    row = page.locator(f"#{CHECK}")
    row.get_by_text("Still stuck", exact=True).click()
    row.get_by_label("What is missing?").fill("Which of our three runbook folders?")
    row.get_by_role("button", name="Send").click()
    expect(page.locator(f"#{CHECK}").get_by_role("status")).to_contain_text("still stuck")

    page.locator(f"#{CHECK}").get_by_role("link", name="Why this is asked").click()
    expect(page.locator("blockquote")).to_have_text("Which of our three runbook folders?")
    expect(page.get_by_text("1 time someone was still stuck")).to_be_visible()

    page.go_back()
    page.locator(f"#{CHECK}").get_by_role("button", name="This helped").click()
    page.goto("/")
    expect(page.locator(".panel", has_text="Questions saved")).to_contain_text("1 time someone said")


def test_an_sre_waives_a_check_and_whoever_types_beside_loses_nothing(page: Page) -> None:
    path, check = "/entities/component/default/checkout", "codeowners-covers-service"
    page.goto(f"{path}#{check}")
    row = page.locator(f"#{check}")
    beside = page.context.new_page()
    beside.goto(f"{path}#{CHECK}")
    beside.locator(f"#{CHECK}").get_by_text("Still stuck", exact=True).click()
    beside.get_by_label("What is missing?").locator("visible=true").fill("How do I")

    row.get_by_text("Waive for a while").click()
    row.get_by_label("Why may it be missed?").fill("Moved to the new monorepo in January.")
    until = row.get_by_label("Until (UTC)")
    until.fill(str(until.get_attribute("max")))
    row.get_by_role("button", name="Waive", exact=True).click()
    expect(row.locator("summary .chip").first).to_have_text("waived")
    expect(row).to_contain_text("Moved to the new monorepo in January.")

    expect(beside.get_by_text("There are new results.")).to_be_visible()
    expect(beside.get_by_label("What is missing?").locator("visible=true")).to_have_value("How do I")

    beside.get_by_label("What is missing?").locator("visible=true").fill("")  # now nothing would be lost
    beside.locator("#service-runbook-present summary").click()
    row.get_by_role("button", name="End the waiver").click()
    expect(row.locator("summary .chip").first).to_have_text("fail")
    expect(beside.get_by_text("New results came in just now.")).to_be_visible()
    expect(beside.get_by_label("What is missing?").locator("visible=true")).to_have_count(1)
    expect(beside.locator("#service-runbook-present .actions")).to_be_visible()
    beside.close()


def test_a_platform_engineer_sees_what_cant_be_read_and_what_is_nobodys(page: Page) -> None:
    page.goto("/sources")
    expect(page.get_by_role("region", name="Repositories that can't be read")).to_contain_text("brand-new")
    expect(page.get_by_role("region", name="Nobody's evidence")).to_contain_text("FaxMachineOnFire")
    expect(page.get_by_role("region", name="Problems in files")).to_contain_text("catalog-info.yaml:6")
    expect(page.get_by_text("group:default/analytics")).to_be_visible()


def test_filters_stand_in_the_url_and_a_choice_takes_effect_at_once(page: Page) -> None:
    page.goto("/entities")
    page.get_by_label("Target", exact=True).select_option("met")
    page.wait_for_url("**/entities?target=met&sort=level")
    expect(page.get_by_role("cell", name="meets", exact=False).first).to_be_visible()
    expect(page.get_by_role("cell", name="below", exact=False)).to_have_count(0)
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV of all").click()
    lines = download.value.path().read_text("utf-8-sig").splitlines()
    assert lines[0].startswith("entity,title,owner")
    assert all(",true," in line for line in lines[1:])


def test_the_theme_is_chosen_once_and_kept(page: Page) -> None:
    page.goto("/")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_role("button", name="Change between light and dark").click()
    dark = page.evaluate(ground)
    assert dark != light
    page.goto("/entities")
    assert page.evaluate(ground) == dark
