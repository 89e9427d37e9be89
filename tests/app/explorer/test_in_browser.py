"""The explorer as a person meets it, in a real browser against a running gateway."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import jwt
import pytest
import uvicorn
from playwright.async_api import Locator, Page, expect
from starlette.applications import Starlette
from starlette.routing import Route

from app.explorer import explorer_page, explorer_routes

if TYPE_CHECKING:
    from tests.app.explorer.conftest import Visit

FOREIGN_KEY = "a key that the gateway never had, long enough"


def editor(page: Page) -> Locator:
    return page.get_by_label("Operation Editor").locator(".monaco-editor").first


async def open_signed_in(visit: Visit, gateway_url: str, role: str) -> Page:
    await visit.page.goto(f"{gateway_url}/graphql")
    await visit.page.get_by_role("button", name=role).click()
    await expect(editor(visit.page)).to_be_visible()
    return visit.page


async def paste(page: Page, token: str) -> None:
    await page.get_by_label("Paste a token").fill(token)
    await page.get_by_role("button", name="Sign in").click()


async def complete(page: Page, beginning: str, choice: str) -> None:
    """Type the beginning of a name and take a suggestion of the editor."""
    await page.keyboard.type(beginning, delay=30)
    suggestion = page.locator(".suggest-widget .monaco-list-row", has_text=choice).first
    await expect(suggestion).to_be_visible()
    await suggestion.click()


async def test_a_person_signs_in_completes_a_field_runs_a_query_and_reads_the_result(
    visit: Visit, gateway_url: str
) -> None:
    page = await open_signed_in(visit, gateway_url, "admin")
    await expect(page.get_by_text("Asks for more than this role may see")).to_have_count(0)

    await editor(page).click()
    await page.keyboard.press("Control+A")
    await page.keyboard.type("query Completed { ")
    await complete(page, "produ", "products")
    await page.keyboard.type("(first: 2) { nodes { ")
    await complete(page, "sk", "sku")
    await expect(page.get_by_role("tab", name="Completed")).to_be_visible()
    async with page.expect_response(lambda response: "Completed" in (response.request.post_data or "")) as answer:
        await page.get_by_role("button", name="Execute query").click()
    result = await (await answer.value).json()

    sku = result["data"]["products"]["nodes"][0]["sku"]
    await expect(page.locator(".result-window")).to_contain_text(f'"{sku}"')
    assert visit.hosts() == {urlsplit(gateway_url).netloc}
    assert visit.complaints == []


async def test_before_signing_in_nothing_is_asked_of_the_gateway(visit: Visit, gateway_url: str) -> None:
    await visit.page.goto(f"{gateway_url}/graphql")
    await expect(visit.page.get_by_role("heading", name="Sign in to explore")).to_be_visible()
    await expect(visit.page.get_by_role("button", name="admin")).to_be_visible()
    assert await visit.page.title() == "Cienty gateway"
    assert visit.operations() == []
    assert visit.complaints == []


async def test_the_token_is_kept_in_this_tab_only(
    visit: Visit, gateway_url: str, demo_token: Callable[[str], str]
) -> None:
    token = demo_token("sales")
    await visit.page.goto(f"{gateway_url}/graphql")
    await paste(visit.page, f"Bearer {token}\n")
    await expect(editor(visit.page)).to_be_visible()
    await expect(visit.page.locator(".bearer")).to_contain_text("sales")

    await visit.page.reload()
    await expect(editor(visit.page)).to_be_visible()
    assert token not in visit.page.url
    assert token not in await visit.page.evaluate("JSON.stringify(localStorage)")

    await visit.page.get_by_role("button", name="Sign out").click()
    await expect(visit.page.get_by_role("heading", name="Sign in to explore")).to_be_visible()
    assert token not in await visit.page.evaluate("JSON.stringify(sessionStorage)")


async def test_documents_and_headers_do_not_outlive_the_tab(visit: Visit, gateway_url: str) -> None:
    page = await open_signed_in(visit, gateway_url, "admin")
    await page.get_by_role("button", name="Headers").click()
    await page.get_by_label("Headers").locator(".monaco-editor").last.click()
    await page.keyboard.insert_text('{"GraphQL-Secret": "noted"}')
    async with page.expect_response("**/graphql"):
        await page.get_by_role("button", name="Execute query").click()
    await page.wait_for_timeout(1000)  # GraphiQL stores with a delay

    kept = await page.evaluate("JSON.stringify(localStorage)")
    assert "noted" not in kept
    assert "products" not in kept
    assert "products" in await page.evaluate("JSON.stringify(sessionStorage)")


async def test_another_role_gets_its_own_schema(visit: Visit, gateway_url: str) -> None:
    page = await open_signed_in(visit, gateway_url, "admin")
    async with page.expect_request(lambda request: "IntrospectionQuery" in (request.post_data or "")) as introspection:
        await page.get_by_label("Demo role").select_option("customer")
    token = (await (await introspection.value).all_headers())["authorization"].removeprefix("Bearer ")
    assert "customer" in json.dumps(jwt.decode(token, options={"verify_signature": False}))
    await expect(page.locator(".bearer")).to_contain_text("customer")


async def test_an_example_opens_in_a_tab_of_its_own(visit: Visit, gateway_url: str) -> None:
    page = await open_signed_in(visit, gateway_url, "admin")
    await page.get_by_role("button", name="Orders on their way").click()
    await expect(page.get_by_role("tab", name="ShippedOrders")).to_be_visible()
    await expect(page.get_by_role("tab", name="Catalogue")).to_be_visible()
    await expect(editor(page)).to_contain_text("SHIPPED")


async def test_a_token_that_the_gateway_refuses_leads_back_to_signing_in(visit: Visit, gateway_url: str) -> None:
    await visit.page.goto(f"{gateway_url}/graphql")
    await paste(visit.page, jwt.encode({"sub": "stranger", "roles": ["admin"]}, FOREIGN_KEY, algorithm="HS256"))
    await expect(visit.page.get_by_role("alert")).to_contain_text("The gateway refused this token")
    await expect(visit.page.get_by_role("heading", name="Sign in to explore")).to_be_visible()


@pytest.mark.parametrize(
    ("pasted", "reason"),
    [
        ("not a token", "three parts"),
        ("a.b.c", "can't be read"),
        (jwt.encode({"sub": "late", "exp": 1}, FOREIGN_KEY, algorithm="HS256"), "expired at"),
    ],
)
async def test_what_cannot_be_a_token_is_refused_on_the_spot(
    visit: Visit, gateway_url: str, pasted: str, reason: str
) -> None:
    await visit.page.goto(f"{gateway_url}/graphql")
    await paste(visit.page, pasted)
    await expect(visit.page.get_by_role("alert")).to_contain_text(reason)
    assert visit.operations() == []


@pytest.fixture
def gateway_without_demo_tokens(unused_tcp_port: int) -> Iterator[str]:
    app = Starlette(routes=[Route("/graphql", explorer_page), *explorer_routes(None)])
    server = uvicorn.Server(uvicorn.Config(app, port=unused_tcp_port, log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{unused_tcp_port}"
    server.should_exit = True
    thread.join()


async def test_in_production_a_token_can_only_be_pasted(visit: Visit, gateway_without_demo_tokens: str) -> None:
    async with visit.page.expect_response("**/demo-tokens") as answer:
        await visit.page.goto(f"{gateway_without_demo_tokens}/graphql")
    assert (await answer.value).status == 404
    await expect(visit.page.get_by_label("Paste a token")).to_be_visible()
    await expect(visit.page.get_by_text("Demo roles")).to_have_count(0)
