"""Single values of other programs' records, which go by several names and may be missing.

A name that is missing or null counts as not told. Must not enter: which program uses which names.
"""

import re
from collections.abc import Mapping
from typing import Any

from proxypal.records.attempt import Tokens
from proxypal.records.labels import Offset
from proxypal.records.request import MAX_INTEGER
from proxypal.records.request_fields import read_count
from proxypal.records.rfc3339 import unix_ms
from proxypal.records.text_cleaning import clean_label
from proxypal.records.tolerant_json import Refused, kind_of, printable
from proxypal.records.wall_clock import moments_of

Tree = Mapping[str, Any]

MAX_DURATION_MS = 366 * 86_400_000
"""No attempt took longer than a year; more is a mistake."""

_FIRST_MS = 946_684_800_000  # 2000-01-01
_END_MS = 32_503_680_000_000  # 3000-01-01
_WALL_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,32})?", re.ASCII)


def tree_of(value: object) -> dict[str, Any]:
    """`value`, if it is a JSON object.

    Raises:
        Refused: anything else.
    """
    if not isinstance(value, dict):
        raise Refused(f"expected a JSON object, got {kind_of(value)}")
    return value


def object_in(tree: Tree, name: str) -> dict[str, Any]:
    """The object under `name`, empty if not told.

    Raises:
        Refused: it is no object; the message names it.
    """
    found = tree.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise Refused(f"{name}: expected an object, got {kind_of(found)}")
    return found


def first(tree: Tree, *names: str) -> Any:  # noqa: ANN401 - a JSON value is any of seven types
    """The value under the first of `names` that is there and not null."""
    for name in names:
        value = tree.get(name)
        if value is not None:
            return value
    return None


def count_in(tree: Tree, *names: str, most: int = MAX_INTEGER) -> int:
    """The whole number under the first of `names` that is told, else 0.

    Raises:
        Refused: it is no whole number from 0 to `most`; the message names it.
    """
    value = first(tree, *names)
    if value is None:
        return 0
    try:
        return read_count(value, most)
    except Refused as error:
        raise Refused(f"{names[0]}: {error}") from None


def text_in(tree: Tree, *names: str) -> str:
    """The text under the first of `names` that is told, trimmed; else empty.

    Raises:
        Refused: it is no text; the message names it.
    """
    value = first(tree, *names)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Refused(f"{names[0]}: expected text, got {kind_of(value)}")
    return printable(value).strip()


def flag_in(tree: Tree, *names: str) -> bool:
    """Whether the first of `names` that is told is true (or 1, as SQLite has it).

    Raises:
        Refused: it is neither; the message names it.
    """
    value = first(tree, *names)
    if value is None or (isinstance(value, int) and value in {0, 1}):
        return bool(value)
    raise Refused(f"{names[0]}: expected true or false, got {kind_of(value)}")


def label(text: str) -> str:
    """`text` as a name that may be kept: printable, not too long, no key and no address."""
    return clean_label(text.strip())


def moment_ms(value: object, offset: Offset | None = None) -> int:
    """Unix milliseconds, cut not rounded, of RFC 3339 text or of a number of s, ms, us or ns.

    Text without a zone is read with `offset`.

    Raises:
        Refused: no such time, one without a zone, or one before the year 2000 (a zero).
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return _checked(_in_milliseconds(value))
    if not isinstance(value, str):
        raise Refused(f"expected a time, got {kind_of(value)}")
    text = value.strip()
    found_ms = unix_ms(text)
    if found_ms is None and _WALL_TIME.fullmatch(text):
        found_ms = unix_ms(f"{text}Z")
        if found_ms is not None and offset is None:
            raise Refused("its time has no zone")
        if found_ms is not None and offset is not None:
            wall_s, within_ms = divmod(found_ms, 1000)
            found_ms = moments_of(wall_s, offset)[0] * 1000 + within_ms
    if found_ms is None:
        raise Refused("it has no time that can be read")
    return _checked(found_ms)


def _in_milliseconds(number: int) -> int:
    # 10^11 s are the year 5138; 10^11 ms are 1973.
    for size, factor in ((10**11, 1000), (10**14, 1)):
        if number < size:
            return number * factor
    return number // (1000 if number < 10**17 else 1_000_000)


def _checked(milliseconds: int) -> int:
    if not _FIRST_MS <= milliseconds < _END_MS:
        raise Refused("its time is not from 2000 to 2999")
    return milliseconds


def checked_tokens(tokens: Tokens) -> Tokens:
    """`tokens`, if their sums can be kept.

    Raises:
        Refused: more than 2^53 - 1 of them.
    """
    if tokens.input > MAX_INTEGER or tokens.output > MAX_INTEGER:
        raise Refused("its tokens add up to more than 2^53 - 1")
    return tokens
