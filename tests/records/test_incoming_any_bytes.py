import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import NOW_MS
from fuzzing import damaged_lines
from proxypal.records.incoming import MAX_SKEW_MS, admit, parse_request_line
from proxypal.records.request import (
    MAX_INTEGER,
    MAX_LABEL_CHARS,
    MAX_PATH_CHARS,
    RequestLog,
    decode_request,
    encode_request,
)

NOW = NOW_MS + 1000


def check_storable(verdict: RequestLog | str) -> None:
    """A reason, or a request that survives the file and that admitting again leaves alone."""
    if isinstance(verdict, str):
        assert verdict
        verdict.encode()
        return
    assert decode_request(encode_request(verdict)) == verdict
    assert admit(verdict, NOW) == verdict
    for name in ("timestamp", "duration_ms", "tokens_in", "tokens_out", "attempts"):
        value = getattr(verdict, name)
        assert value is None or (type(value) is int and 0 <= value <= MAX_INTEGER)
    assert 0 <= verdict.status <= 999
    assert 0 < verdict.timestamp <= NOW + MAX_SKEW_MS
    assert verdict.provider
    assert verdict.model
    assert len(verdict.model) <= MAX_LABEL_CHARS
    assert len(verdict.path) <= MAX_PATH_CHARS


@given(st.binary(max_size=300))
def test_any_bytes_are_a_request_or_a_reason(line: bytes) -> None:
    """Nothing that arrives on a line can make the door fall."""
    check_storable(parse_request_line(line, NOW))


def test_damaged_records_are_a_request_or_a_reason() -> None:
    """1,000 records damaged at random are each admitted soundly or rejected with a reason."""
    for line in damaged_lines(1000, seed=1):
        check_storable(parse_request_line(line, NOW))


@pytest.mark.torture
def test_very_many_damaged_records() -> None:
    """The same with 100,000."""
    for line in damaged_lines(100_000, seed=2):
        check_storable(parse_request_line(line, NOW))


_anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.decimals(),
    st.text(max_size=20),
    st.binary(max_size=5),
    st.text(alphabet="\ud800\udc00a\0", max_size=5),
    st.sampled_from(["api-request", "a@b.c", "sk-abcdefghijklmnopqrst", "/x?key=1", MAX_INTEGER]),
    st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=2),
    st.lists(st.floats(), max_size=2),
)
_FIELDS = [field.name for field in msgspec.structs.fields(RequestLog)]


@given(st.dictionaries(st.sampled_from(_FIELDS), _anything, max_size=6))
def test_any_python_values_are_a_request_or_a_reason(values: dict[str, Any]) -> None:
    """Whatever a program puts into `RequestLog`: admitted soundly, or a reason."""
    check_storable(admit(RequestLog(**{"status": 200, **values}), NOW))


@pytest.mark.parametrize(
    "line",
    [
        b'{"status":200,"model":"' + b"m" * 10_000_000 + b'"}',
        b'{"status":200,"path":"/x?' + b"key=a&" * 1_700_000 + b'"}',
        b'{"status":200,"apiKey":"' + b"a@" * 5_000_000 + b'"}',
        b'{"status":200,"account":"' + b"a" * 10_000_000 + b'@"}',
        b'{"status":200,"costUsd":0.' + b"1" * 10_000_000 + b"}",
        b'{"status":200,"tokensIn":5.' + b"0" * 10_000_000 + b"}",
        b'{"status":200,"x":0.' + b"1" * 10_000_000 + b"}",
        b'{"status":200,"x":[' + b"1," * 5_000_000 + b"1]}",
        b'{"status":200,"x":"' + b"\\ud800" * 1_600_000 + b'"}',
        b'{"status":' + b"1" * 10_000_000 + b"}",
        b"{" + b'"a":{' * 2_000_000,
        b"\xff" * 10_000_000,
        b"\0" * 10_000_000,
    ],
    ids=lambda line: repr(line[:30]),
)
def test_ten_megabytes_take_less_than_a_second(line: bytes) -> None:
    """A line of 10 MB of anything is answered within a second."""
    start = time.perf_counter()
    check_storable(parse_request_line(line, NOW))
    assert time.perf_counter() - start < 1
