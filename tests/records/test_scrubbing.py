import json
import string
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxypal.records.scrubbing import MAX_PAYLOAD_BYTES, scrub
from usage_payloads import LABELS, SAMPLES

KEY = LABELS.api_key("local-client-key")


def kept(value: object) -> Any:
    """What is kept of a value, which is what the stored JSON says too."""
    tree, body = scrub(value, LABELS)
    assert json.loads(body) == tree
    return tree


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"response_headers": {"Set-Cookie": ["a=b"]}, "a": 1}, {"a": 1}),
        ({"fail": {"status_code": 502, "body": "said"}}, {"fail": {"status_code": 502}}),
        ({"messages": [{"role": "user"}], "prompt": "hi", "content": {"a": 1}}, {}),
        ({"client_ip": "10.0.0.1", "x_forwarded_for": "", "resolved_client_ip": "::1"}, {}),
        ({"input": "a question", "output": ["an answer"]}, {}),
        ({"input": {"total_tokens": 5, "system": "be nice"}}, {"input": {"total_tokens": 5}}),
        ({"api_key": "local-client-key"}, {"api_key": KEY}),
        ({"keys": [["local-client-key"], 5]}, {"keys": [[KEY], LABELS.api_key("5")]}),
        ({"credentials": {"model": "local-client-key"}}, {"credentials": {"model": KEY}}),
        (
            {"user_agent": "python-httpx/0.28", "n": 1.5},
            {"user_agent": "python-httpx/0.28", "n": 1.5},
        ),
        (
            {"tokens": {"input_tokens": 5, "x": "local-client-key"}},
            {"tokens": {"input_tokens": 5, "x": KEY}},
        ),
        (
            {"session_id": "s-1", "new": {"deep": [None, True]}},
            {"session_id": "s-1", "new": {"deep": [None, True]}},
        ),
        ([{"body": 1}, "local-client-key"], [{"body": 1}, KEY]),
    ],
)
def test_headers_and_bodies_go_and_keys_become_labels(value: object, expected: object) -> None:
    """What is kept of a record can be counted with, and tells nothing that was said."""
    assert kept(value) == expected


def test_a_client_key_as_the_name_of_a_field_is_a_label() -> None:
    """D48: totals by client key are kept without the keys."""
    value = {"apis": {"local-client-key": {"total_tokens": 5}, "plainkey": {"total_tokens": 1}}}
    assert kept(value) == {
        "apis": {KEY: {"total_tokens": 5}, LABELS.api_key("plainkey"): {"total_tokens": 1}}
    }
    assert kept({"by": {"local-client-key": 1}}) == {"by": {KEY: 1}}


def test_a_record_own_secret_is_found_wherever_it_stands() -> None:
    """A key in the words of an error, a client's name or a field's name is masked there too."""
    value = {
        "note": "failed for plainclientkey again",
        "plainclientkey": 1,
        "alias": "plainclientkey-model",
        "long": "x" * 250 + " plainclientkey" * 40,
        "api_key": "plainclientkey",
    }
    tree, body = scrub(value, LABELS)
    assert b"plainclient" not in body
    assert tree["note"] == f"failed for {LABELS.api_key('plainclientkey')} again"


def test_half_a_secret_at_the_end_of_a_long_text_is_none() -> None:
    """Where a text is cut, no readable beginning of the record's own key is left."""
    for length in range(230, 256):
        value = {"note": f"{'x' * length} plainclientkey", "api_key": "plainclientkey"}
        assert b"plain" not in scrub(value, LABELS)[1]


def test_what_was_scrubbed_stays_as_it_is() -> None:
    """A payload kept for a later version is the same after it was looked at again."""
    for sample in SAMPLES:
        tree, body = scrub(json.loads(sample), LABELS)
        assert scrub(tree, LABELS) == (tree, body)


def test_hostile_shapes_are_bounded() -> None:
    """Depth, number, length and size of what is kept do not grow with what is sent."""
    tower: Any = "bottom"
    for _ in range(5000):
        tower = {"a": [tower]}
    for value in (
        tower,
        {f"field_{n}": n for n in range(100_000)},
        list(range(100_000)),
        {"a": "x" * 10_000_000},
        {"x" * 1_000_000: 1, "api_key": "y" * 1_000_000},
        {"big": 10**4000, "small": -(10**30), "nan": float("nan"), "inf": float("-inf")},
        {"digits": Decimal("1" * 5000), "exponent": Decimal("1E+999999"), "none": Decimal("NaN")},
        {"surrogate": "\ud800", "\udfff": "\ud800@\udc00", "token": "\ud800" * 9},
        "é" * 10_000,
        {"a": {1, 2}, "b": b"bytes", "c": object()},
    ):
        _, body = scrub(value, LABELS)
        assert len(body) <= MAX_PAYLOAD_BYTES
        json.loads(body)


def test_of_a_large_record_the_known_fields_are_kept() -> None:
    """A record with much that is new in it can still be counted."""
    new = {f"new_{letter}": "word " * 60 for letter in string.ascii_lowercase}
    more = {f"list_{letter}": ["word " * 60] * 40 for letter in string.ascii_lowercase}
    record = json.loads(SAMPLES[2])
    tree, body = scrub({**more, **new, **record}, LABELS)
    assert len(body) <= MAX_PAYLOAD_BYTES
    known, _ = scrub(record, LABELS)
    lost = {name for name, value in known.items() if tree.get(name) != value}
    assert lost <= {"user_agent", "access_token_sha256"}
    assert tree.keys() & {*more, *new} != {*more, *new}


_letters = string.ascii_letters + string.digits
_secrets = st.one_of(
    st.text(_letters, min_size=20, max_size=48).map("sk-proj-{}".format),
    st.text(_letters, min_size=30, max_size=30).map("AIza{}".format),
    st.text("abcdef0123456789", min_size=28, max_size=64).map("a1{}".format),
    st.text(string.ascii_lowercase, min_size=8, max_size=12).map("{}@example.com".format),
)
_any_secrets = st.text(string.printable.strip(), min_size=9, max_size=60).map("Zq9{}".format)
_key_names = st.sampled_from(
    ["api_key", "source", "authorization", "cookie", "access_token", "auth_id", "secret", "email"]
)
_gone_names = st.sampled_from(["response_headers", "body", "prompt", "messages", "content"])
_plain_names = st.sampled_from(["note", "extra", "items", "by_day", "tokens", "fail", "stats"])


def _shapes(leaf: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    filler = st.one_of(st.integers(0, 9), st.text(max_size=5), st.none(), st.booleans())
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.lists(st.one_of(inner, filler), min_size=1, max_size=3),
            st.dictionaries(_plain_names, st.one_of(inner, filler), min_size=1, max_size=3),
        ),
        max_leaves=4,
    )


@settings(max_examples=60)
@given(st.data())
def test_no_secret_survives(data: st.DataObject) -> None:
    """Keys and addresses at any place of any shape are not in what is kept of it."""
    shaped = data.draw(_secrets)
    other = data.draw(_any_secrets)
    value = {
        "note": data.draw(_shapes(st.just(f"words {shaped} words"))),
        data.draw(_gone_names): data.draw(_shapes(st.just(other))),
        data.draw(_key_names): data.draw(_shapes(st.just(other))),
        "by_key": {shaped: 1, other: {"count": 2}},
        "nested": data.draw(_shapes(st.just({other: 1, "say": f"{other} said"}))),
    }
    tree, body = scrub(value, LABELS)
    text = f"{tree} {body.decode()} {json.loads(body)}"
    assert shaped not in text
    assert other not in text
    assert json.dumps(other)[1:-1] not in text
    assert len(body) <= MAX_PAYLOAD_BYTES


_json = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.decimals(), st.text(max_size=30)
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=20), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(_json)
def test_any_value_is_kept_as_json(value: object) -> None:
    """No value can make scrubbing fail, and what it leaves is JSON that can be read back."""
    tree, body = scrub(value, LABELS)
    json.loads(body)
    json.loads(scrub(tree, LABELS)[1])
