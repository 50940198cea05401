"""What every page and call stands on, made once by `serve` and handed to each.

Must not enter: HTTP.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from proxypal.clock import Clock
from proxypal.service.answer_memory import AnswerMemory
from proxypal.service.live_feed import LiveFeed
from proxypal.service.settings_file import Settings
from proxypal.service.source_board import SourceBoard
from proxypal.store import Store

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Services:
    """The store and what is known beside it.

    `settings` reads `settings.toml` again if it changed. `feed` tells what happens, `sources` how
    the sources are, `answers` remembers what was computed since the last change.
    """

    store: Store
    clock: Clock
    feed: LiveFeed
    sources: SourceBoard
    answers: AnswerMemory
    settings: Callable[[], Settings]

    @property
    def data_directory(self) -> Path:
        """Where the store is."""
        return self.store.path

    def once(self, key: str, make: Callable[[], T]) -> T:
        """What `make` gives: computed once per `key` and change of the store, for all clients."""
        return self.answers.once(key, make)
