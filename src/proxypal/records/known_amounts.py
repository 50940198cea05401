"""What sums of tokens and money say, and what they leave unsaid: nothing known is not $0. Pure.

A log tells of requests without their tokens; a model without a price has tokens and no cost. Sums
count both as nothing. Must not enter: how a figure is written.
"""

from decimal import Decimal


def known_tokens(tokens: int, requests: int) -> int | None:
    """The sum of tokens; None where there were `requests` and none of them told any."""
    return None if requests and not tokens else tokens


def known_cost(
    cost_usd: Decimal, *, requests: int = 1, tokens: int = 0, unpriced: int = 0
) -> Decimal | None:
    """The sum of US dollars; None where there were `requests` and none has tokens and a price.

    Nothing is a cost only of `tokens` none of which is `unpriced`: those of a free model. Where
    these are not told, nothing is not known.
    """
    is_told = cost_usd or not requests or (tokens and not unpriced)
    return cost_usd if is_told else None
