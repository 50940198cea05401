"""How long requests took."""

from drawn import of_class, parsed
from proxypal.charts.percentile_chart import percentile_chart


def test_a_line_for_each_percentile() -> None:
    """Lines in milliseconds, never added up, with a gap where nobody asked anything."""
    labels = ["2026-01-08", "2026-01-09", "2026-01-10"]
    chart = percentile_chart(
        labels,
        {"p50": [900, None, 1100], "p95": [4000, None, 5200], "p99": [9000, None, 12_000]},
        title="Latency",
    )
    lines = of_class(parsed(chart.svg), "line")
    assert [line.get("d", "").count("M") for line in lines] == [2, 2, 2]
    assert [entry.css_class for entry in chart.legend] == [
        "percentile-1",
        "percentile-2",
        "percentile-3",
    ]
    assert chart.header == ["Day", "p50", "p95", "p99"]
    assert chart.rows[0] == ["2026-01-08", "900\xa0ms", "4\xa0s", "9\xa0s"]
