"""When in the week."""

from hypothesis import given
from hypothesis import strategies as st

from drawn import names, of_class, parsed, texts, tips, values, whole_is_safe
from proxypal.charts.heatmap import SHADES, weekday_hour_heatmap

CELLS = st.dictionaries(
    st.tuples(st.integers(-1, 8), st.integers(-1, 25)),
    values().filter(lambda value: value is not None),
    max_size=20,
)


@given(CELLS, names(), st.sampled_from(["requests", "usd", "tokens"]))
def test_any_cells_make_a_whole_week(
    cells: dict[tuple[int, int], float], title: str, unit: str
) -> None:
    """Seven days of 24 hours every time; what is no hour of a week is left out."""
    chart = weekday_hour_heatmap(cells, title=title, unit=unit)
    assert len(of_class(parsed(chart.svg), "cell")) == 7 * 24
    whole_is_safe(chart)
    assert len(chart.rows) == 24


@given(st.dictionaries(st.tuples(st.integers(0, 6), st.integers(0, 23)), st.integers(1, 1000)))
def test_darker_is_more(cells: dict[tuple[int, int], int]) -> None:
    """The most has the darkest shade, something is never shown as nothing, shades are ordered."""
    chart = weekday_hour_heatmap(cells, title="Week", unit="requests")
    found = of_class(parsed(chart.svg), "cell")
    shades = [int(cell.get("class", "").rpartition("-")[2]) for cell in found]
    sizes = [cells.get((day, hour), 0) for day in range(7) for hour in range(24)]
    ordered = sorted(zip(sizes, shades, strict=True))
    assert [shade for _, shade in ordered] == sorted(shades)
    assert all(bool(shade) == bool(size) for size, shade in ordered)
    assert not cells or max(shades) == SHADES


def test_a_cell_says_what_it_is() -> None:
    """Pointing at a cell tells day, hour and figure; the words tell the most."""
    chart = weekday_hour_heatmap({(2, 14): 199, (3, 9): 100}, title="Week", unit="requests")
    assert "Wed 14:00\n199\xa0requests" in tips(parsed(chart.svg))
    assert chart.summary == (
        "Most on Wed from 14:00: 199\xa0requests. Busiest day: Wed, 199\xa0requests."
    )
    assert [entry.name for entry in chart.legend] == [
        "none",
        "up to 39",
        "up to 79",
        "up to 119",
        "up to 159",
        "up to 199",
    ]


def test_a_legend_repeats_nothing() -> None:
    """With three requests there are not five shades to explain."""
    chart = weekday_hour_heatmap({(0, 0): 3, (0, 1): 1}, title="Week", unit="requests")
    told = [entry.name for entry in chart.legend]
    assert len(told) == len(set(told))


def test_nothing_says_so() -> None:
    """A week without requests has words in its middle."""
    chart = weekday_hour_heatmap({}, title="Week", unit="requests")
    assert chart.is_empty
    assert "No requests in this range" in texts(parsed(chart.svg))
