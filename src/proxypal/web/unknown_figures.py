"""Why tokens or cost of what is shown are not known, and the page that helps.

Must not enter: figures that are known, HTML.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from proxypal.records.known_amounts import known_cost, known_tokens
from proxypal.records.usage_metrics import Figures

SOURCES, PRICES = "/settings/sources", "/settings/prices"

NOT_READ = "not known: the usage queue is not read"
NOT_TOLD = "not known: no usage record tells them"


class Unknown(NamedTuple):
    """The reason, and the address where it can be seen to."""

    reason: str
    href: str


def unknown_figures(total: Figures, *, reads_queue: bool) -> Mapping[str, Unknown | None]:
    """By measure, why a total is not known; None where it is.

    `reads_queue`: usage records come, or came once.
    """
    requests, tokens = total.requests or 0, total.tokens or 0
    cost, unpriced = total.cost_usd or Decimal(0), total.unpriced or 0
    untold = Unknown(NOT_TOLD if reads_queue else NOT_READ, SOURCES)
    found: dict[str, Unknown | None] = dict.fromkeys(("requests", "tokens", "cost_usd"))
    if known_tokens(tokens, requests) is None:
        found["tokens"] = untold
    if known_cost(cost, requests=requests, tokens=tokens, unpriced=unpriced) is None:
        found["cost_usd"] = Unknown(f"{unpriced:,} unpriced", PRICES) if unpriced else untold
    return found
