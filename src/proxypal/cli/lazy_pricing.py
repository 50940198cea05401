"""Prices for requests that are pushed, imported when the first one has tokens.

Must not enter: what a price is (`service.pricing`).
"""

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from proxypal.cli.output import say
from proxypal.records.request import RequestLog
from proxypal.store import Store

if TYPE_CHECKING:
    from proxypal.service.pricing import Pricing


class LazyPricing:
    """A `PriceRequests` for `Store.price_with`; problems of the settings are told on stderr."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._pricing: Pricing | None = None

    def __call__(self, requests: Sequence[RequestLog]) -> Sequence[RequestLog]:
        """The same requests with their cost, where it is known."""
        with self._lock:
            if self._pricing is None:
                from proxypal.service.pricing import Pricing  # noqa: PLC0415 - see the docstring

                self._pricing = Pricing.of(self._store, self._store.path)
                for problem in self._pricing.settings.problems:
                    say(f"proxypal: {problem}")
        return self._pricing.price_requests(requests)
