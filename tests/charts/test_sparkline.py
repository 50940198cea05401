"""The small line beside a figure."""

from hypothesis import given
from hypothesis import strategies as st

from drawn import of_class, parsed, values
from proxypal.charts.sparkline import sparkline


@given(st.lists(values(), max_size=50))
def test_any_values_make_a_line_or_nothing(found: list[float | None]) -> None:
    """Valid markup that readers skip, and nothing at all for a single value."""
    drawn = sparkline(found)
    if len(found) < 2:
        assert drawn == ""
        return
    root = parsed(drawn)
    assert root.get("aria-hidden") == "true"
    (line,) = of_class(root, "line")
    assert line.get("d", "").count("L") == len(found) - 1


def test_it_stands_on_nothing() -> None:
    """Its base is 0 and its top the largest value, so that a small change looks small."""
    (line,) = of_class(parsed(sparkline([0, 50, 100])), "line")
    assert line.get("d") == "M0 25L50 14L100 3"
