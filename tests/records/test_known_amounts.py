"""Nothing known is not $0: sums of requests that told no tokens, or have no price."""

from decimal import Decimal

import pytest

from proxypal.records.known_amounts import known_cost, known_tokens


@pytest.mark.parametrize(
    ("tokens", "requests", "known"),
    [(0, 12, None), (0, 0, 0), (7, 12, 7), (7, 0, 7)],
)
def test_requests_without_tokens_do_not_have_none(
    tokens: int, requests: int, known: int | None
) -> None:
    """Twelve requests of a log used some tokens; no request at all used none."""
    assert known_tokens(tokens, requests) == known


@pytest.mark.parametrize(
    ("cost", "tokens", "unpriced", "known"),
    [
        ("0", 0, 0, None),
        ("0", 900, 3, None),
        ("0", 900, 0, Decimal(0)),
        ("0.5", 900, 3, Decimal("0.5")),
        ("0.5", 0, 0, Decimal("0.5")),
    ],
)
def test_nothing_is_a_cost_only_of_what_has_a_price(
    cost: str, tokens: int, unpriced: int, known: Decimal | None
) -> None:
    """Free models cost $0; without tokens, or with none that has a price, nobody knows."""
    assert known_cost(Decimal(cost), tokens=tokens, unpriced=unpriced) == known


def test_an_amount_alone_is_known_unless_it_is_nothing() -> None:
    """Where it is not told what the money is of, nothing may be anything."""
    assert known_cost(Decimal(0)) is None
    assert known_cost(Decimal(2)) == 2


def test_no_request_costs_nothing() -> None:
    """A day without a request is known to have cost $0."""
    assert known_cost(Decimal(0), requests=0) == 0
