import json
from typing import Any

from proxypal.records.foreign_rows import AttemptRow, RowRejected
from proxypal.records.key_labels import KeyLabels
from proxypal.records.queue_lines import read_queue_lines
from proxypal.records.queue_payload import read_payload

LABELS = KeyLabels(b"a secret of the tests")


def a_payload(**changes: Any) -> bytes:
    """A usage record of v6.9.38."""
    record = {
        "timestamp": "2026-04-26T10:11:12.123456789+08:00",
        "latency_ms": 8123,
        "source": "me@example.com",
        "tokens": {"input_tokens": 12, "output_tokens": 340, "total_tokens": 352},
        "failed": False,
        "provider": "claude",
        "model": "claude-sonnet-4-5",
        "endpoint": "POST /v1/messages",
        "api_key": "sk-local-abcdefghijkl",
        "request_id": "a1b2c3d4",
        **changes,
    }
    return json.dumps(record).encode()


def test_a_saved_record_is_what_it_was_live() -> None:
    """A line becomes the same attempt, under the same key, as if the queue had just told it."""
    (row,) = read_queue_lines([(1, a_payload())], LABELS)
    assert row == AttemptRow(read_payload(a_payload(), LABELS), 1)  # type: ignore[arg-type]  # it is an attempt, else this fails


def test_an_answer_with_several_records_is_several() -> None:
    """A list on a line, as the management API answers, is one attempt per record."""
    line = b"[" + a_payload() + b", " + a_payload(model="claude-opus-4-6") + b"]\r\n"
    rows = list(read_queue_lines([(1, line), (2, b"[]"), (3, a_payload())], LABELS))
    assert [row.line for row in rows if isinstance(row, AttemptRow)] == [1, 1, 3]
    singles = [(1, a_payload()), (1, a_payload(model="claude-opus-4-6")), (3, a_payload())]
    assert rows == list(read_queue_lines(singles, LABELS))


def test_lines_that_are_no_records_are_rejected_by_number() -> None:
    """Control messages, torn and overlong lines say why; empty lines are nothing."""
    lines = [b"\xef\xbb\xbf" + a_payload(), b" \r", b'{"support_refresh":true}', a_payload()[:50]]
    rows = list(read_queue_lines([*enumerate(lines, 1), (5, None), (6, b"[1,")], LABELS))
    assert isinstance(rows[0], AttemptRow)
    reasons = {row.line: row.reason for row in rows if isinstance(row, RowRejected)}
    assert list(reasons) == [3, 4, 5, 6]
    assert "control message" in reasons[3]
    assert all(reasons.values())


def test_no_secret_survives() -> None:
    """D48: neither keys nor addresses leave the reader in clear."""
    rows = repr(list(read_queue_lines([(1, a_payload()), (2, b"[" + a_payload() + b"]")], LABELS)))
    assert "abcdefgh" not in rows
    assert "me@example.com" not in rows
