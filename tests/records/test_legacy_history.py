from typing import Any

import pytest

from old_files import UTC_PLUS_7
from proxypal.records.legacy_claims import MOST, Notes
from proxypal.records.legacy_history import LATEST_MS, OldHistory, read_history
from proxypal.records.request import RequestLog


def read(tree: dict[str, Any]) -> tuple[OldHistory, list[str]]:
    notes = Notes("history.json")
    return read_history(tree, UTC_PLUS_7, notes), notes.sentences()


def read_row(**fields: Any) -> tuple[RequestLog, list[str]]:
    history, notes = read({"requests": [{"timestamp": 1_766_158_865_000, **fields}]})
    return history.rows[0], notes


def test_every_field_is_optional() -> None:
    """A row of an empty object is a request of which nothing is known, and it is kept."""
    history, notes = read({"requests": [{}]})
    row = history.rows[0]
    assert (row.timestamp, row.status, row.model, row.provider) == (0, 0, "unknown", "unknown")
    assert notes == ["history.json: request 1 has no time; it is kept and counted without a day"]


def test_floats_and_nulls_are_numbers_and_nothing() -> None:
    """`200.0` is a status and `null` is not known, in any field."""
    row, notes = read_row(status=200.0, durationMs=1e3, tokensIn=None, model=None)
    assert (row.status, row.duration_ms, row.tokens_in, row.model) == (200, 1000, None, "unknown")
    assert notes == []


def test_a_bad_field_costs_no_row() -> None:
    """One unreadable value is noted with its place; the rest of the row counts."""
    row, notes = read_row(status=200, tokensIn=-5, tokensOut=7, model=12)
    assert (row.status, row.tokens_in, row.tokens_out, row.model) == (200, None, 7, "unknown")
    assert [note.split(":")[1].strip() for note in notes] == [
        "request 1, tokensIn",
        "request 1, model",
    ]


def test_rows_keep_their_order() -> None:
    """Rows stay in the file's order, and what is no row is noted with its number."""
    history, notes = read({"requests": [{"id": "b"}, 5, {"id": "a"}, None]})
    assert [row.id for row in history.rows] == ["b", "a"]
    assert "history.json: request 2 is a whole number and not an object; left out" in notes
    assert "history.json: request 4 is null and not an object; left out" in notes


def test_unknown_keys_of_a_row_are_kept() -> None:
    """What a fork of the app added to its rows is still there, without its secrets."""
    row, _ = read_row(stream=True, extras={"more": 1}, upstreamApiKey="sk-local-abcdefgh0XYZ")
    assert row.extras == {"stream": True, "more": 1, "upstreamApiKey": "sk-…0XYZ"}


def test_secrets_of_old_rows_are_masked() -> None:
    """D48: what the old app stored in clear is not carried on."""
    row, _ = read_row(path="/v1beta/models/g:generateContent?key=AIzaSecret", account="a@b.example")
    assert (row.path, row.account) == ("/v1beta/models/g:generateContent?key=", "a…@b.example")


@pytest.mark.parametrize(
    ("ids", "kept", "legacy"),
    [
        (["req_1766158865000_0", "x"], ["req_1766158865000_0", "x"], [None, None]),
        (["log_0", "req_7"], ["", ""], ["log_0", "req_7"]),
        (["x", "y", "x"], ["", "y", ""], ["x", None, "x"]),
        (["", ""], ["", ""], [None, None]),
    ],
)
def test_only_unique_ids_stay(ids: list[str], kept: list[str], legacy: list[str | None]) -> None:
    """An id that comes twice, or that every start of the old app began anew, is given up."""
    rows = read({"requests": [{"id": identifier} for identifier in ids]})[0].rows
    assert [row.id for row in rows] == kept
    assert [row.legacy_id for row in rows] == legacy


def test_a_time_beyond_the_century_is_no_time() -> None:
    """A row from the year 2100 or later is kept without a day, with what it claimed."""
    row, notes = read_row(timestamp=LATEST_MS)
    assert (row.timestamp, row.timestamp_claimed) == (0, LATEST_MS)
    assert "has no time" in notes[0]


def test_a_day_series_gives_way_to_rows_that_know_better() -> None:
    """D20: the series counts for days whose rows carry no tokens; its sum still is a claim."""
    history, _ = read(
        {
            "requests": [
                {"timestamp": 1_766_158_865_000, "tokensIn": 5},
                {"timestamp": 1_766_282_400_000, "tokensIn": None},
            ],
            "tokensByDay": [
                {"label": "2025-12-19", "value": 100},
                {"label": "2025-12-21", "value": 50},
            ],
        }
    )
    assert history.claims.day == {"2025-12-21": {"tokens": 50}}
    assert history.claims.total["tokens"] == 150
    assert history.days == ["2025-12-19", "2025-12-21"]


def test_hours_without_a_date_are_left_out() -> None:
    """D22: `08` adds up that hour of many days and must not become an hour of one day."""
    series = [{"label": "08", "value": 10}, {"label": "2025-12-19T08", "value": 20}]
    history, notes = read({"tokensByHour": series})
    assert history.claims.hour == {"2025-12-19T08": {"tokens": 20}}
    assert "1 hours without a date left out" in notes[0]


def test_absurd_rows_cannot_overflow_a_total() -> None:
    """Numbers that would push a sum beyond what JSON keeps exact are left out, not the row."""
    rows = [{"timestamp": 1, "tokensIn": MOST}, {"timestamp": 1, "tokensIn": 1}]
    history, notes = read({"requests": rows})
    assert [row.tokens_in for row in history.rows] == [MOST, None]
    assert "adds up beyond 2^50" in notes[0]


@pytest.mark.parametrize("items", [5, "x", {"a": 1}])
def test_requests_that_are_no_list_are_noted(items: object) -> None:
    """The totals beside a broken list still count."""
    history, notes = read({"requests": items, "totalRequestCount": 4})
    assert history.rows == []
    assert history.claims.total["requests"] == 4
    assert "requests is" in notes[0]


def test_many_remarks_are_counted_and_not_printed() -> None:
    """A file of a thousand bad rows gives forty sentences and a number."""
    _, notes = read({"requests": [5] * 1000})
    assert len(notes) == 41
    assert notes[-1] == "history.json: 960 more remarks of this kind"
