"""The colours of a chart follow the place, and the rest is always grey."""

from proxypal.charts.chart import COLOURS, REST, series_class
from proxypal.records.usage_answer import OTHER


def test_colours_by_place() -> None:
    """Eight series have a colour each; what comes after is told apart by its name only."""
    assert [series_class(place) for place in range(COLOURS)] == [
        f"series-{n}" for n in range(1, COLOURS + 1)
    ]
    assert series_class(COLOURS) == "series-rest"


def test_what_an_answer_folds_is_grey() -> None:
    """The rest beyond the top looks like a rest, wherever it stands."""
    assert REST == OTHER
    assert series_class(0, OTHER) == "series-rest"
