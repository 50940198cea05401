"""Parts of a whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawn import amount, names, of_class, parsed, texts, tips, values, whole_is_safe
from proxypal.charts.chart import Bar
from proxypal.charts.donut import donut

PARTS = st.lists(
    st.builds(Bar, names(), values(), st.just(""), names()),
    max_size=10,
)


@given(PARTS, st.sampled_from(["requests", "usd", "tokens"]), names())
def test_any_parts_make_a_valid_drawing(parts: list[Bar], unit: str, title: str) -> None:
    """Whatever names and figures, valid markup and a legend for each part."""
    chart = donut(parts, title=title, unit=unit)
    parsed(chart.svg)
    whole_is_safe(chart)
    assert len(chart.legend) == len(chart.rows) == len(parts)


@given(st.lists(st.floats(0.5, 100), min_size=1, max_size=9))
def test_arcs_are_proportional_and_close_the_ring(sizes: list[float]) -> None:
    """Each part is as long as its share, begins where the last one ended, and none is missing."""
    chart = donut([Bar(str(n), size) for n, size in enumerate(sizes)], title="M", unit="usd")
    arcs = [arc for arc in of_class(parsed(chart.svg), "arc") if arc.get("data-tip")]
    start = 0.0
    for size, arc in zip(sizes, arcs, strict=True):
        share = size / sum(sizes) * 1000
        drawn, free = (float(part) for part in arc.get("stroke-dasharray", "").split())
        assert drawn + free == pytest.approx(1000, abs=0.02)
        assert share - 6.02 <= drawn <= share + 0.02
        assert -amount(arc, "stroke-dashoffset") == pytest.approx(start, abs=0.1)
        start += share
    assert start == pytest.approx(1000)


def test_one_part_is_a_whole_ring() -> None:
    """With a single provider nothing is left free."""
    chart = donut([Bar("claude", 12)], title="M", unit="requests")
    arc = of_class(parsed(chart.svg), "arc")[-1]
    assert arc.get("stroke-dasharray") == "1000.00 0.00"


def test_middle_legend_and_tips_have_the_figures() -> None:
    """The whole in the middle, the parts beside it."""
    chart = donut([Bar("claude", 3_000_000), Bar("other", 1_000_000)], title="T", unit="tokens")
    root = parsed(chart.svg)
    assert texts(root) == ["4\xa0M", "tokens"]
    assert chart.legend[1] == ("other", "series-rest", "1\xa0M\xa0· 25.0\xa0%")
    assert tips(root)[0] == "claude\n3,000,000\xa0tokens\n75.0\xa0%"
    assert chart.summary.startswith("4,000,000\xa0tokens in all: claude 75.0")


def test_nothing_says_so() -> None:
    """Without figures there are words and an empty ring."""
    chart = donut([Bar("claude", 0)], title="T", unit="tokens")
    assert chart.is_empty
    assert texts(parsed(chart.svg)) == ["none"]
    assert chart.summary == "No tokens in this range."
