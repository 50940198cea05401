"""The two files as they are published: the seed's shape, recognised by a checksum, complete."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import NOW_MS, a_request, a_store, facts_of, json_file, requests, seed_shaped
from proxypal.records.request import RequestLog, decode_request, encode_request
from proxypal.store.packing import unpack_arrivals
from proxypal.store.publication import (
    Moment,
    UndoEntry,
    read_published,
    render_aggregate,
    render_history,
)
from proxypal.store.state import fresh_state
from proxypal.store.values import SourceBatch, StoredPosition, StoreSettings

SEED = Path(__file__).parents[1] / "data" / "seed"


def a_moment(rows: list[RequestLog], **changes: Any) -> Moment:
    """A snapshot with these requests, counted in UTC."""
    state = fresh_state("0" * 32, NOW_MS, StoreSettings())
    state.sequence = len(rows)
    moment = Moment(
        state=state,
        sums=facts_of(rows).sums,
        rows=[(number, encode_request(row)) for number, row in enumerate(rows, 1)],
        positions=[],
        fingerprints=[],
        undo_log=[],
    )
    return msgspec.structs.replace(moment, **changes)


def test_five_hundred_requests_fit_into_160_kb() -> None:
    """The history of the design's shape is as small as the design says, our extra key included."""
    rows = [seed_shaped(number) for number in range(500)]
    rendered = render_history(a_moment(rows))
    assert len(json.loads(rendered)["requests"]) == 500
    assert len(rendered) <= 160 * 1024


def test_both_files_have_the_seeds_shape(tmp_path: Path) -> None:
    """Whoever reads the design's files reads ours: its keys, its nesting, two spaces a level."""
    with a_store(tmp_path) as store:
        store.record([a_request(cost_usd=Decimal("0.25")), a_request(status=500)])
    for name in ("history.json", "aggregate.json"):
        sample, found = json_file(SEED / name), json_file(tmp_path / name)
        assert sample.keys() <= found.keys()
        assert found.keys() >= {"published"}
        text = (tmp_path / name).read_text()
        assert text.startswith('{\n  "')
        assert json.dumps(json.loads(text), indent=2, ensure_ascii=False) == text.rstrip("\n")
    aggregate = json_file(tmp_path / "aggregate.json")
    assert aggregate["totalRequests"] == 2
    assert aggregate["totalCostUsd"] == Decimal("0.25")
    assert aggregate["requestsByDay"] == [{"label": "2026-01-09", "value": 2}]
    (model,) = aggregate["modelStats"].values()
    assert (model["requests"], model["successCount"], model["tokens"]) == (2, 1, 1600)


def test_the_seeds_own_row_stands_as_it_was(tmp_path: Path) -> None:
    """The sample request of the design, recorded and published, is the sample request."""
    (row,) = json_file(SEED / "history.json")["requests"]
    with a_store(tmp_path) as store:
        store.record([decode_request(json.dumps(row).encode())])
    history = json_file(tmp_path / "history.json")
    assert history["requests"] == [row]
    assert [history[key] for key in ("totalTokensIn", "totalTokensOut", "totalCostUsd")] == [0] * 3


@given(st.lists(requests(), max_size=3))
def test_what_is_published_is_recognised(rows: list[RequestLog]) -> None:
    """A file nobody touched is known as ours, with the number it was published at."""
    moment = a_moment([msgspec.structs.replace(row, timestamp=NOW_MS) for row in rows])
    for rendered in (render_history(moment), render_aggregate(moment)):
        published = read_published(rendered)
        assert published is not None
        assert published.sequence == len(rows)
        assert published.store_id == "0" * 32
    history = json.loads(render_history(moment))
    arrivals = unpack_arrivals(history["published"]["arrivals"])
    assert arrivals == list(range(1, len(rows) + 1))


PUBLISHED = [
    render_history(a_moment([a_request(), a_request(status=500)])),
    render_aggregate(a_moment([a_request(), a_request(status=500)])),
]


@given(st.sampled_from(PUBLISHED), st.data())
def test_a_single_changed_byte_is_noticed(rendered: bytes, data: st.DataObject) -> None:
    """Whatever another program or a bad disk changes, the file is not taken for ours."""
    at = data.draw(st.integers(0, len(rendered) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != rendered[at]))
    assert read_published(rendered[:at] + bytes([byte]) + rendered[at + 1 :]) is None


@given(st.sampled_from(PUBLISHED), st.data())
def test_a_cut_file_is_noticed(rendered: bytes, data: st.DataObject) -> None:
    """A file that ends early or goes on longer is not taken for ours."""
    end = data.draw(st.integers(0, len(rendered) - 1))
    assert read_published(rendered[:end]) is None
    assert read_published(rendered + b" ") is None


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"null", b'{"published": {"checksum": "0"}}', b"\0" * 500, b"[1, 2]"]
)
def test_what_was_never_ours_is_not_ours(data: bytes) -> None:
    """Any other file is foreign, and looking at it never fails."""
    assert read_published(data) is None


def test_a_rewritten_file_without_our_key_is_foreign() -> None:
    """The original app keeps only the keys it knows; what it wrote back is not taken for ours."""
    tree = json.loads(PUBLISHED[0])
    del tree["published"]
    assert read_published(json.dumps(tree, indent=2).encode()) is None


def test_a_checksum_inside_a_request_does_not_confuse() -> None:
    """A request that carries a key named checksum is text like any other."""
    row = msgspec.structs.replace(a_request(), extras={"checksum": "f" * 64})
    assert read_published(render_history(a_moment([row]))) is not None


@pytest.mark.parametrize("digit", ["0", "f"])
def test_a_checksum_inside_a_source_position_does_not_confuse(digit: str) -> None:
    """A source may call something in its own state a checksum; it comes back as it was."""
    state = json.dumps({"checksum": digit * 64}).encode()
    position = StoredPosition(id=1, source="log", version=1, state=state)
    published = read_published(render_aggregate(a_moment([], positions=[position])))
    assert published is not None
    assert json.loads(bytes(published.positions[0].state)) == {"checksum": digit * 64}


def test_unknown_keys_of_an_old_file_stay_in_the_files() -> None:
    """What a migrated file held beside our keys is published with every file from then on."""
    moment = a_moment([a_request()])
    moment.state.history_extras = b'{"tokensByDay":[{"label":"2025-12-20","value":9}]}'
    moment.state.aggregate_extras = b'{"theme":"dark","nested":{"a":[1,2.50]}}'
    assert json.loads(render_history(moment))["tokensByDay"][0]["value"] == 9
    aggregate = json.loads(render_aggregate(moment), parse_float=str)
    assert aggregate["theme"] == "dark"
    assert aggregate["nested"] == {"a": [1, "2.50"]}


def test_the_published_key_carries_what_rebuilding_needs(tmp_path: Path) -> None:
    """Positions, settings, watermark, fingerprints and the undo log stand in aggregate.json."""
    with a_store(tmp_path, history_limit=77) as store:
        store.record_batch(
            SourceBatch(
                source="main.log",
                start=None,
                generation=store.positions().generation,
                state=b'{"offset":4096}',
                requests=[a_request()],
            )
        )
        store.import_facts(
            facts_of([a_request(timestamp=NOW_MS - 5)], watermark_ms=NOW_MS - 5), fingerprint="f1"
        )
    published = read_published((tmp_path / "aggregate.json").read_bytes())
    assert published is not None
    assert [(p.source, bytes(p.state)) for p in published.positions] == [
        ("main.log", b'{\n          "offset": 4096\n        }')
    ]
    assert published.settings.history_limit == 77
    assert published.settings.zone == "UTC"
    assert published.watermark_ms == NOW_MS - 5
    assert [fingerprint for fingerprint, _ in published.fingerprints] == ["f1"]
    assert [entry.kind for entry in published.undo_log] == ["import"]


def test_what_was_undone_is_published_as_undone() -> None:
    """A backup that was restored is known as restored, also to a database that is rebuilt."""
    entry = UndoEntry(name="n", kind="reset", epochs=[0, 2], undone_at=NOW_MS, owed=1)
    published = read_published(render_aggregate(a_moment([], undo_log=[entry])))
    assert published is not None
    assert published.undo_log == [entry]


def test_the_aggregate_grows_with_days_models_and_providers_only(tmp_path: Path) -> None:
    """A thousand more requests on the same day under the same names add a few digits."""
    with a_store(tmp_path, history_limit=10) as store:
        store.record([a_request() for _ in range(50)])
        store.publish()
        before = (tmp_path / "aggregate.json").stat().st_size
        store.record([a_request() for _ in range(1000)])
        store.publish()
        assert (tmp_path / "aggregate.json").stat().st_size - before < 100
