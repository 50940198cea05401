"""A server that has just started is fast from the first look on, and tells nothing it must not."""

import gc
from collections.abc import Iterator
from pathlib import Path

import jinja2
import pytest

from builders import a_request, a_store
from proxypal.clock import now_ms
from proxypal.service.answer_memory import AnswerMemory
from proxypal.service.current_settings import CurrentSettings
from proxypal.service.live_feed import LiveFeed
from proxypal.service.source_board import SourceBoard
from proxypal.store import Store
from proxypal.web.rendering import environment
from proxypal.web.services import Services
from proxypal.web.warming import warm_up


@pytest.fixture(autouse=True)
def _memory_as_before() -> Iterator[None]:
    """The tests that follow are no server."""
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


def services_of(store: Store) -> Services:
    """What a server stands on."""
    board = SourceBoard(store, now_ms, None)
    return Services(
        store=store,
        clock=now_ms,
        feed=LiveFeed(store, board.notices),
        sources=board,
        answers=AnswerMemory(store.sequence, now_ms),
        settings=CurrentSettings(store.path),
    )


def test_the_first_look_compiles_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever opens the page right after the start waits for the page only."""
    with a_store(tmp_path) as store:
        store.record([a_request(timestamp=now_ms()), a_request()])
        warm_up(services_of(store))

    def compiled(*_: object, **__: object) -> None:
        raise AssertionError("a template is compiled")

    monkeypatch.setattr(jinja2.Environment, "compile", compiled)
    for name in environment().list_templates():
        assert environment().get_template(name).name == name


def test_it_takes_memory_out_of_the_collectors_way(tmp_path: Path) -> None:
    """No answer waits for a walk through everything that was loaded at the start."""
    with a_store(tmp_path) as store:
        warm_up(services_of(store))
    assert gc.get_freeze_count() > 10_000


def test_what_cannot_be_read_is_no_reason_not_to_serve(tmp_path: Path) -> None:
    """A store in trouble is told to whoever looks, and ends nothing."""
    with a_store(tmp_path) as store:
        store.record([a_request()])
    warm_up(services_of(store))
