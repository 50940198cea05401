"""Why tokens or cost are not known, and where that can be seen to."""

from decimal import Decimal

from proxypal.records.usage_metrics import Figures
from proxypal.web.unknown_figures import NOT_READ, NOT_TOLD, PRICES, SOURCES, unknown_figures


def _why(**figures: int | Decimal) -> dict[str, tuple[str, str] | None]:
    return dict(unknown_figures(Figures(**figures), reads_queue=False))  # type: ignore[arg-type]  # by name


def test_a_log_alone_leads_to_the_sources() -> None:
    """Neither tokens nor cost are known, for one reason; with a queue for another."""
    found = _why(requests=4, tokens=0, cost_usd=Decimal(0), unpriced=0)
    assert found["tokens"] == found["cost_usd"] == (NOT_READ, SOURCES)
    total = Figures(requests=4, tokens=0)
    assert unknown_figures(total, reads_queue=True)["tokens"] == (NOT_TOLD, SOURCES)


def test_models_without_a_price_lead_to_the_prices() -> None:
    """Tokens are known then, the cost is not."""
    found = _why(requests=1200, tokens=9, cost_usd=Decimal(0), unpriced=1200)
    assert found["tokens"] is None
    assert found["cost_usd"] == ("1,200 unpriced", PRICES)


def test_what_is_known_has_no_reason() -> None:
    """A cost that covers only a part is known, and so is that of a free model."""
    for cost, unpriced in ((1, 1), (0, 0)):
        found = _why(requests=2, tokens=9, cost_usd=Decimal(cost), unpriced=unpriced)
        assert set(found.values()) == {None}
