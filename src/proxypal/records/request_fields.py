"""The fields of a request, one value at a time: what each may hold, and why one is refused.

`msgspec` checks clean requests in one go; this is for what it refuses although it is meant well
(`200.0`, `null`), for its errors in words, and for old files where one bad field costs no row.
"""

from collections.abc import Callable
from decimal import Decimal, Inexact
from typing import Any

import msgspec

from proxypal.records.counters import EXACT, plain_money
from proxypal.records.request import MAX_INTEGER, RequestLog
from proxypal.records.tolerant_json import Refused, kind_of

MAX_COST_USD = Decimal(10**12)
"""No request costs a trillion dollars; the bound keeps sums exact (see `counters.EXACT`)."""

_FINEST = Decimal("1e-30")


def read_text(value: object) -> str:
    """Text.

    Raises:
        Refused: anything else.
    """
    if not isinstance(value, str):
        raise Refused(f"expected text, got {kind_of(value)}")
    return str(value)


def read_count(value: object, most: int = MAX_INTEGER) -> int:
    """A whole number from 0 to `most`, also written as `5.0`.

    Raises:
        Refused: anything else.
    """
    number = value
    if isinstance(number, float):
        number = Decimal(number)
    # A finite number above the bound is out of range whether whole or not: converting
    # 1e999999 to an int would take minutes.
    if isinstance(number, Decimal) and number.is_finite() and 0 <= number <= most:
        whole = int(number)
        number = whole if whole == number else value
    if isinstance(number, bool) or not isinstance(number, int):
        raise Refused(f"expected a whole number from 0 to {most}, got {kind_of(value)}")
    if not 0 <= number <= most:
        raise Refused(f"expected a whole number from 0 to {most}, got one outside")
    return number


def read_status(value: object) -> int:
    """An HTTP status, 0-999.

    Raises:
        Refused: anything else.
    """
    return read_count(value, 999)


def read_flag(value: object) -> bool:
    """True or false.

    Raises:
        Refused: anything else.
    """
    if not isinstance(value, bool):
        raise Refused(f"expected true or false, got {kind_of(value)}")
    return value


def read_money(value: object) -> Decimal:
    """US dollars: finite, 0 to 10^12, at most 30 decimal places; exact, no exponent.

    Raises:
        Refused: anything else.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise Refused(f"expected an amount of dollars, got {kind_of(value)}")
    try:
        amount = value if isinstance(value, Decimal) else Decimal(str(value))
    except (ArithmeticError, ValueError):
        raise Refused("expected an amount of dollars, got text that is no number") from None
    if not amount.is_finite():
        raise Refused("expected an amount of dollars, got one that is not finite")
    if not 0 <= amount <= MAX_COST_USD:
        raise Refused("expected an amount of dollars from 0 to 10^12, got one outside")
    text = str(amount)
    if len(text) < 30 and text.replace(".", "0", 1).isdigit():
        return amount
    try:
        amount = amount.quantize(_FINEST, context=EXACT)
    except Inexact:
        raise Refused("expected at most 30 decimal places of a dollar, got more") from None
    return plain_money(amount)


Reader = Callable[[object], Any]

_READERS: dict[str, Reader] = {
    "status": read_status,
    "cost_usd": read_money,
    "failed": read_flag,
    **dict.fromkeys(
        (
            "timestamp",
            "duration_ms",
            "tokens_in",
            "tokens_out",
            "tokens_cached",
            "tokens_cache_write",
            "tokens_reasoning",
            "ttft_ms",
            "attempts",
            "timestamp_claimed",
        ),
        read_count,
    ),
}

FIELDS: dict[str, tuple[str, Reader]] = {
    field.encode_name: (field.name, _READERS.get(field.name, read_text))
    for field in msgspec.structs.fields(RequestLog)
    if field.name != "extras"
}
"""Name in the file -> (attribute of `RequestLog`, reader of its value)."""


def request_of(tree: dict[str, Any]) -> RequestLog:
    """A request from a decoded JSON object; keys that are not ours go to `extras`.

    A null counts as left out. An object under `extras` is more such keys.

    Raises:
        Refused: a field is missing or refused; the message names it.
    """
    values: dict[str, Any] = {}
    extras: dict[str, Any] = {}
    for key, value in tree.items():
        known = FIELDS.get(key)
        if known is None:
            extras[key] = value
        elif value is not None:
            try:
                values[known[0]] = known[1](value)
            except Refused as error:
                raise Refused(f"{key}: {error}") from None
    if "status" not in values:
        raise Refused("status: missing")
    extras = flatten_extras(extras)
    return RequestLog(**values, extras=extras or None)


def flatten_extras(extras: dict[str, Any]) -> dict[str, Any]:
    """Unknown keys, those of an object under `extras` among them."""
    inner = extras.get("extras")
    if not isinstance(inner, dict):
        return extras
    return {**inner, **{key: value for key, value in extras.items() if key != "extras"}}
