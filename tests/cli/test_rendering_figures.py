"""Figures of usage as short text."""

from decimal import Decimal

import pytest

from proxypal.cli.rendering_figures import adds_up, figure_text, size_of, title_of
from proxypal.records.usage_metrics import METRICS, Figures


@pytest.mark.parametrize("metric", METRICS)
def test_every_figure_has_a_column_of_its_own(metric: str) -> None:
    """Each metric that can be asked for can be shown, and what is not known is a dash."""
    assert [title_of(other) for other in METRICS].count(title_of(metric)) == 1
    unknown = Figures(**{metric: None})
    assert (figure_text(metric, unknown), size_of(metric, unknown)) == ("-", 0)


@pytest.mark.parametrize(
    ("metric", "value", "shown"),
    [
        ("requests", 1_234_567, "1,234,567"),
        ("tokens", 1_234_567, "1.2M"),
        ("success_rate", 0.9996, "99.9 %"),
        ("cost_usd", Decimal("12.346"), "$12.35"),
        ("cost_usd", Decimal(0), "-"),
        ("p95_duration_ms", 1234.5, "1.23 s"),
        ("output_tokens_per_second", 123.45, "123.5/s"),
    ],
)
def test_figures_read_as_their_kind(metric: str, value: object, shown: str) -> None:
    """Counts, tokens, rates, money and durations are written as everywhere else."""
    assert figure_text(metric, Figures(**{metric: value})) == shown  # type: ignore[arg-type]  # any figure's value


def test_rates_and_percentiles_do_not_add_up() -> None:
    """Only what is counted has sums."""
    assert adds_up("requests")
    assert adds_up("cost_usd")
    assert not any(adds_up(metric) for metric in METRICS if metric.endswith("_rate"))
    assert not any(adds_up(metric) for metric in METRICS if metric.endswith("_ms"))
