"""Names and hours that come from elsewhere: under which number, and up to which hour."""

from pathlib import Path

from builders import HOUR_MS, NOW_MS, a_request, a_store, facts_of
from cell_databases import a_database
from proxypal.records.counters import Counters
from proxypal.store.series import OTHER, SeriesIndex, all_series, remember_labels

KEY = ("claude", "opus", "", "", "")


def test_names_of_before_count_under_themselves_beyond_the_cap() -> None:
    """A rebuilt store has room for every name it had; scopes that are no names are passed over."""
    with a_database() as connection:
        remember_labels(connection, [("model", "opus"), ("total", ""), ("day", "2026-01-09")])
        remember_labels(connection, [("provider", "claude"), ("model", "haiku")])
        ((_, counted),) = SeriesIndex().admit(connection, [KEY], cap=0).values()
        assert counted == KEY
        new = ("claude", "gpt-5", "", "", "")
        ((_, counted),) = SeriesIndex().admit(connection, [new], cap=0).values()
        assert counted == ("claude", OTHER, "", "", "")


def test_a_series_is_found_by_its_names_and_back() -> None:
    """Whatever was admitted has one number; a mix with a name nobody gave has none."""
    keys = [KEY, ("claude", "haiku", "k", "a", "log"), ("openai", "opus", "", "", "queue")]
    with a_database() as connection:
        numbers = SeriesIndex().admit(connection, keys, cap=99)
        names = all_series(connection)
        assert [names.number_of(key) for key in keys] == [numbers[key][0] for key in keys]
        assert [names[numbers[key][0]] for key in keys] == keys
        assert names.number_of(("claude", "gpt-5", "", "", "")) is None
        assert names.number_of(("", OTHER, "", "", "")) is not None


def test_the_last_hour_that_can_have_begun_somewhere_is_taken(tmp_path: Path) -> None:
    """Fourteen hours ahead of UTC it is tomorrow already; an hour more is of no zone on earth."""
    facts = facts_of([a_request(timestamp=NOW_MS + hours * HOUR_MS) for hours in (15, 14, 400, 0)])
    facts.sums["model", "last"] = Counters(requests=1)
    with a_store(tmp_path) as store:
        store.import_facts(facts, fingerprint="f1")
        aggregate = store.get_aggregate()
        assert [point.label for point in aggregate.requests_by_hour] == [
            "2026-01-09T12",
            "2026-01-10T02",
        ]
        assert aggregate.model_stats["last"].requests == 1, "what follows such an hour is taken"
