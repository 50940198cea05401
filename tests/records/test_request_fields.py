from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxypal.records.request import MAX_INTEGER, RequestLog
from proxypal.records.request_fields import (
    FIELDS,
    flatten_extras,
    read_count,
    read_money,
    request_of,
)
from proxypal.records.tolerant_json import Refused


def test_every_field_has_a_reader() -> None:
    """A field added to the record is checked like the others."""
    names = {field.name for field in msgspec.structs.fields(RequestLog)} - {"extras"}
    assert {name for name, _ in FIELDS.values()} == names


@pytest.mark.parametrize("value", [5, 5.0, Decimal(5), Decimal("5.000"), Decimal("5e0")])
def test_a_whole_number_may_be_written_with_a_point(value: object) -> None:
    """5, 5.0 and 5e0 are the same count."""
    assert read_count(value) == 5


@pytest.mark.parametrize(
    "value", [True, -1, 1.5, "5", None, MAX_INTEGER + 1, Decimal("NaN"), Decimal("1e999999"), []]
)
def test_anything_else_is_no_count(value: object) -> None:
    """Half a request, minus one or a text are never rounded into a number."""
    with pytest.raises(Refused):
        read_count(value)


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        (0.1, "0.1"),
        ("0.10", "0.10"),
        (Decimal("1E+3"), "1000"),
        (Decimal("1E-30"), "1E-30"),
        (Decimal("-0"), "0"),
        (10**12, "1000000000000"),
        (Decimal("0." + "1" * 30 + "000"), "0." + "1" * 30),
    ],
)
def test_money_is_exact(value: object, amount: str) -> None:
    """Dollars keep every digit they were given, and are never written like 1E+3."""
    assert str(read_money(value)) == amount


@given(st.decimals(0, 10**12, allow_nan=False, places=30) | st.floats(1e-6, 1e12))
def test_money_of_any_size_keeps_its_value(value: Decimal | float) -> None:
    """What is accepted is worth exactly what was given."""
    assert read_money(value) == Decimal(str(value))


@pytest.mark.parametrize("value", [-1, "1e", "nan", "sNaN", float("inf"), 10**12 + 1, True, None])
def test_anything_else_is_no_money(value: object) -> None:
    """What is no amount between nothing and a trillion dollars is refused."""
    with pytest.raises(Refused):
        read_money(value)


def test_extras_are_flattened_once() -> None:
    """Keys under `extras` and unknown keys beside it are the same kind of keys."""
    tree: dict[str, Any] = {"status": 200, "extras": {"a": 1}, "b": 2}
    assert request_of(tree).extras == {"a": 1, "b": 2}
    assert flatten_extras({"extras": 5}) == {"extras": 5}
