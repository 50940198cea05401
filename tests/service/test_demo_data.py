"""A store full of invented traffic: sound, complete, and never where something is already."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders import DAY_MS, NOW_MS, SetClock, a_store
from proxypal.errors import CannotWrite, WrongUsage
from proxypal.service.demo_cast import KEYS, UNPRICED
from proxypal.service.demo_data import fill_with_demo, keep_coming
from proxypal.service.demo_traffic import DAYS, LiveTraffic
from proxypal.service.settings_file import read_settings
from proxypal.store import Store


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the data was made that the tests only read."""
    directory = tmp_path_factory.mktemp("demo") / "data"
    fill_with_demo(directory, NOW_MS, zone="UTC")
    return directory


@pytest.fixture
def store(demo: Path) -> Iterator[Store]:
    """That store, read as it is left."""
    with Store(demo, read_only=True, clock=SetClock()) as found:
        yield found


def test_it_is_a_sound_store(store: Store) -> None:
    """Doctor finds nothing, all is in the totals and the newest 500 are in the history."""
    assert [finding for finding in store.check() if not finding.ok] == []
    assert store.get_usage_stats().total_requests > 20_000
    assert len(store.get_request_history().requests) == 500


def test_it_looks_as_if_it_had_been_there_all_the_time(store: Store) -> None:
    """It was tracked since the first of the ninety days, and the newest request is of now."""
    assert store.get_aggregate().created_at == NOW_MS - DAYS * DAY_MS
    assert NOW_MS - 120_000 < store.get_request_history().requests[-1].timestamp <= NOW_MS


def test_one_model_has_no_price_and_the_others_have(store: Store) -> None:
    """Costs are those of the price list, and what is unpriced is one model, counted as such."""
    rows = {row.label: row.sums for row in store.usage_by("model", None, None)}
    assert {name for name, sums in rows.items() if sums.unpriced} == {UNPRICED}
    assert {name for name, sums in rows.items() if not sums.cost_usd} == {UNPRICED}


def test_keys_have_names_and_budgets_are_read(demo: Path) -> None:
    """The settings that come with it have no problem."""
    settings = read_settings(demo)
    assert settings.problems == ()
    assert settings.names == KEYS
    assert isinstance(settings.budget, list)


def test_it_is_never_mixed_with_other_data(tmp_path: Path) -> None:
    """A directory with anything in it is refused and stays as it is."""
    with a_store(tmp_path / "mine") as mine:
        before = mine.get_usage_stats()
    with pytest.raises(WrongUsage, match="never mixed"):
        fill_with_demo(tmp_path / "mine", NOW_MS)
    with a_store(tmp_path / "mine") as mine:
        assert mine.get_usage_stats() == before


def test_where_nothing_can_be_made_it_says_so(tmp_path: Path) -> None:
    """A file in the way is a sentence that names it."""
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotWrite, match="file"):
        fill_with_demo(tmp_path / "file", NOW_MS)


def test_requests_keep_coming(tmp_path: Path) -> None:
    """Live, a new request is recorded every few seconds, until it is told to stop."""
    stop = threading.Event()
    eager = min(range(100), key=lambda seed: LiveTraffic(seed).pause_s())
    with a_store(tmp_path) as store:
        before = store.sequence()
        coming = threading.Thread(
            target=keep_coming, args=(store, stop), kwargs={"clock": SetClock(), "seed": eager}
        )
        coming.start()
        while store.sequence() == before:
            stop.wait(0.05)
        stop.set()
        coming.join()
        assert store.get_usage_stats().total_requests >= 1
