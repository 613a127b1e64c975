"""The page in a real browser, in front of a real gateway with real turns."""

import re
from typing import Any

import pytest

from tests.e2e.wire import fetch
from tests.fakes.until import until
from tests.web.conftest import CHROMIUM, SLUG, Traffic
from tests.web.reader import NARROW, Reader, expect, figure, text

axe = pytest.importorskip("axe_playwright_python.sync_playwright")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed: apt-get install chromium"),
]
VIEWS = [
    "/",
    "/personas",
    f"/personas/{SLUG}/drift",
    f"/personas/{SLUG}/drift?span=hour",
    f"/personas/{SLUG}/drift?span=day&measure=coherence",
    f"/personas/{SLUG}/versions",
    f"/personas/{SLUG}/rules",
    f"/personas/{SLUG}/chat",
    f"/personas/{SLUG}/about",
    "/turns",
    "/turns/TURN",
    "/conversations",
    "/conversations/CONVERSATION",
    "/runs",
    "/import",
    "/usage",
    "/keys",
    "/webhooks",
    "/audit",
]


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_is_whole_narrow_or_wide_in_light_and_dark(page: Reader, view: str) -> None:
    turn = page.traffic.get("/v1/turns?verdict=out-of-character&limit=1")["data"][0]["id"]
    main = page.open(view.replace("TURN", turn).replace("CONVERSATION", page.traffic.conversation))
    expect(main.locator(".failure")).to_have_count(0)
    assert _faults(page) == []
    page.page.emulate_media(color_scheme="dark")
    page.page.set_viewport_size(NARROW)
    assert _faults(page, "color-contrast") == []
    assert page.page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]


def _faults(page: Reader, *rules: str) -> list[str]:
    options = {"runOnly": list(rules)} if rules else None
    found = axe.Axe().run(page.page, options=options).response["violations"]
    return [
        f"{one['id']}: {node['html'][:200]}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"][:3]
    ]


def test_the_overview_shows_what_the_routes_say(page: Reader) -> None:
    main = page.open("/")
    survey, usage = page.traffic.get("/v1/drift"), page.traffic.get("/v1/usage")
    latency = page.traffic.get("/v1/usage/latency")
    assert figure(main.locator("[data-figure=requests]")) == sum(one["requests"] for one in usage["data"])
    scored = 1 - survey["verdicts"]["unscored"]
    good = (survey["verdicts"]["in-character"] + survey["verdicts"]["warming-up"]) / scored
    assert figure(main.locator("[data-figure=in-character]")) == pytest.approx(good * 100, abs=0.6)
    shown = figure(main.locator("[data-figure=latency]"))
    assert shown == pytest.approx(latency["latency_ms"]["p50"], abs=0.6)
    names = main.locator("[data-persona]")
    assert [names.nth(at).get_attribute("data-persona") for at in range(names.count())] == [
        one["persona"] for one in survey["data"]
    ]


def test_a_persona_shows_its_drift_as_the_routes_say(page: Reader) -> None:
    main = page.open(f"/personas/{SLUG}/drift?span=hour")
    for one in page.traffic.get(f"/v1/personas/{SLUG}/drift?bucket=hour")["data"]:
        series = main.locator(f'[data-series="{one["version"]} {one["upstream"]}"]')
        assert f"{one['turns']} turns" in text(series)
    move = page.traffic.moved_at
    path = f"/v1/personas/{SLUG}/drift/around?at={move}"
    found = page.traffic.get(path)
    place = main.locator(f'[data-move="{move}"]')
    for name in ("before", "after"):
        side = text(place.locator(f'[data-side="{name}"]'))
        assert f"{round(found[name]['in_character']['share'] * 100)} %" in side
    assert "more than chance" in text(place)


def test_turns_are_those_of_the_route_and_filters_are_its_own(page: Reader) -> None:
    main = page.open("/turns?verdict=out-of-character")
    rows = main.locator("tbody tr")
    wanted = page.traffic.get("/v1/turns?verdict=out-of-character")["data"]
    assert rows.count() == len(wanted)
    links = [rows.nth(at).locator("a").get_attribute("href") for at in range(rows.count())]
    assert links == [f"#/turns/{one['id']}" for one in wanted]
    main.get_by_label("Verdict").select_option("in-character")
    expect(rows).to_have_count(len(page.traffic.get("/v1/turns?verdict=in-character")["data"]))
    main = page.open("/turns")
    main.get_by_label("Search what was said").fill("who are you")
    main.get_by_label("Search what was said").press("Enter")
    found = page.traffic.get("/v1/turns?q=who%20are%20you")["data"]
    assert {one["conversation"] for one in found} == {page.traffic.conversation}
    expect(main.locator("tbody tr")).to_have_count(len(found))


def test_a_turn_shows_its_levels_and_the_passage_that_is_to_blame(page: Reader) -> None:
    turns = page.traffic.get("/v1/turns?verdict=out-of-character&limit=50")["data"]
    turn = next(one for one in turns if one["conversation"])
    main = page.open(f"/turns/{turn['id']}")
    assert figure(main.locator("[data-axis=voice]")) == pytest.approx(turn["drift"]["voice"], abs=0.006)
    signals = page.traffic.get(f"/v1/turns/{turn['id']}")["explain"]["signals"]
    assert main.locator(".reasons li").count() == len(signals)
    assert "says that it is an AI" in text(main.locator(".reasons"))
    assert "AI language model" in "".join(main.locator("mark").all_text_contents())


def test_a_conversation_s_line_leads_to_its_turns(page: Reader) -> None:
    main = page.open(f"/conversations/{page.traffic.conversation}")
    drift = page.traffic.get(f"/v1/chat/conversations/{page.traffic.conversation}/drift")
    points = main.locator("[data-turn]")
    assert [f"{one['cusum']:.2f}" for one in drift["data"]] == [
        text(points.nth(at).locator(".mono")) for at in range(points.count())
    ]
    last = drift["data"][-1]["turn"]
    points.last.click()
    expect(main.locator(f"#{last}")).to_have_class(re.compile("marked"))
    expect(main.locator("mark").first).to_be_visible()


def test_usage_and_budgets_are_those_of_the_routes(page: Reader) -> None:
    workspace = page.traffic.get("/v1/keys/current")["workspace"]["id"]
    page.traffic.send("PUT", f"/v1/budgets/{workspace}/tokens/month", {"limit": 7000})
    main = page.open("/usage?by=upstream&days=30")
    (one,) = page.traffic.get("/v1/usage?by=upstream")["data"]
    cells = main.locator("tbody tr").first.locator("td").all_text_contents()
    numbers = [cell.replace(",", "") for cell in cells]
    assert numbers[:4] == [
        one["value"],
        *(str(one[name]) for name in ("requests", "failed", "prompt_tokens")),
    ]
    (budget,) = page.traffic.get("/v1/budgets")["data"]
    row = main.locator("section", has_text="Budgets").locator("tbody tr").first
    assert f"{budget['limit']:,}" in text(row)
    assert f"{budget['left']:,}" in text(row)


def test_a_budget_of_a_key_bears_the_key_s_name(page: Reader) -> None:
    key = page.traffic.send("POST", "/v1/keys", {"name": "the shop's app"})
    place = f"/v1/budgets/{key['id']}/usd/day"
    page.traffic.send("PUT", place, {"limit": 3})
    main = page.open("/usage?days=7")
    row = main.locator("section", has_text="Budgets").locator("tr", has_text="the shop's app")
    expect(row).to_be_visible()
    assert key["id"] not in text(main)
    page.leave()
    assert fetch(page.traffic.gateway, place, method="DELETE").status < 300


def test_a_webhook_is_made_tested_and_switched_off(page: Reader) -> None:
    main = page.open("/webhooks")
    main.get_by_role("button", name="New webhook").click()
    dialog = page.page.get_by_role("dialog")
    dialog.get_by_label("Address").fill("https://hooks.example.invalid/persona")
    dialog.get_by_label("What it is for").fill("the shop's channel")
    dialog.get_by_role("button", name="New webhook").click()
    shown = page.page.get_by_role("dialog").last.locator("pre")
    expect(shown).to_have_text(re.compile("^whsec_"))
    secret = text(shown)
    page.page.get_by_role("button", name="I have kept it").click()
    expect(page.page.get_by_role("dialog")).to_have_count(0)
    assert secret not in page.page.content()
    row = main.locator("tr", has_text="the shop's channel")
    row.get_by_role("button", name="Test", exact=True).click()
    (hook,) = page.traffic.get("/v1/webhooks")["data"]
    deliveries = main.locator("section", has_text="Deliveries").last.locator("tbody tr")
    expect(deliveries).to_have_count(1)
    (delivery,) = page.traffic.get(f"/v1/webhooks/{hook['id']}/deliveries")["data"]
    expect(deliveries.first).to_contain_text(delivery["type"])
    row.get_by_role("button", name="Switch off").click()
    expect(row.locator(".state")).to_have_text(re.compile("^off"))
    assert page.traffic.get("/v1/webhooks")["data"][0]["enabled"] is False


def test_a_label_is_rolled_back_by_one_confirmed_click(page: Reader) -> None:
    main = page.open(f"/personas/{SLUG}/drift")
    main.get_by_role("button", name="Roll back to v1").click()
    page.page.get_by_role("dialog").get_by_role("button", name="Roll back to v1").click()
    expect(main.locator("[data-label=production] .stands")).to_have_text(" v1")
    assert page.traffic.get(f"/v1/personas/{SLUG}")["labels"]["production"] == 1
    assert page.traffic.get("/v1/audit?action=label.")["data"][0]["details"]["previous"] == 2
    main.get_by_role("button", name="Roll forward to v2").click()
    page.page.get_by_role("dialog").get_by_role("button", name="Roll forward to v2").click()
    expect(main.locator("[data-label=production] .stands")).to_have_text(" v2")


def test_what_cannot_be_shown_says_why_and_leads_on(page: Reader) -> None:
    main = page.open("/nowhere")
    expect(main.locator(".failure")).to_have_text("There is nothing at this address.")
    main.get_by_role("link", name="Back to the beginning").click()
    expect(main.locator("h1")).to_have_text("Overview")
    page.page.route("**/v1/personas**", lambda route: route.abort())
    main = page.open("/personas")
    expect(main.locator(".failure")).to_contain_text("The gateway does not answer.")
    page.page.unroute("**/v1/personas**")
    main.get_by_role("button", name="Try again").click()
    expect(main.locator("h1")).to_have_text("Personas")
    # The browser itself complains of what was kept from it.
    assert all("net::ERR_FAILED" in one for one in page.complaints)
    page.complaints.clear()


def test_a_rule_that_was_read_is_switched_off(page: Reader) -> None:
    main = page.open(f"/personas/{SLUG}/rules")
    found = page.traffic.get(f"/v1/personas/{SLUG}/rules?version=latest")
    read = [one for one in found["data"] if one["origin"] == "prompt"]
    assert main.locator("[data-rule]").count() == len(found["data"])
    rule = main.locator(f'[data-rule="{read[0]["id"]}"]')
    assert read[0]["source"] in text(rule.locator("blockquote"))
    rule.get_by_role("button", name="Switch off").click()
    expect(rule.locator(".chip")).to_have_text("off")
    after = page.traffic.get(f"/v1/personas/{SLUG}/rules?version=latest")
    assert {one["state"] for one in after["data"] if one["id"] == read[0]["id"]} == {"off"}


def test_a_fact_that_was_read_is_corrected_and_switched_off(page: Reader) -> None:
    main = page.open(f"/personas/{SLUG}/rules")
    found = page.traffic.get(f"/v1/personas/{SLUG}/rules?version=latest")["facts"]
    assert main.locator("[data-fact]").count() == len(found)
    id, version = found[0]["id"], page.traffic.get(f"/v1/personas/{SLUG}")["version"]
    fact = main.locator(f'[data-fact="{id}"]')
    assert text(fact.locator(".what")) == found[0]["said"]
    fact.get_by_role("button", name="Correct").click()
    dialog = page.page.get_by_role("dialog")
    dialog.get_by_role("textbox").fill("The library opens at nine in the evening.")
    dialog.get_by_role("button", name="Save the correction").click()
    expect(fact.locator(".chip").last).to_have_text("corrected")
    expect(fact.locator(".what")).to_have_text("The library opens at nine in the evening.")
    fact.get_by_role("button", name="Switch off").click()
    expect(fact.locator(".chip").last).to_have_text("off")
    after = page.traffic.get(f"/v1/personas/{SLUG}")
    assert (after["version"], after["facts"]) == (version + 2, [{"from": id, "off": True}])
    # Older versions are shown with what was said of their own figures.
    said = {version: found[0]["said"], version + 1: "The library opens at nine in the evening."}
    for older, words in said.items():
        main = page.open(f"/personas/{SLUG}/rules?v={older}")
        assert text(main.locator(f'[data-fact="{id}"] .what')) == words


def test_a_chat_streams_and_says_how_far_it_strayed(page: Reader) -> None:
    main = page.open(f"/personas/{SLUG}/chat")
    main.get_by_label("Say something").fill("Good evening!")
    page.page.keyboard.press("Enter")
    answer = main.locator(".said:not(.user)").last
    expect(answer.locator(".verdict")).to_be_visible()
    assert text(answer.locator(".text"))

    def scored() -> Any:
        found = page.traffic.get("/v1/turns?limit=1")["data"][0]["drift"]["verdict"]
        return found if found != "unscored" else None

    expect(answer.locator(".verdict")).to_have_text(until(scored).replace("-", " "))


def test_a_score_that_comes_later_lands_in_the_chat(page: Reader) -> None:
    def withhold(route: Any) -> None:
        reply = route.fetch()
        late = re.sub(r'"drift":\{[^}]*\}', '"drift":{"verdict":"unscored","reason":"later"}', reply.text())
        route.fulfill(response=reply, body=late)

    page.page.route("**/v1/openai/chat/completions", withhold)
    main = page.open(f"/personas/{SLUG}/chat")
    main.get_by_label("Say something").fill("Good evening!")
    page.page.keyboard.press("Enter")
    answer = main.locator(".said:not(.user)").last
    expect(answer.locator(".verdict")).to_have_text(re.compile("^(in|out of) character$"))
    page.page.unroute("**/v1/openai/chat/completions")


def test_new_turns_appear_as_they_end(page: Reader) -> None:
    main = page.open("/turns")
    expect(main.locator(".pulse")).to_have_text("Live")
    before = main.locator("tbody tr").first.locator("a").get_attribute("href")
    hello = [{"role": "user", "content": "Now?"}]
    body = {"model": f"persona/{SLUG}@v1", "messages": hello}
    turn = page.traffic.send("POST", "/v1/openai/chat/completions", body)["persona"]["turn"]
    expect(main.locator("tbody tr").first.locator("a")).to_have_attribute("href", f"#/turns/{turn}")
    assert before != f"#/turns/{turn}"


def test_a_key_is_made_shown_once_and_revoked(page: Reader) -> None:
    main = page.open("/keys")
    main.get_by_role("button", name="New key").click()
    dialog = page.page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("of the page")
    dialog.get_by_role("button", name="New key").click()
    shown = page.page.get_by_role("dialog").last.locator("pre")
    expect(shown).to_have_text(re.compile("^pk_live_"))
    secret = text(shown)
    page.page.get_by_role("button", name="I have kept it").click()
    expect(page.page.get_by_role("dialog")).to_have_count(0)
    assert secret not in page.page.content()
    row = main.locator("tr", has_text="of the page")
    expect(row).to_be_visible()
    row.get_by_role("button", name="Revoke").click()
    page.page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(row.locator(".state")).to_have_text("revoked")


def test_deliveries_of_a_time_are_replayed(page: Reader) -> None:
    wanted = {"url": "https://hooks.example.invalid/", "events": ["run.failed"]}
    hook = page.traffic.send("POST", "/v1/webhooks", wanted)["id"]
    main = page.open(f"/webhooks?id={hook}")
    main.get_by_role("button", name="Replay a time").click()
    dialog = page.page.get_by_role("dialog")
    expect(dialog.get_by_label("From")).not_to_have_value("")
    dialog.get_by_role("button", name="Replay", exact=True).click()
    expect(page.page.get_by_role("status")).to_have_text("0 are on their way")
    expect(dialog).to_have_count(0)
    page.leave()
    assert fetch(page.traffic.gateway, f"/v1/webhooks/{hook}", method="DELETE").status == 204


def test_a_card_that_is_dropped_becomes_a_persona(page: Reader) -> None:
    main = page.open("/import")
    card = b'{"spec": "chara_card_v2", "data": {"name": "Ada Byron", "description": "You are Ada Byron."}}'
    main.locator("input[type=file]").set_input_files(
        {"name": "ada.json", "mimeType": "application/json", "buffer": card}
    )
    expect(main.get_by_role("link", name="ada-byron")).to_be_visible()
    assert page.traffic.get("/v1/personas/ada-byron")["name"] == "Ada Byron"


def test_a_run_is_followed_to_its_end(page: Reader) -> None:
    main = page.open("/runs")
    main.get_by_label("A persona in a few words").fill("A baker who tells stories")
    main.get_by_role("button", name="Make it").click()
    page.page.locator("main h1", has_text="A baker").wait_for()
    run = page.page.url.rpartition("/")[2]
    until(lambda: page.traffic.get(f"/v1/runs/{run}")["ended_at"], within=60)
    word = page.traffic.get(f"/v1/runs/{run}")["status"]
    expect(main.locator(".head .state")).to_have_text(word)


def test_the_keyboard_is_enough(page: Reader) -> None:
    page.open("/personas")
    page.page.reload()
    page.page.locator("main tbody a").first.wait_for()
    page.page.keyboard.press("Tab")
    expect(page.page.locator(":focus")).to_have_text("Skip to the content")
    page.page.locator("main tbody a").first.focus()
    page.page.keyboard.press("Enter")
    expect(page.page.locator("nav.tabs")).to_be_visible()
    page.page.locator("nav.tabs a", has_text="Versions").focus()
    page.page.keyboard.press("Enter")
    expect(page.page.locator(".card h2", has_text="Prompt")).to_be_visible()


def test_a_key_sees_what_it_may(browser: Any, traffic: Traffic) -> None:
    made = traffic.send("POST", "/v1/keys", {"name": "reader", "scopes": ["personas:read"]})
    reader = Reader(browser, traffic)
    reader.sign_in(made["key"])
    assert reader.page.locator("nav a").all_text_contents() == ["Personas"]
    main = reader.open("/personas")
    expect(main.locator("tbody tr").first).to_be_visible()
    main = reader.open(f"/personas/{SLUG}")
    assert main.locator("nav.tabs a").all_text_contents() == ["Versions", "Rules & facts", "About"]
    expect(main.get_by_role("button", name="New version")).to_have_count(0)
    assert reader.complaints == []
    reader.context.close()


def test_a_wrong_key_is_refused_and_none_is_kept(browser: Any, traffic: Traffic) -> None:
    reader = Reader(browser, traffic)
    reader.page.goto(f"{reader.root}/")
    reader.page.get_by_label("Key").fill("pk_live_" + "0" * 40)
    reader.page.keyboard.press("Enter")
    expect(reader.page.get_by_role("alert")).to_contain_text("key")
    assert reader.page.evaluate("sessionStorage.length") == 0
    reader.page.get_by_label("Key").fill(traffic.gateway.key)
    reader.page.keyboard.press("Enter")
    expect(reader.page.locator("main h1")).to_have_text("Overview")
    reader.page.get_by_role("button", name="Sign out").click()
    expect(reader.page.get_by_label("Key")).to_be_visible()
    assert reader.page.evaluate("sessionStorage.length") == 0
    reader.context.close()
