"""What a chart says to those who do not see it."""

from proxypal.charts.time_summary import summary_of


def plain(text: str) -> str:
    return text.replace("\xa0", " ")


def test_sums_and_the_busiest_time() -> None:
    """How much, when most, and who: in two sentences."""
    labels = ["2026-01-08", "2026-01-09"]
    values = [[3.0, 6.0], [0.0, 1.0]]
    assert plain(summary_of(labels, ["claude", "openai"], values, unit="requests", sums=True)) == (
        "2 days, Thu, Jan 8, 2026 to Fri, Jan 9, 2026. 10 requests in all, "
        "most on Fri, Jan 9, 2026: 7 requests. Largest: claude 90.0 %, openai 10.0 %."
    )


def test_ranges_of_what_does_not_add_up() -> None:
    """Percentiles are told from the lowest to the highest; what is not known is left out."""
    labels = ["2026-01", "2026-02"]
    values: list[list[float | None]] = [[1000.0, 2000.0], [None, 9000.0], [None, None]]
    assert plain(summary_of(labels, ["p50", "p99", "p100"], values, unit="ms", sums=False)) == (
        "2 months, Jan 2026 to Feb 2026. p50 1 s to 2 s; p99 9 s to 9 s."
    )


def test_nothing() -> None:
    """No figures are a sentence too."""
    assert summary_of([], [], [], unit="usd", sums=True) == "No cost (US$) in this range."
