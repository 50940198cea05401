"""What prices the rows of an imported file, as far as an import needs to know of it.

`service.pricing.Pricing` is one. Must not enter: prices.
"""

from collections.abc import Sequence
from typing import Protocol

from proxypal.records.attempt import Attempt
from proxypal.records.request import RequestLog


class Prices(Protocol):
    """Fills in the cost of what has tokens, a price at its own time, and no cost yet."""

    def price_attempts(self, attempts: Sequence[Attempt], /) -> Sequence[Attempt]:
        """The attempts in their order."""
        ...

    def price_requests(self, requests: Sequence[RequestLog], /) -> Sequence[RequestLog]:
        """The requests in their order."""
        ...


class NoPrices:
    """Knows no price: what has no cost of its own stays unpriced."""

    def price_attempts(self, attempts: Sequence[Attempt], /) -> Sequence[Attempt]:
        """See `Prices.price_attempts`."""
        return attempts

    def price_requests(self, requests: Sequence[RequestLog], /) -> Sequence[RequestLog]:
        """See `Prices.price_requests`."""
        return requests


NO_PRICES = NoPrices()
