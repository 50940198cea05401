"""Spans of time when the store does not know which model every request used."""

from pathlib import Path

from builders import DAY_MS, NOW_MS, a_request, a_store, facts_of


def test_a_span_keeps_its_numbers_when_the_database_is_lost(tmp_path: Path) -> None:
    """A rebuilt store has every day and hour of a span; what it cannot attribute is `unknown`."""
    with a_store(tmp_path) as store:
        store.record(
            a_request(timestamp=NOW_MS - age * DAY_MS, model="gpt-5") for age in (0, 1, 1, 60)
        )
        since = NOW_MS - 3 * DAY_MS
        days = store.usage_by("day", since, None)
        hours = store.usage_by("hour", since, None)
    (tmp_path / "proxypal.db").unlink()
    with a_store(tmp_path) as store:
        assert store.usage_by("day", since, None) == days
        assert store.usage_by("hour", since, None) == hours
        (unknown,) = store.usage_by("model", since, None)
        assert (unknown.label, unknown.sums.requests) == ("unknown", 3)
        store.record([a_request(timestamp=NOW_MS, model="gpt-5")])
        models = {row.label: row.sums.requests for row in store.usage_by("model", since, None)}
    assert models == {"gpt-5": 1, "unknown": 3}


def test_an_imported_day_is_in_its_span(tmp_path: Path) -> None:
    """Days that were imported without hours count in every span of whole days that holds them."""
    with a_store(tmp_path) as store:
        request = a_request(timestamp=NOW_MS - 5 * DAY_MS)
        store.import_facts(facts_of([request]), fingerprint="one file")
        (day,) = store.usage_by("day", NOW_MS - 7 * DAY_MS, None)
        (model,) = store.usage_by("model", NOW_MS - 7 * DAY_MS, None)
    assert day.sums.requests == model.sums.requests == 1
    assert model.label == "unknown"
