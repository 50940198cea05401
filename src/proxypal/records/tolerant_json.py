"""JSON as it is found in the wild: broken UTF-8, lone surrogates, byte order marks, NaN.

Numbers with a fraction come out as `Decimal`, so that money keeps every digit. Must not enter:
what the decoded values mean.
"""

import json
from decimal import Decimal
from typing import Any

import msgspec


def _number(text: str) -> Decimal | float:
    try:
        return Decimal(text)
    except ArithmeticError:
        return float(text)


_DECODER: msgspec.json.Decoder[Any] = msgspec.json.Decoder(float_hook=_number)


def read_json(data: bytes) -> Any:  # noqa: ANN401 - a JSON value is any of seven types
    """The value `data` holds. Bytes that are not UTF-8 become U+FFFD.

    Raises:
        ValueError: not JSON; the message is a reason to show.
    """
    try:
        return _DECODER.decode(data)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except (msgspec.DecodeError, ValueError):
        return _read_slowly(data)


def _read_slowly(data: bytes) -> Any:  # noqa: ANN401 - see read_json
    if not data.strip(b"\0 \t\r\n"):
        raise ValueError("it is empty" if not data.strip() else "it holds only zero bytes")
    # The standard library's parser takes what msgspec refuses: surrogate escapes and NaN.
    text = data.decode("utf-8-sig", "replace")
    try:
        return json.loads(text, strict=False, parse_float=_number)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not JSON ({error})") from None
    except ValueError:
        # Python converts no text of more than 4,300 digits to an integer.
        raise ValueError("it holds a number of thousands of digits") from None


def kind_of(value: object) -> str:
    """What a JSON value is, in words for a person; never the value itself."""
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int):
        return "a whole number"
    if isinstance(value, float | Decimal):
        return "a number"
    if isinstance(value, str):
        return "text"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, dict):
        return "an object"
    return "null" if value is None else f"a Python {type(value).__name__}"
