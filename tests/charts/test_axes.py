"""What a chart over time stands on."""

import pytest

from drawn import amount, of_class, parsed, texts
from proxypal.charts.axes import BASE, PLOT_HEIGHT, TOP, grid, height_with, level, place, time_axis
from proxypal.charts.scale import scale_for
from proxypal.charts.svg import drawing
from proxypal.charts.time_labels import time_ticks


def test_lines_stand_where_their_figures_say() -> None:
    """The base line is 0, the top line the end of the axis, the others evenly between."""
    scale = scale_for(97, "requests")
    root = parsed(drawing("time", "a", 250, [grid(scale, "requests")]))
    heights = [amount(line, "y1") for line in of_class(root, "grid")]
    assert heights == pytest.approx([BASE, BASE - 50, BASE - 100, BASE - 150, TOP])
    assert texts(root) == ["0", "25", "50", "75", "100"]
    assert level(scale, 50) == BASE - PLOT_HEIGHT / 2


def test_a_label_stands_below_its_place() -> None:
    """The middle of the label is the middle of the bar above."""
    labels = ["2026-01-08", "2026-01-09"]
    root = parsed(drawing("time", "a", 250, [time_axis(time_ticks(labels), 2)]))
    assert [(text.text, text.get("x")) for text in of_class(root, "tick")] == [
        ("Jan 8", "25%"),
        ("Jan 9", "75%"),
    ]


def test_a_place_can_be_pointed_at_over_its_whole_height() -> None:
    """A day with a single request is as easily read as the busiest one."""
    root = parsed(drawing("time", "a", 250, [place(1, 4, "Tue\n1 request", [])]))
    (found,) = of_class(root, "place")
    assert (found.get("x"), found.get("width"), found.get("data-tip")) == (
        "25%",
        "25%",
        "Tue\n1 request",
    )
    assert amount(of_class(root, "area")[0], "height") == PLOT_HEIGHT


def test_room_for_a_second_line_only_where_there_is_one() -> None:
    """A week within a year leaves no hole below its chart; one over the turn has the years."""
    within = time_ticks(["2026-01-08", "2026-01-09"])
    over = time_ticks(["2025-12-31", "2026-01-01"])
    assert height_with(within) < height_with(over) < height_with(within) + 20
