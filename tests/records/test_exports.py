import csv
import io
import json
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import NOW_MS, a_request, requests
from proxypal.records.exports import (
    ALL_COLUMNS,
    SEED_COLUMNS,
    export_file_name,
    history_csv,
    parse_history_csv,
)
from proxypal.records.incoming import admit
from proxypal.records.request import RequestLog

SEED_HEADER = "timestamp,provider,model,status,durationMs,tokensIn,tokensOut\n"


def cells(text: str) -> list[list[str]]:
    """What a spreadsheet reads."""
    return list(csv.reader(io.StringIO(text, newline="")))


def test_header_and_order_are_the_seeds() -> None:
    """A script written for the seed's CSV reads ours."""
    text = history_csv([a_request(timestamp=1_766_394_932_000)], "seed")
    assert text == SEED_HEADER + "1766394932000,claude,claude-sonnet-4-5,200,1234,500,300\n"
    assert history_csv([], "seed") == SEED_HEADER


def test_all_adds_every_other_field() -> None:
    """`all` starts with the seed's columns and leaves out nothing a row holds."""
    assert ALL_COLUMNS[:7] == SEED_COLUMNS
    names = {field.encode_name for field in msgspec.structs.fields(RequestLog)}
    assert set(ALL_COLUMNS) == names
    assert len(ALL_COLUMNS) == len(names)


def test_a_number_nobody_reported_is_an_empty_cell() -> None:
    """Unlike the seed's 0, an empty cell does not pull an average down."""
    text = history_csv([a_request(tokens_in=None, tokens_out=0)], "seed")
    assert cells(text)[1][5:] == ["", "0"]


@pytest.mark.parametrize(
    "name",
    [
        "plain",
        "comma, quote \" and 'apostrophe'",
        "line\nbreak",
        "carriage\rreturn",
        "both\r\nof them",
        "semi;colon\ttab",
        "'quoted",
        "",
        "käse 日本語 …",
        "nul\0nul",
    ],
)
def test_text_opens_unchanged_in_a_spreadsheet(name: str) -> None:
    """D43: commas, quotes and line breaks stay inside their cell."""
    text = history_csv([a_request(model=name)], "seed")
    rows = cells(text)
    assert len(rows) == 2
    assert rows[1][2] == name


@pytest.mark.parametrize("start", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_no_cell_is_a_formula(start: str) -> None:
    """A model called `=cmd` is text in a spreadsheet, and itself again when imported."""
    request = a_request(model=start, provider="'" + start)
    for columns in ("seed", "all"):
        text = history_csv([request], columns)
        row = cells(text)[1]
        assert row[2] == "'" + start
        assert row[1] == "''" + start
        assert not any(cell[:1] in set("=+-@\t\r") for cell in row)
        (read,) = parse_history_csv(text).requests
        assert (read.model, read.provider) == (start, "'" + start)


def test_export_carries_no_keys_or_addresses() -> None:
    """D48: even a row that got in unmasked leaves without keys and e-mail addresses."""
    request = a_request(
        api_key="sk-local-abcdefgh0XYZ",
        account="someone@example.com",
        source="other@example.com",
        path="/v1beta/models/g:generateContent?key=AIzaSySecret1234567",
    )
    text = history_csv([request], "all")
    for secret in ("abcdefgh", "someone", "other@", "AIza"):
        assert secret not in text
    assert "sk-…0XYZ" in text
    assert "s…@example.com" in text


def test_money_and_unknown_keys_are_exact() -> None:
    """A price is written out in full, unknown keys as JSON."""
    request = a_request(cost_usd=Decimal("1E-30"), extras={"team": "a,b", "n": Decimal("0.10")})
    row = dict(zip(ALL_COLUMNS, cells(history_csv([request], "all"))[1], strict=True))
    assert row["costUsd"] == "0.000000000000000000000000000001"
    assert json.loads(row["extras"]) == {"team": "a,b", "n": 0.1}


@given(st.lists(requests(), max_size=4))
def test_our_own_export_reads_back_the_same(rows: list[RequestLog]) -> None:
    """D43: exported with all columns and imported again, every request is what it was."""
    kept = [row for row in (admit(row, NOW_MS) for row in rows) if isinstance(row, RequestLog)]
    found = parse_history_csv(history_csv(kept, "all"))
    assert found.rejected == []
    assert [admit(row, NOW_MS) for row in found.requests] == [
        # An empty cell cannot tell an empty name from none.
        msgspec.structs.replace(
            row,
            request_id=row.request_id or None,
            legacy_id=row.legacy_id or None,
            model_requested=row.model_requested or None,
            method=row.method or "POST",
        )
        for row in kept
    ]


@given(st.lists(requests(), max_size=4))
def test_the_seeds_columns_read_back(rows: list[RequestLog]) -> None:
    """With the seed's columns alone, what they say is what is imported."""
    kept = [row for row in (admit(row, NOW_MS) for row in rows) if isinstance(row, RequestLog)]
    found = parse_history_csv(history_csv(kept, "seed"))
    assert found.rejected == []
    assert [(r.timestamp, r.status, r.model, r.tokens_in) for r in found.requests] == [
        (r.timestamp, r.status, r.model, r.tokens_in) for r in kept
    ]


@given(st.text(max_size=200) | st.text(max_size=200).map(lambda text: SEED_HEADER + text))
def test_any_text_is_requests_or_rejections(text: str) -> None:
    """No file called .csv can do anything but be read or rejected."""
    found = parse_history_csv(text)
    assert all(rejection.line >= 1 and rejection.reason for rejection in found.rejected)


def test_rejections_name_the_line() -> None:
    """A bad row is reported with the line it starts on; the good ones around it are read."""
    text = (
        "\ufeff" + SEED_HEADER + '1,claude,"two\nlines",200,1,,\n'
        "1.76639E+12,claude,m,200,1,,\n"
        "\n"
        "1,claude,m\n"
        "1,claude,m,9999,1,,\n"
        f"1,claude,{'x' * 200_000},200,1,,\n"
        "2,claude,m,200,1,,\n"
    )
    found = parse_history_csv(text)
    assert [request.timestamp for request in found.requests] == [1, 2]
    assert [rejection.line for rejection in found.rejected] == [4, 6, 7, 8]
    assert found.rejected[0].reason.startswith("timestamp: expected a whole number")
    assert found.rejected[1].reason == "3 cells under 7 columns"


def test_another_programs_csv_is_told_apart() -> None:
    """A CSV without our columns is rejected once, with what it lacks, and not row by row."""
    found = parse_history_csv("a,b,status\n1,2,3\n4,5,6\n")
    assert found.requests == []
    assert [rejection.line for rejection in found.rejected] == [1]
    assert "timestamp, provider, model, durationMs" in found.rejected[0].reason


def test_foreign_columns_are_kept() -> None:
    """A column somebody added comes along as an unknown key; order does not matter."""
    text = "status,team," + SEED_HEADER.replace("status,", "")
    (request,) = parse_history_csv(text + "200,red,5,claude,m,1,2,3\n").requests
    assert request.extras == {"team": "red"}
    assert (request.timestamp, request.tokens_out) == (5, 3)


def test_files_are_called_as_the_seed_calls_them() -> None:
    """The names the seed chose, with the stamp in them."""
    stamp = "2025-12-22_10-00-00"
    assert export_file_name("requests", stamp) == f"proxypal-requests-{stamp}.csv"
    assert export_file_name("aggregate", stamp) == f"proxypal-aggregate-{stamp}.json"
