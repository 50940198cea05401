"""Telling a store what log and queue say, and asking it what that came to."""

from typing import Any

import msgspec

from proxypal.records.attempt import Attempt
from proxypal.records.request import RequestLog
from proxypal.store import Store
from proxypal.store.values import (
    QueueBatch,
    QueueOutcome,
    SourceBatch,
    SourceOutcome,
    StoredPosition,
)

QUEUE = "http://127.0.0.1:8317"


def told(store: Store, *attempts: Attempt, **more: Any) -> QueueOutcome:
    """The queue hands out attempts."""
    return store.record_attempts(
        msgspec.structs.replace(QueueBatch(source=QUEUE, attempts=attempts), **more)
    )


class Log:
    """A log that is read on and on."""

    def __init__(self, store: Store, name: str = "main.log") -> None:
        self._store = store
        self._name = name
        self._position: StoredPosition | None = None

    def goes_to(self, store: Store) -> None:
        """Go on with the same store, opened again."""
        self._store = store

    def says(self, *lines: RequestLog) -> SourceOutcome:
        """The log goes on with these lines."""
        outcome = self._store.record_batch(
            SourceBatch(
                source=self._name,
                start=self._position,
                generation=self._store.positions().generation,
                state=b"{}",
                requests=lines,
            )
        )
        self._position = outcome.position
        return outcome


def books(store: Store) -> tuple[int, int, int, int]:
    """Requests, successes, tokens in, tokens out."""
    stats = store.get_aggregate()
    return (
        stats.total_requests,
        stats.total_success_count,
        stats.total_tokens_in,
        stats.total_tokens_out,
    )


def is_sound(store: Store) -> bool:
    """Whether the store's own recount finds nothing off."""
    return all(finding.ok for finding in store.check())
