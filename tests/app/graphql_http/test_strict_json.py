"""JSON that parsers disagree on."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.graphql_http.errors import BadRequest
from app.graphql_http.strict_json import MAX_DEPTH, parse

REFUSED = {
    "nothing": b"",
    "NaN": b'{"a":NaN}',
    "Infinity": b'{"a":-Infinity}',
    "a number beyond doubles": b'{"a":1e400}',
    "100,000 digits": b'{"a":' + b"9" * 100_000 + b"}",
    "5,000 digits": b'{"a":' + b"9" * 5_000 + b"}",
    "a key twice": b'{"query":"{a}","query":"{b}"}',
    "a key twice, written differently": b'{"a":1,"\\u0061":2}',
    "a key twice, deeper": b'{"a":[{"b":1,"b":1}]}',
    "half a surrogate pair": b'{"a":"\\ud800"}',
    "the other half": b'{"a":"\\udc00"}',
    "a pair the wrong way round": b'{"a":"\\udc00\\ud800"}',
    "half a surrogate pair as a key": b'{"\\ud800":1}',
    "a surrogate in UTF-8": b'{"a":"\xed\xa0\x80"}',
    "no UTF-8": b'{"a":"\xff"}',
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "UTF-16 without a mark": '{"a":1}'.encode("utf-16-le"),
    "UTF-32": '{"a":1}'.encode("utf-32"),
    "a byte order mark": b'\xef\xbb\xbf{"a":1}',
    "NUL": b'{"a":"x\\u0000"}',
    "NUL in a key": b'{"a\\u0000":1}',
    "NUL, deeper": b'{"a":[[{"b":"\\u0000"}]]}',
    "a raw NUL": b'{"a":"\x00"}',
    "a raw line end in a text": b'{"a":"\n"}',
    "something after the end": b'{"a":1}{}',
    "a comma too many": b'{"a":1,}',
    "a comment": b'{"a":1/**/}',
    "single quotes": b"{'a':1}",
    "a leading zero": b'{"a":01}',
    "a bare word": b'{"a":undefined}',
    "100,000 levels": b"[" * 100_000,
    "100,000 closed levels": b"[" * 100_000 + b"]" * 100_000,
    "1,000 levels": b"[" * 1_000 + b"]" * 1_000,
    "one level too many": b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1),
    "one level of objects too many": b'{"a":' * (MAX_DEPTH + 1) + b"1" + b"}" * (MAX_DEPTH + 1),
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_refused(text: bytes) -> None:
    with pytest.raises(BadRequest) as refused:
        parse(text)
    assert len(refused.value.message) < 120


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b' {"a": 1}\r\n', {"a": 1}),
        (b'{"a":"\\ud83d\\ude00"}', {"a": "😀"}),
        ('{"a":"ação"}'.encode(), {"a": "ação"}),
        (b'{"a":"\\\\u0000"}', {"a": "\\u0000"}),
        (b'{"a":[{"b":1},{"b":2}]}', {"a": [{"b": 1}, {"b": 2}]}),
        (b'{"a":9007199254740993}', {"a": 9007199254740993}),
        (b'{"a":123456789012345678901234567890}', {"a": 123456789012345678901234567890}),
        (b"[" * MAX_DEPTH + b"1" + b"]" * MAX_DEPTH, ...),
        (b"[" + b"[]," * 1_000 + b"[]]", ...),
    ],
)
def test_taken_as_it_is(text: bytes, value: object) -> None:
    parsed = parse(text)
    if value is not ...:
        assert parsed == value


values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda parts: (
        st.lists(parts) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), parts)
    ),
    max_leaves=20,
)


@given(values)
def test_whatever_a_client_can_mean_arrives_as_it_was(value: Any) -> None:
    text = json.dumps(value)
    if "\\u0000" in text:
        return
    parsed = parse(text.encode())
    assert parsed == value
    assert json.dumps(parsed) == text
