"""`from proxypal import ...`."""

import subprocess
import sys
from pathlib import Path

import pytest

import proxypal


@pytest.mark.parametrize("name", proxypal.__all__)
def test_every_public_name_can_be_imported(name: str) -> None:
    """Everything in __all__ exists, and dir() shows it."""
    assert getattr(proxypal, name) is not None
    assert name in dir(proxypal)


def test_an_unknown_name_is_an_attribute_error() -> None:
    """A misspelt import fails as it does with any module."""
    with pytest.raises(AttributeError, match="has no attribute 'Shop'"):
        _ = proxypal.Shop


def test_the_import_itself_costs_nothing() -> None:
    """`import proxypal` loads neither SQLite nor the encoder."""
    code = "import sys, proxypal; print([m for m in ('sqlite3', 'msgspec') if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert shown.stdout.strip() == b"[]"


def test_the_seeds_own_words_work(tmp_path: Path) -> None:
    """Record, ask, clear, reset: the library reads as the design names it."""
    with proxypal.Store(tmp_path) as store:
        store.record([proxypal.RequestLog(model="gpt-5", path="/v1/responses", status=200)])
        assert store.get_usage_stats().total_requests == 1
        assert len(store.get_request_history().requests) == 1
        assert store.clear_request_history() is not None
        store.reset_aggregate_stats()
        assert store.get_usage_stats().total_requests == 0


def test_a_question_is_asked_in_words(tmp_path: Path) -> None:
    """Any range, grouping and figure, as on the command line; nonsense says why."""
    with proxypal.Store(tmp_path) as store:
        store.record([proxypal.RequestLog(model="gpt-5", path="/v1/responses", status=200)])
        words = proxypal.QueryWords(range="today", by=["model"], metrics=["requests"])
        answer = store.query(words)
        assert [(row.labels, row.requests) for row in answer.rows] == [(["gpt-5"], 1)]
        with pytest.raises(proxypal.ProxypalError, match="'colour' is nothing to group by"):
            store.query(proxypal.QueryWords(by=["colour"]))
