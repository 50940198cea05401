"""Usage queue records saved as lines: one payload per line, as the queue hands them out.

A line may also be a list of payloads, as `GET .../usage-queue?count=N` answers (CLIProxyAPI
internal/api/handlers/management/usage.go, v6.10.8). Must not enter: what a payload says
(`records.queue_payload`).
"""

from collections.abc import Iterable, Iterator

import msgspec

from proxypal.records.attempt import Attempt
from proxypal.records.foreign_rows import AttemptRow, ForeignRow, NumberedLine, RowRejected
from proxypal.records.key_labels import KeyLabels
from proxypal.records.queue_payload import Control, read_payload
from proxypal.records.tolerant_json import Refused, read_json

_BLANKS = b"\0 \t\r\n\xef\xbb\xbf"
_ENCODER = msgspec.json.Encoder(decimal_format="number")


def read_queue_lines(lines: Iterable[NumberedLine], labels: KeyLabels) -> Iterator[ForeignRow]:
    """One `AttemptRow` per payload, `RowRejected` for each that is none; never raises.

    Empty lines are nothing. An attempt's `key` is the one it has when it is captured live.
    """
    for number, line in lines:
        if line is None:
            yield RowRejected(number, "it is too long to be a record")
            continue
        text = line.strip(_BLANKS)
        for payload in _payloads(text) if text[:1] == b"[" else [text] if text else []:
            yield _row(payload, number, labels)


def _payloads(text: bytes) -> list[bytes]:
    try:
        tree = read_json(text)
    except Refused:
        return [text]
    return [_ENCODER.encode(item) for item in tree]


def _row(payload: bytes, number: int, labels: KeyLabels) -> ForeignRow:
    found = read_payload(payload, labels)
    if isinstance(found, Attempt):
        return AttemptRow(found, number)
    if isinstance(found, Control):
        return RowRejected(number, "it is a control message of the queue, no usage record")
    return RowRejected(number, found.reason)
