"""Markup is made in one place that lets nothing through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawn import HOSTILE, parsed, texts
from proxypal.charts.svg import at, drawing, element, number, text, tip


@given(st.text(st.characters()))
def test_any_text_stays_text(content: str) -> None:
    """Whatever is written or told, it is read back as text and nothing else."""
    svg = drawing("time", content, 10, [text(content, data_tip=tip(content, content))])
    root = parsed(svg)
    assert [element.tag.rpartition("}")[2] for element in root.iter()] == ["svg", "text"]


def test_hostile_text_is_shown() -> None:
    """A name that is markup is seen as it was written."""
    (shown,) = texts(parsed(drawing("time", HOSTILE, 10, [text(HOSTILE)])))
    assert shown.startswith("<img src=x onerror=alert(1)>")


def test_lines_of_a_tip_stay_lines() -> None:
    """A tip has a fact a line, and a name cannot add a line of its own."""
    root = parsed(drawing("time", "a", 10, [text("x", data_tip=tip("one", "two\nthree"))]))
    assert [child.get("data-tip") for child in root] == ["one\ntwo\\nthree"]


def test_numbers_are_short() -> None:
    """A page is not filled with decimals nobody sees."""
    assert number(1 / 3) == "0.3"
    assert number(100.0) == "100"
    assert number(-0.01) == "0"
    assert at(1 / 3) == "33.33%"
    assert element("rect", x=1.25, rx=None, css="bar") == '<rect x="1.2" class="bar"/>'


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_is_not_drawn(value: float) -> None:
    """A mistake is found here, not by a browser that draws nothing."""
    with pytest.raises(ValueError, match="cannot be drawn"):
        number(value)


def test_a_drawing_has_a_name() -> None:
    """A screen reader is told what it is, and told once."""
    root = parsed(drawing("time", "Requests. 3 in all.", 10, [], view=(20, 10)))
    assert root.get("role") == "img"
    assert root.get("aria-label") == "Requests. 3 in all."
    assert root.get("viewBox") == "0 0 20 10"
