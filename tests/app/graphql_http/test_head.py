"""Heads: what is read of them, and which are kept."""

import time

import pytest

from app.exchange import NOTES
from app.graphql_http import head
from app.graphql_http.head import Heads

USUAL = [(b"host", b"x"), (b"content-type", b"application/json"), (b"authorization", b"Bearer a.b.c")]


def test_a_head_that_comes_again_is_read_once_whatever_else_is_in_it() -> None:
    heads = Heads()
    assert heads.read([*USUAL, (b"x-request-id", b"1")]) is heads.read([*USUAL, (b"traceparent", b"2")])


@pytest.mark.parametrize(
    "other",
    [
        (b"accept", b"text/html"),
        (b"authorization", b"Bearer a.b.d"),
        (b"content-encoding", b"gzip"),
        (b"content-length", b"7"),
        (b"content-type", b"application/json"),
        (b"graphql-cost", b"report"),
        (b"graphql-explain", b"report"),
    ],
)
def test_one_that_differs_in_what_matters_is_another(other: tuple[bytes, bytes]) -> None:
    heads = Heads()
    assert heads.read([*USUAL, other]) is not heads.read(USUAL)


def test_of_heads_that_share_their_notes_one_is_read() -> None:
    heads = Heads()
    notes: dict[object, head.Head] = {}
    first = heads.of({"headers": USUAL, NOTES: notes})
    assert heads.of({"headers": [*USUAL], NOTES: notes}) is first
    assert heads.of({"headers": USUAL, NOTES: {}}) is not first
    assert Heads().of({"headers": USUAL, NOTES: notes}) is not first


@pytest.mark.parametrize(
    ("length", "announced"), [(b"7", 7), (b"0", 0), (b"-1", None), (b"x", None), (b"1" * 16, None), (None, None)]
)
def test_how_much_is_announced(length: bytes | None, announced: int | None) -> None:
    headers = [*USUAL, *([] if length is None else [(b"content-length", length)])]
    assert Heads().read(headers).announced == announced


def test_no_more_are_kept_than_have_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(head, "_MOST_KEPT", 10)
    heads = Heads()
    for number in range(25):
        heads.read([(b"content-length", b"%d" % number)])
    assert len(heads._kept) <= 10


def test_none_is_kept_for_longer_than_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.monotonic()
    monkeypatch.setattr(head, "monotonic", lambda: now)
    heads = Heads()
    first = heads.read(USUAL)
    now += 59
    assert heads.read(USUAL) is first
    now += 2
    heads.read([(b"accept", b"*/*")])
    assert len(heads._kept) == 1


def test_large_ones_are_not_kept() -> None:
    heads = Heads()
    large = [(b"authorization", b"Bearer " + b"x" * 5000)]
    assert heads.read(large) is not heads.read(large)


@pytest.mark.parametrize(
    ("changed", "is_usual"),
    [
        ((b"content-type", b"application/json"), True),
        ((b"content-type", b"application/json; charset=utf-8"), True),
        ((b"content-type", b"text/plain"), False),
        ((b"content-type", b"application/json; charset=latin-1"), False),
    ],
)
def test_which_bodies_need_no_further_look(changed: tuple[bytes, bytes], *, is_usual: bool) -> None:
    assert Heads().read([changed]).is_usual is is_usual
    for special in ((b"content-encoding", b"gzip"), (b"graphql-cost", b"report"), (b"graphql-explain", b"report")):
        assert not Heads().read([changed, special]).is_usual


@pytest.mark.parametrize(
    "lines", [[], [b"bearer a"], [b"Basic a"], [b"Bearer a", b"Bearer a"]], ids=["none", "lower case", "basic", "two"]
)
def test_only_a_token_written_as_most_are_is_known_again(lines: list[bytes]) -> None:
    assert Heads().read([(b"authorization", line) for line in lines]).bearer is None
