import contextlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxypal.records.tolerant_json import Refused, kind_of, printable, read_json


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b'{"a": 1.10}', {"a": Decimal("1.10")}),
        (b"\xef\xbb\xbf[1]", [1]),
        (b'"\\ud800"', "\ud800"),
        (b'"\xff"', "\ufffd"),
        (b'"a\0b"', "a\0b"),
        (b"[1e99999999999999999999]", [float("inf")]),
    ],
)
def test_json_of_the_wild_is_read(data: bytes, value: object) -> None:
    """Marks, broken bytes and odd numbers of other programs cost nothing but themselves."""
    assert read_json(data) == value


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "it is empty"),
        (b" \n", "it is empty"),
        (b"\0" * 512, "it holds only zero bytes"),
        (b'{"requests": [{"id"', "it is not JSON"),
        (b"[" * 100_000, "it is nested too deeply"),
        (b"\0[" * 3, "it is not JSON"),
        (b"9" * 5000, "it holds a number of thousands of digits"),
    ],
)
def test_damage_has_a_reason(data: bytes, reason: str) -> None:
    """A file that is no JSON says whether it is empty, zeroed, cut or foreign."""
    with pytest.raises(Refused, match=reason):
        read_json(data)


@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_any_bytes_are_a_value_or_refused(data: bytes) -> None:
    """No file can raise anything else."""
    with contextlib.suppress(Refused):
        read_json(data)


@given(st.text(alphabet=st.characters(codec=None)))
def test_printable_text_can_be_written(text: str) -> None:
    """After `printable`, text always fits into a file, and sound text is unchanged."""
    printable(text).encode()
    assert printable(printable(text)) == printable(text)
    assert printable("né\0") == "né\0"


def test_kinds_are_named_in_words() -> None:
    """Reasons speak of text and lists, not of Python types."""
    values: list[object] = [True, 1, 1.5, Decimal(1), "x", [], {}, None, b"x"]
    kinds = [kind_of(value) for value in values]
    assert kinds == [
        "true or false", "a whole number", "a number", "a number", "text", "a list",
        "an object", "null", "a Python bytes",
    ]  # fmt: skip
