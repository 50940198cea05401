import json
from zoneinfo import ZoneInfo

import pytest

from old_files import UTC_PLUS_7, numbers, sample
from proxypal.records.imported import ImportedFacts
from proxypal.records.labels import LocalHours, hour_of_label, zone_offset
from proxypal.records.legacy import read_bundle, read_old_pair, start_of_hour
from proxypal.records.legacy_history import LATEST_MS

END_OF_22_DEC = 1_766_422_799_999


def v0_2_2(*, hours: LocalHours = UTC_PLUS_7, mtime_ms: int | None = None) -> ImportedFacts:
    old = read_old_pair(sample("history-v0.2.2.json"), None, hours, mtime_ms=mtime_ms)
    assert old.facts is not None
    return old.facts


@pytest.mark.parametrize(
    ("mtime_ms", "watermark_ms"),
    [
        (1_766_390_000_000, 1_766_390_000_000),
        (1_766_367_011_000, 1_766_367_012_000),
        (1_767_000_000_000, END_OF_22_DEC),
        (None, END_OF_22_DEC),
    ],
)
def test_watermark(mtime_ms: int | None, watermark_ms: int) -> None:
    """Log lines up to the newest row, or to the file's last writing on its newest day, are counted.

    The newest row of the sample is of 1766367012000, its newest day the 22nd.
    """
    assert v0_2_2(mtime_ms=mtime_ms).watermark_ms == watermark_ms


def test_labels_are_those_of_the_zone() -> None:
    """D19: the same row is of another day in another zone, by its own time and never by UTC."""
    for zone, day, hour in (
        ("UTC", "2025-12-19", "2025-12-19T18"),
        ("Asia/Kolkata", "2025-12-19", "2025-12-19T23"),
        ("Asia/Kathmandu", "2025-12-20", "2025-12-20T00"),
        ("Pacific/Kiritimati", "2025-12-20", "2025-12-20T08"),
    ):
        facts = v0_2_2(hours=LocalHours(zone_offset(ZoneInfo(zone))))
        assert facts.sums["day", day].rate_limited == 1
        assert facts.sums["hour", hour].rate_limited == 1


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "America/New_York", "Pacific/Apia"])
@pytest.mark.parametrize("label", ["1970-01-01", "2025-12-22", "2025-03-09T02", "2025-11-02T01"])
def test_start_of_a_local_hour(zone: str, label: str) -> None:
    """A day starts at its own midnight, in zones with half hours and on days of clock change."""
    hours, hour = LocalHours(zone_offset(ZoneInfo(zone))), hour_of_label(label)
    start_ms = start_of_hour(hours, hour)
    assert hours(start_ms) >= hour
    assert start_ms == 0 or hours(start_ms - 1) < hour


def test_totals_without_rows_are_not_skipped() -> None:
    """D18, D21: totals count beyond and without the list of requests, `unknown` is not hidden."""
    data = b'{"requests": [], "totalTokensIn": 10, "totalTokensOut": 5, "totalRequestCount": 3}'
    old = read_old_pair(data, None, UTC_PLUS_7, mtime_ms=None)
    assert old.facts is not None
    assert numbers(old.facts)["model"] == {
        "unknown": {"requests": 3, "tokens_in": 10, "tokens_out": 5}
    }
    assert old.facts.created_at_ms is None
    assert old.facts.watermark_ms is None


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "history.json: it is empty."),
        (b"\0" * 900, "history.json: it holds only zero bytes."),
        (b"[]", "history.json: it is a list and not an object."),
        (sample("history-v0.2.2.json")[:700], "history.json: it is not JSON"),
    ],
)
def test_an_unreadable_file_does_not_cost_the_other_one(data: bytes, reason: str) -> None:
    """D2: a damaged history is named with its reason, the aggregate is read all the same."""
    old = read_old_pair(data, sample("aggregate-v0.3.5.json"), UTC_PLUS_7, mtime_ms=None)
    assert [text.startswith(reason) for text in old.unreadable] == [True]
    assert old.facts is not None
    assert old.facts.sums["total", ""].requests == 503
    assert read_old_pair(data, None, UTC_PLUS_7, mtime_ms=None).facts is None


def test_no_files_are_no_facts() -> None:
    """Nothing to read is neither an error nor a fact."""
    old = read_old_pair(None, None, UTC_PLUS_7, mtime_ms=None)
    assert (old.facts, old.unreadable) == (None, [])


@pytest.mark.parametrize(
    ("data", "unreadable"),
    [
        (b'{"version": 1}', "the export: it holds neither request_history nor aggregate."),
        (b'{"aggregate": 5}', "aggregate in the export: it is a whole number and not an object."),
        (b"{", "the export: it is not JSON"),
    ],
)
def test_a_bundle_says_what_it_lacks(data: bytes, unreadable: str) -> None:
    """An export without the parts of one is named, not imported as nothing."""
    old = read_bundle(data, UTC_PLUS_7)
    assert old.facts is None
    assert [text.startswith(unreadable) for text in old.unreadable] == [True]


def test_time_of_an_export_bounds_its_newest_day() -> None:
    """An export made at noon says nothing about that day's afternoon."""
    tree = json.loads(sample("export-v0.4.43.json"))
    tree["exported_at"] = "2026-01-28T12:00:00+07:00"
    old = read_bundle(json.dumps(tree).encode(), UTC_PLUS_7, mtime_ms=LATEST_MS)
    assert old.facts is not None
    assert old.facts.watermark_ms == 1_769_576_400_000
    tree["exported_at"] = "yesterday"
    old = read_bundle(json.dumps(tree).encode(), UTC_PLUS_7, mtime_ms=1_769_576_400_001)
    assert old.facts is not None
    assert old.facts.watermark_ms == 1_769_576_400_001


def test_unknown_keys_of_a_file_are_kept() -> None:
    """What another program wrote at the top of a file stays with the data, without its secrets."""
    old = read_old_pair(
        b'{"requests": [], "theme": "dark", "published": {"sequence": 1}}',
        b'{"createdAt": 5, "apiKey": "sk-local-abcdefgh0XYZ", "undated": {"requests": 2}}',
        UTC_PLUS_7,
        mtime_ms=None,
    )
    assert old.facts is not None
    assert old.facts.history_extras == {"theme": "dark"}
    assert old.facts.aggregate_extras == {"apiKey": "sk-…0XYZ"}
