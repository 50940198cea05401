"""How much went well."""

import pytest
from hypothesis import given

from drawn import HOSTILE, names, of_class, parsed, texts, values, whole_is_safe
from proxypal.charts.gauge import gauge


@given(values(), names(), names())
def test_any_share_makes_a_valid_drawing(share: float | None, title: str, note: str) -> None:
    """Whatever it is of, and be it no share at all."""
    chart = gauge(share, title=title, note=note)
    parsed(chart.svg)
    whole_is_safe(chart)


@pytest.mark.parametrize(
    ("share", "css"), [(1.0, "gauge-good"), (0.9, "gauge-fair"), (0.5, "gauge-poor")]
)
def test_the_colour_follows_the_figure(share: float, css: str) -> None:
    """Good, fair and poor look different; the figure says it exactly."""
    chart = gauge(share, title="Success")
    (arc,) = of_class(parsed(chart.svg), css)
    expected = None if share == 1 else f"{share * 1000:.2f} 2000"
    assert arc.get("stroke-dasharray") == expected


def test_one_failure_is_not_hidden() -> None:
    """99,999 of 100,000 is not 100 %."""
    assert texts(parsed(gauge(0.99999, title="Success").svg))[0] == "99.9\xa0%"


def test_nothing_says_so() -> None:
    """Before the first request there is no rate, neither 0 nor 100 %."""
    chart = gauge(None, title="Success")
    assert texts(parsed(chart.svg)) == ["–", "no requests in this range"]  # noqa: RUF001 - the dash of what is not known
    assert chart.is_empty


def test_the_note_is_text() -> None:
    """What stands below is escaped like everything."""
    assert texts(parsed(gauge(0.5, title="S", note=HOSTILE).svg))[1].startswith("<img")
