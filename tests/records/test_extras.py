from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxypal.records.extras import MAX_EXTRAS_CHARS, clean_extras, clean_unknown
from proxypal.records.request import RequestLog, decode_request, encode_request
from proxypal.records.tolerant_json import Refused

_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals()
    | st.text(max_size=10)
    | st.binary(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(st.dictionaries(st.text(max_size=8), _values, max_size=4))
def test_what_is_kept_survives_the_file(extras: dict[str, Any]) -> None:
    """Unknown keys are refused with a reason, or come back from the file as they were kept."""
    try:
        cleaned = clean_extras(extras)
    except Refused:
        return
    request = RequestLog(status=200, extras=cleaned)
    assert decode_request(encode_request(request)) == request
    assert cleaned is None or clean_extras(cleaned) == cleaned


def test_sound_values_are_unchanged() -> None:
    """Numbers keep every digit, structure stays."""
    extras = {"a": {"b": [1, Decimal("0.10"), None, True, "x"]}, "n": 2**80}
    assert clean_extras(extras) == extras


@pytest.mark.parametrize(
    ("extras", "reason"),
    [
        ({"model": "x"}, "extras: model is a field of its own"),
        ({"extras": {}}, "extras: an object of that name cannot stand inside"),
        ({"x": "y" * MAX_EXTRAS_CHARS}, "unknown keys: larger than 16384 characters"),
        ({"x": [0] * MAX_EXTRAS_CHARS}, "unknown keys: larger than 16384 characters"),
        ({"x": {5: 1}}, "unknown keys: a key must be text, not a whole number"),
        ({"x": Decimal("1e301")}, "unknown keys: a number that few JSON readers can hold"),
        ({"x": Decimal("0." + "1" * 101)}, "unknown keys: a number of more than 100 digits"),
        ({"x": b""}, "unknown keys: a Python bytes that JSON cannot hold"),
    ],
)
def test_what_cannot_be_kept_is_refused(extras: dict[str, Any], reason: str) -> None:
    """Unknown keys can neither grow the files without bound nor make them unreadable."""
    with pytest.raises(Refused) as refused:
        clean_extras(extras)
    assert str(refused.value) == reason


def test_a_value_that_holds_itself_is_refused() -> None:
    """A circle made in Python is a reason, not an endless loop."""
    circle: dict[str, Any] = {}
    circle["circle"] = circle
    with pytest.raises(Refused):
        clean_extras(circle)


def test_keys_of_a_file_may_be_called_like_fields() -> None:
    """At the top of a file `status` is just a key nobody knows."""
    assert clean_unknown({"status": "fine"}) == {"status": "fine"}
