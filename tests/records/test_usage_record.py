import json
from typing import Any

import pytest
from msgspec import UNSET

from proxypal.records.usage_record import decode_known, record_of_tree
from usage_payloads import SAMPLES, payload_of, usage_record

READ = ("timestamp", "latency_ms", "tokens", "failed", "fail", "provider", "model", "request_id")


@pytest.mark.parametrize("sample", SAMPLES)
def test_records_of_every_version_are_known(sample: bytes) -> None:
    """Each version's record is decoded at once, and field by field to the same."""
    known = decode_known(sample)
    assert known is not None
    by_field = record_of_tree(json.loads(sample))
    for name in READ:
        assert getattr(known, name) == getattr(by_field, name)


@pytest.mark.parametrize(
    "change",
    [
        {"new_field": 1},
        {"latency_ms": -1},
        {"latency_ms": 1.5},
        {"model": None},
        {"model": "x" * 257},
        {"tokens": {"input_tokens": -1}},
        {"tokens": {"input_tokens": "5"}},
        {"tokens": {"someones_name": 5}},
        {"fail": {"status_code": 500, "trace": "x"}},
        {"token_breakdown": {"quality": "complete", "input": {"someone": 1}, "output": {}}},
        {"token_breakdown": {"quality": "someone", "input": {}, "output": {}}},
        {"token_breakdown": {"quality": "complete", "input": {}}},
    ],
)
def test_anything_unknown_takes_a_closer_look(change: dict[str, Any]) -> None:
    """The quick way is only for records in which nothing is new."""
    assert decode_known(payload_of(usage_record())) is not None
    assert decode_known(payload_of(usage_record(**change))) is None


@pytest.mark.parametrize("payload", [b"", b"{", b"[]", b"null", b'"\xff"', b"[" * 100_000])
def test_other_bytes_are_no_record(payload: bytes) -> None:
    """Bytes that are not JSON are no record, and no error either."""
    assert decode_known(payload) is None


def test_fields_of_a_wrong_type_are_not_there() -> None:
    """One field that a fork writes differently does not cost the record."""
    record = record_of_tree(
        {"model": 5, "timestamp": [], "latency_ms": "8", "failed": 1, "tokens": "none"}
    )
    assert (record.model, record.timestamp, record.latency_ms) == ("", "", 0)
    assert record.failed is record.tokens is UNSET
