"""JSON as it is found in the wild: broken UTF-8, lone surrogates, byte order marks, NaN.

Numbers with a fraction come out as `Decimal`, so that money keeps every digit. Must not enter:
what the decoded values mean.
"""

import json
from decimal import Decimal
from typing import Any

import msgspec


class Refused(ValueError):
    """A value that cannot be kept; the message is the reason, for a person to read."""


def _number(text: str) -> Decimal | float:
    try:
        return Decimal(text)
    except ArithmeticError:
        return float(text)


_DECODER: msgspec.json.Decoder[Any] = msgspec.json.Decoder(float_hook=_number)


def read_json(data: bytes) -> Any:  # noqa: ANN401 - a JSON value is any of seven types
    """The value `data` holds. Bytes that are not UTF-8 become U+FFFD.

    Raises:
        Refused: not JSON; the message is a reason to show.
    """
    try:
        return _DECODER.decode(data)
    except RecursionError:
        raise Refused("it is nested too deeply") from None
    except (msgspec.DecodeError, ValueError):
        return _read_slowly(data)


def _read_slowly(data: bytes) -> Any:  # noqa: ANN401 - see read_json
    if not data.strip(b"\0 \t\r\n"):
        raise Refused("it is empty" if not data.strip() else "it holds only zero bytes")
    # The standard library's parser takes what msgspec refuses: surrogate escapes and NaN.
    text = data.decode("utf-8-sig", "replace")
    try:
        return json.loads(text, strict=False, parse_float=_number)
    except RecursionError:
        raise Refused("it is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise Refused(f"it is not JSON ({error})") from None
    except ValueError:
        # Python converts no text of more than 4,300 digits to an integer.
        raise Refused("it holds a number of thousands of digits") from None


_KINDS = (
    (bool, "true or false"),
    (int, "a whole number"),
    (float | Decimal, "a number"),
    (str, "text"),
    (list | tuple, "a list"),
    (dict, "an object"),
    (type(None), "null"),
)


def kind_of(value: object) -> str:
    """What a JSON value is, in words for a person; never the value itself."""
    for kind, words in _KINDS:
        if isinstance(value, kind):
            return words
    return f"a Python {type(value).__name__}"


def printable(text: str) -> str:
    """`text` with halves of surrogate pairs, which no file can hold, as U+FFFD."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
