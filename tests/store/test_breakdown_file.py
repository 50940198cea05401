"""A month's file: what goes in comes out, and no other bytes are taken for one of ours."""

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxypal.store.breakdown_file import (
    NAMES,
    DayContents,
    MonthContents,
    Written,
    is_ours,
    pack_keys,
    read_month,
    render_month,
    unpack_keys,
)

texts = st.text(max_size=8)
keys = st.lists(st.integers(0, 2**32 - 1), max_size=20).map(
    lambda found: b"".join(key.to_bytes(4, "little") for key in sorted(found))
)
days = st.builds(
    DayContents,
    cells=st.binary(max_size=40),
    totals=st.lists(st.lists(st.integers(0, 2**62) | texts, min_size=1, max_size=4), max_size=3),
    sketches=st.lists(st.tuples(texts, texts, st.binary(max_size=9), st.binary(max_size=9))),
    keys=st.lists(st.tuples(texts, texts, keys), max_size=3),
)
months = st.builds(
    MonthContents,
    month=st.just("2026-01"),
    requests=st.integers(0, 2**53),
    names=st.fixed_dictionaries(
        {name: st.dictionaries(st.integers(0, 2**14), texts, max_size=3) for name in NAMES}
    ),
    days=st.dictionaries(st.integers(20_454, 20_484), days, max_size=4),
    published=st.builds(
        Written,
        sequence=st.integers(0, 2**53),
        store_id=texts,
        live_epochs=st.lists(st.integers(0, 9)),
    ),
)


@given(months)
def test_what_goes_in_comes_out(month: MonthContents) -> None:
    """Every name, cell, total, sketch and key is there again."""
    data = render_month(month)
    found = read_month(data)
    assert found is not None
    assert found.names == month.names
    assert found.days == month.days
    assert (found.month, found.requests) == (month.month, month.requests)
    assert (found.published.sequence, found.published.store_id, found.published.live_epochs) == (
        month.published.sequence,
        month.published.store_id,
        month.published.live_epochs,
    )
    assert json.loads(data)["format"] == 1, "any program can read it as JSON"


def a_month() -> bytes:
    """A file with something in each place."""
    day = DayContents(
        cells=b"cells",
        totals=[[1, "2"]],
        sketches=[("p", "m", b"d", b"t")],
        keys=[("k", "", b"1234")],
    )
    names = {name: {2: name} for name in NAMES}
    written = Written(sequence=7, store_id="s", live_epochs=[0])
    return render_month(
        MonthContents(
            month="2026-01", requests=1, names=names, days={20_454: day}, published=written
        )
    )


def test_no_changed_byte_goes_unnoticed() -> None:
    """A file of which any byte was changed, cut off or added is not ours."""
    data = a_month()
    assert is_ours(data)
    for at in range(len(data)):
        assert read_month(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]) is None, at
        assert read_month(data[:at]) is None
    assert read_month(data + b"\n") is None
    pretty = json.dumps(json.loads(data), indent=2).encode()
    assert read_month(pretty) is None


@pytest.mark.parametrize("data", [b"", b"{}", b"[1, 2]", b"\0" * 100, b'"}}', b"0" * 64 + b'"}}'])
def test_other_bytes_are_no_month(data: bytes) -> None:
    """Whatever else lies there is not taken for a month, and never an exception."""
    assert read_month(data) is None


@given(keys)
def test_keys_come_back(body: bytes) -> None:
    """The keys of a day are as many as before, each as often."""
    assert unpack_keys(pack_keys(body)) == body


def test_a_busy_days_keys_are_small() -> None:
    """33,000 keys take 3.4 bytes each in the file."""
    found = random.Random(1)
    body = b"".join(found.randbytes(4) for _ in range(33_000))
    assert len(pack_keys(body)) < 3.4 * 33_000
