"""Spans of time when the store does not know which model every request used."""

import shutil
from pathlib import Path

from builders import DAY_MS, NOW_MS, a_request, a_store, facts_of
from proxypal.store import Store
from proxypal.store.values import GroupBy

GROUPS: tuple[GroupBy, ...] = ("day", "hour", "model")


def test_a_span_keeps_its_numbers_when_the_database_is_lost(tmp_path: Path) -> None:
    """A rebuilt store has every day, hour and model of a span, from the months' files."""
    since = NOW_MS - 3 * DAY_MS
    with a_store(tmp_path) as store:
        store.record(
            a_request(timestamp=NOW_MS - age * DAY_MS, model="gpt-5") for age in (0, 1, 1, 60)
        )
        before = [store.usage_by(group, since, None) for group in GROUPS]
    (tmp_path / "proxypal.db").unlink()
    with a_store(tmp_path) as store:
        assert [store.usage_by(group, since, None) for group in GROUPS] == before
        assert [(row.label, row.sums.requests) for row in before[-1]] == [("gpt-5", 3)]


def test_what_cannot_be_attributed_is_unknown(tmp_path: Path) -> None:
    """Without the months' files too, only what history shows has a model; days are all there."""
    since = NOW_MS - 3 * DAY_MS
    with a_store(tmp_path, history_limit=1) as store:
        store.record(
            a_request(timestamp=NOW_MS - age * DAY_MS, model="gpt-5") for age in (0, 1, 1, 60)
        )
        before = [store.usage_by(group, since, None) for group in GROUPS[:2]]
    (tmp_path / "proxypal.db").unlink()
    shutil.rmtree(tmp_path / "breakdown")
    with a_store(tmp_path) as store:
        assert [store.usage_by(group, since, None) for group in GROUPS[:2]] == before
        assert models_since(store, since) == {"gpt-5": 1, "unknown": 2}
        store.record([a_request(timestamp=NOW_MS, model="gpt-5")])
        assert models_since(store, since) == {"gpt-5": 2, "unknown": 2}


def models_since(store: Store, since_ms: int) -> dict[str, int]:
    """How many requests of each model."""
    return {row.label: row.sums.requests for row in store.usage_by("model", since_ms, None)}


def test_an_imported_day_is_in_its_span(tmp_path: Path) -> None:
    """Days that were imported without hours count in every span of whole days that holds them."""
    with a_store(tmp_path) as store:
        request = a_request(timestamp=NOW_MS - 5 * DAY_MS)
        store.import_facts(facts_of([request]), fingerprint="one file")
        (day,) = store.usage_by("day", NOW_MS - 7 * DAY_MS, None)
        (model,) = store.usage_by("model", NOW_MS - 7 * DAY_MS, None)
    assert day.sums.requests == model.sums.requests == 1
    assert model.label == "unknown"
