"""All that is known of one request: who told it, and how its cost comes about."""

from decimal import Decimal
from typing import Any

import pytest

from builders import a_request, at
from proxypal.records.request import RequestLog
from proxypal.service.pricing import Pricing
from proxypal.service.request_details import cost_breakdown, told_by
from proxypal.service.settings_file import parse_settings

OWN = b"""
[prices."mine"]
input = 2
cache_read = 0.2
output = 10

[aliases]
"disguise" = "mine"
"""
PRICING = Pricing(parse_settings(OWN))


def _priced(**changes: Any) -> RequestLog:
    (request,) = PRICING.price_requests([a_request(**{"model": "mine", **changes})])
    return request


def test_the_lines_add_up_to_the_cost() -> None:
    """Tokens times price, kind by kind, is what was recorded: to the last digit."""
    found = cost_breakdown(_priced(tokens_in=1000, tokens_cached=600, tokens_out=7), PRICING)
    assert found.standing == "priced"
    assert [(line.kind, line.tokens, line.usd_per_million) for line in found.lines] == [
        ("Input, not cached", 400, 2),
        ("Input, read from cache", 600, Decimal("0.2")),
        ("Output", 7, 10),
    ]
    assert sum(line.cost_usd for line in found.lines) == found.recorded_usd == Decimal("0.00099")
    assert (found.origin, found.entry, found.alias) == ("settings.toml", "mine", "")


def test_the_price_is_that_of_its_day() -> None:
    """A request of last year is explained by last year's price, and says how long it held."""
    request = a_request(provider="openai", model="o3", timestamp=at("2025-05-01T12:00"))
    (request,) = PRICING.price_requests([request])
    found = cost_breakdown(request, PRICING)
    assert found.standing == "priced"
    assert found.lines[0].usd_per_million == 10
    assert (found.origin, found.entry, found.until) == ("genai-prices", "openai/o3", "2025-06-10")
    assert found.version


def test_an_alias_is_told() -> None:
    """Whose price it is stands there, where it is that of another model."""
    found = cost_breakdown(_priced(model="disguise"), PRICING)
    assert (found.standing, found.alias, found.entry) == ("priced", "mine", "mine")


def test_a_recorded_cost_that_is_another_is_never_explained_away() -> None:
    """What was recorded counts; the sum beside it is not passed off as its making."""
    found = cost_breakdown(a_request(model="mine", cost_usd=Decimal(3)), PRICING)
    assert (found.standing, found.recorded_usd) == ("otherwise", Decimal(3))
    assert found.total_usd != 3
    unknown = cost_breakdown(a_request(model="nobody-knows", cost_usd=Decimal(3)), PRICING)
    assert (unknown.standing, unknown.recorded_usd) == ("otherwise", Decimal(3))
    assert not unknown.lines


@pytest.mark.parametrize(
    ("changes", "standing", "reason"),
    [
        ({"model": "nobody-knows"}, "unpriced", "does not know it"),
        ({"model": "mine"}, "unpriced", ""),
        ({"tokens_in": None, "tokens_out": None}, "no tokens", ""),
        ({"tokens_in": 5, "tokens_cached": 6}, "contradiction", ""),
    ],
)
def test_without_a_cost_the_reason_is_said(
    changes: dict[str, Any], standing: str, reason: str
) -> None:
    """Never $0 by silence: why there is no cost is told."""
    found = cost_breakdown(a_request(**changes), PRICING)
    assert (found.standing, found.recorded_usd) == (standing, None)
    assert reason in found.reason


def test_large_inputs_name_their_tier() -> None:
    """A model that charges more for long inputs says which rates these are."""
    request = a_request(provider="claude", model="claude-sonnet-4-5", tokens_in=300_000)
    (request,) = PRICING.price_requests([request])
    found = cost_breakdown(request, PRICING)
    assert (found.standing, found.above_input) == ("priced", 200_000)
    assert found.lines[0].usd_per_million == 6


@pytest.mark.parametrize(
    ("source", "field", "who"),
    [
        ("log+queue", "path", "log"),
        ("log+queue", "tokens_in", "queue"),
        ("log+queue", "model", ""),
        ("queue", "path", "queue"),
        ("log", "status", "log"),
        (None, "path", ""),
        ("import", "path", ""),
    ],
)
def test_who_told_a_field(source: str | None, field: str, who: str) -> None:
    """Facts of the log and of the usage queue can be told apart."""
    assert told_by(a_request(source=source), field) == who
