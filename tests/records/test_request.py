"""One request: the seed's names in the file, nothing lost on the way there and back."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import money, requests
from proxypal.records.request import (
    MAX_INTEGER,
    MAX_LABEL_CHARS,
    RequestLog,
    decode_request,
    encode_request,
    request_from_tree,
    shorten,
)

SEED_HISTORY = Path(__file__).parents[1] / "data" / "seed" / "history.json"

SEED_FIELDS = [
    "id",
    "timestamp",
    "provider",
    "model",
    "method",
    "path",
    "status",
    "durationMs",
    "tokensIn",
    "tokensOut",
]


def test_the_seeds_request_comes_back_as_it_was() -> None:
    """The design's sample row is read and written again, same keys, same order, same values."""
    (row,) = json.loads(SEED_HISTORY.read_text())["requests"]
    assert list(row) == SEED_FIELDS
    written = json.loads(encode_request(decode_request(json.dumps(row).encode())))
    assert list(written.items()) == list(row.items())


def test_the_seeds_ten_fields_always_stand_in_a_row() -> None:
    """A request of which only the status is known still has every field the original app reads."""
    row = json.loads(encode_request(RequestLog(status=200)))
    assert list(row) == SEED_FIELDS
    assert row["tokensIn"] is None
    assert row["tokensOut"] is None
    assert row["method"] == "POST"


def test_what_is_not_known_takes_no_room() -> None:
    """An optional field stands in the file only when it says something."""
    row = json.loads(encode_request(RequestLog(status=200, ttft_ms=0, account="a…@x", failed=True)))
    assert row.keys() - SEED_FIELDS == {"ttftMs", "account", "failed"}


@given(requests())
def test_a_request_survives_the_file(request: RequestLog) -> None:
    """Whatever a request holds, reading what was written gives the same request."""
    assert decode_request(encode_request(request)) == request


@given(requests(), money())
def test_a_cost_keeps_every_digit(request: RequestLog, cost: Decimal) -> None:
    """A cost of thirty decimal places is written as a JSON number and read back to the last."""
    body = encode_request(msgspec.structs.replace(request, cost_usd=cost))
    written = json.loads(body, parse_float=Decimal)["costUsd"]
    assert Decimal(written) == cost
    assert decode_request(body).cost_usd == cost


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=5,
)
unknown_keys = st.dictionaries(
    st.text(min_size=1, max_size=8).map(lambda key: f"x{key}"), json_values, min_size=1, max_size=4
)


@given(requests(), unknown_keys)
def test_unknown_keys_are_preserved(request: RequestLog, unknown: dict[str, Any]) -> None:
    """What a later version or another program added to a row is still there after a round trip."""
    body = json.dumps({**json.loads(encode_request(request)), **unknown}).encode()
    read = decode_request(body)
    assert read.extras == unknown
    assert json.loads(encode_request(read)) == json.loads(body)


def test_unknown_keys_stand_beside_known_ones() -> None:
    """An unknown key comes back at the top of the row, not inside a field of ours."""
    read = decode_request(b'{"status":200,"serviceTier":"flex","price":0.10}')
    assert read.extras == {"serviceTier": "flex", "price": Decimal("0.10")}
    row = json.loads(encode_request(read), parse_float=str)
    assert row["serviceTier"] == "flex"
    assert row["price"] == "0.10"
    assert "extras" not in row


def test_a_request_is_read_from_decoded_json() -> None:
    """A row of a file that was decoded as a whole is the same request."""
    tree = {"status": 429, "model": "gpt-5", "note": 1}
    assert request_from_tree(tree) == decode_request(json.dumps(tree).encode())


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ({}, "status"),
        ({"status": 1000}, "status"),
        ({"status": "200"}, "status"),
        ({"status": 200, "tokensIn": -1}, "tokensIn"),
        ({"status": 200, "tokensIn": MAX_INTEGER + 1}, "tokensIn"),
        ({"status": 200, "durationMs": 1.5}, "durationMs"),
        ({"status": 200, "model": None}, "model"),
        ({"status": 200, "costUsd": True}, "costUsd"),
    ],
)
def test_a_wrong_field_is_named(row: dict[str, Any], named: str) -> None:
    """A row that cannot be read says which field is to blame."""
    with pytest.raises(msgspec.ValidationError, match=named):
        decode_request(json.dumps(row).encode())


def test_what_is_not_json_is_no_request() -> None:
    """Half a row is an error and never half a request."""
    with pytest.raises(msgspec.DecodeError):
        decode_request(b'{"status": 20')


@pytest.mark.parametrize(
    ("status", "failed", "is_success"),
    [
        (0, False, False),
        (99, False, False),
        (100, False, True),
        (200, False, True),
        (304, False, True),
        (399, False, True),
        (400, False, False),
        (499, False, False),
        (599, False, False),
        (999, False, False),
        (200, True, False),
    ],
)
def test_success_is_below_400_and_not_failed_upstream(
    status: int, failed: bool, is_success: bool
) -> None:
    """Success is the design's `< 400`, without the status 0 of a request that got no answer."""
    assert RequestLog(status=status, failed=failed).is_success is is_success


@given(st.text(max_size=MAX_LABEL_CHARS * 2))
def test_a_long_name_ends_with_an_ellipsis(text: str) -> None:
    """A name within the limit stays as it is; a longer one is cut and shows that it was."""
    cut = shorten(text)
    assert len(cut) <= MAX_LABEL_CHARS
    if len(text) > MAX_LABEL_CHARS:
        assert cut == text[: len(cut) - 1] + "…"
    else:
        assert cut == text
