"""Keys of a record that are not ours: kept as they are, without secrets and within bounds.

They come back in files and exports beside our own keys. Must not enter: any meaning of them.
"""

from collections.abc import Mapping
from decimal import Context, Decimal, Inexact
from typing import Any

from proxypal.records.masking import mask_inside
from proxypal.records.request_fields import FIELDS
from proxypal.records.tolerant_json import Refused, kind_of, printable

MAX_EXTRAS_CHARS = 16_384
"""Most text, keys and values together, that unknown keys of one record may hold."""

_MAX_EXPONENT = 300
_HUNDRED_DIGITS = Context(prec=100, traps=[Inexact])


def clean_extras(extras: Mapping[str, Any]) -> dict[str, Any] | None:
    """A request's `extras` as plain JSON values with secrets masked; None if there are none.

    Raises:
        Refused: it cannot be kept: too large, too deep, no JSON, or a key is one of ours.
    """
    if not isinstance(extras, Mapping):
        raise Refused(f"extras: expected an object, got {kind_of(extras)}")
    if clash := FIELDS.keys() & extras.keys():
        raise Refused(f"extras: {min(clash)} is a field of its own")
    if isinstance(extras.get("extras"), Mapping):
        raise Refused("extras: an object of that name cannot stand inside")
    return clean_unknown(extras) or None


def clean_unknown(extras: Mapping[str, Any]) -> dict[str, Any]:
    """Unknown keys of any object as plain JSON values with secrets masked.

    Raises:
        Refused: too large, too deep, or no JSON.
    """
    try:
        plain, _ = _plain(extras, MAX_EXTRAS_CHARS)
        cleaned: dict[str, Any] = mask_inside(plain)
    except RecursionError:
        raise Refused("unknown keys: nested too deeply") from None
    except Refused as error:
        raise Refused(f"unknown keys: {error}") from None
    return cleaned


def _plain(value: Any, room: int) -> tuple[Any, int]:  # noqa: ANN401 - a JSON value is any of seven types
    """The value in JSON's own types, and how many characters of the allowance are left."""
    room -= 1
    if isinstance(value, str):
        room -= len(value)
        value = printable(value) if room >= 0 else ""
    elif isinstance(value, Mapping):
        value, room = _plain_object(value, room)
    elif isinstance(value, list | tuple):
        items = []
        for item in value:
            kept, room = _plain(item, room)
            items.append(kept)
        value = items
    elif value is not None and not isinstance(value, bool):
        value = _plain_number(value)
    if room < 0:
        raise Refused(f"larger than {MAX_EXTRAS_CHARS} characters")
    return value, room


def _plain_object(value: Mapping[Any, Any], room: int) -> tuple[dict[str, Any], int]:
    items = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise Refused(f"a key must be text, not {kind_of(key)}")
        kept, room = _plain(item, room - len(key))
        items[printable(key)] = kept
    return items, room


def _plain_number(value: object) -> int | Decimal:
    if isinstance(value, int) and value.bit_length() <= 1024:
        return int(value)
    if isinstance(value, float):
        value = Decimal(str(value))
    if not isinstance(value, Decimal):
        raise Refused(f"{kind_of(value)} that JSON cannot hold")
    # Many readers refuse a number beyond a double's range, and with it the whole file.
    if not value.is_finite() or abs(value.adjusted()) > _MAX_EXPONENT:
        raise Refused("a number that few JSON readers can hold")
    try:
        return _HUNDRED_DIGITS.plus(value)
    except Inexact:
        raise Refused("a number of more than 100 digits") from None
