"""Content negotiation by RFC 9110, 12.5.1."""

import time

import pytest

from app.graphql_http.errors import NotAcceptable
from app.graphql_http.negotiation import MediaType, prefers_page, response_type

GRAPHQL, JSON = MediaType.GRAPHQL, MediaType.JSON
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, JSON),
        ("", JSON),
        ("  ", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("application/json", JSON),
        ("APPLICATION/JSON", JSON),
        ("application/graphql-response+json", GRAPHQL),
        ("application/graphql-response+json, application/json", GRAPHQL),
        ("application/json, application/graphql-response+json", GRAPHQL),
        ("application/graphql-response+json; charset=utf-8, application/json; charset=utf-8", GRAPHQL),
        ('application/graphql-response+json; charset="UTF-8"', GRAPHQL),
        ("application/graphql-response+json;q=0.5, application/json", JSON),
        ("application/graphql-response+json;q=0.5, application/json;q=0.4", GRAPHQL),
        ("application/graphql-response+json;q=0, application/json", JSON),
        ("application/json;q=0, */*", GRAPHQL),
        ("application/json;q=0, application/*", GRAPHQL),
        ("application/graphql-response+json;q=0, */*", JSON),
        ("application/graphql-response+json;q=0.1, */*", JSON),
        ("text/html, */*;q=0.1", JSON),
        ("text/html, application/json;q=0.9, */*;q=0.8", JSON),
        ("application/json;charset=utf-16, application/graphql-response+json", GRAPHQL),
        ("multipart/mixed, application/graphql-response+json, application/json;q=0.9", GRAPHQL),
        (", ,application/json", JSON),
        (BROWSER, JSON),
    ],
)
def test_the_best_of_what_the_client_takes(accept: str | None, expected: MediaType) -> None:
    assert response_type(accept) is expected


@pytest.mark.parametrize(
    "accept",
    [
        "text/html",
        "text/*",
        "application/xml",
        "application/json;q=0",
        "*/*;q=0",
        "application/json;q=x",
        "application/json;q=2",
        "application/json;charset=utf-16",
        "*/json",
        "application",
        "application/graphql",
        "application/jsonp",
    ],
)
def test_a_client_that_takes_nothing_of_it(accept: str) -> None:
    with pytest.raises(NotAcceptable):
        response_type(accept)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (BROWSER, True),
        ("text/html", True),
        ("text/html;q=0.9, application/json;q=0.8", True),
        ("text/html, application/json", False),
        ("text/html;q=0.5, */*", False),
        ("text/*", False),
        ("*/*", False),
        (None, False),
        ("application/json", False),
    ],
)
def test_only_browsers_get_the_page(accept: str | None, expected: bool) -> None:
    assert prefers_page(accept) is expected


def test_of_a_header_without_end_the_beginning_is_read() -> None:
    begin = time.process_time()
    assert response_type(f"application/graphql-response+json{',a/b' * 15_000}") is GRAPHQL
    with pytest.raises(NotAcceptable):
        response_type("a/b," * 15_000 + "application/json")
    assert not prefers_page("a/b," * 15_000 + "text/html")
    assert time.process_time() - begin < 0.02
