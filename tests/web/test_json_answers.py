"""JSON out and in."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from starlette.requests import Request

from proxypal.errors import WrongUsage
from proxypal.web.endpoints import Call
from proxypal.web.json_answers import json_answer, media_type_of, read_body


class Coin(msgspec.Struct, forbid_unknown_fields=True):
    """A coin."""

    value: int


def a_call(body: bytes = b"", content_type: str | None = None) -> Call:
    """A call with this body and type."""
    nobody: Any = None
    headers = [] if content_type is None else [(b"content-type", content_type.encode())]
    return Call(nobody, Request({"type": "http", "headers": headers}), body)


def test_money_stays_exact() -> None:
    """An amount is written as the number it is, with every digit."""
    got = json_answer({"costUsd": Decimal("0.12345678901234567890123")}, 202)
    assert (got.status_code, got.body) == (202, b'{"costUsd":0.12345678901234567890123}')
    assert got.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("application/json", "application/json"),
        ("Application/JSON ; charset=utf-8", "application/json"),
        ("", ""),
        (None, ""),
    ],
)
def test_media_types_are_compared_bare(said: str | None, kind: str) -> None:
    """Capitals and parameters of a media type do not matter."""
    assert media_type_of(a_call(content_type=said)) == kind


def test_a_body_is_read_as_its_type() -> None:
    """What fits is the value."""
    assert read_body(a_call(b' {"value": 7}'), Coin) == Coin(7)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "truncated"),
        (b"[1]", "got `array`"),
        (b'{"value":"7"}', "got `str`"),
        (b'{"value":7,"vlue":8}', "unknown field `vlue`"),
        (b'{"value":NaN}', "malformed"),
        (b'{"value":' + b"[" * 100_000, "got `array`"),
        (b'{"\xff":7}', "UTF-8"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(body: bytes, said: str) -> None:
    """What is no JSON or of another type is wrong usage, whatever the bytes."""
    with pytest.raises(WrongUsage) as caught:
        read_body(a_call(body), Coin)
    sentence = str(caught.value)
    assert sentence.startswith("The body is not what this call takes: ")
    assert said.lower() in sentence.lower()
