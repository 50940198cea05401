"""How long requests took: a line for each percentile over time.

Must not enter: how percentiles are found.
"""

from collections.abc import Mapping, Sequence

from proxypal.charts.chart import Chart, Number, Series
from proxypal.charts.time_chart import time_chart

_CLASSES = ("percentile-1", "percentile-2", "percentile-3")


def percentile_chart(
    labels: Sequence[str], percentiles: Mapping[str, Sequence[Number | None]], *, title: str
) -> Chart:
    """Lines of milliseconds, lowest percentile first (`{"p50": [...], "p95": [...]}`).

    Times without a request are None: a gap in the line, not nothing.

    Raises:
        ValueError: a percentile has not as many values as there are labels.
    """
    series = [
        Series(name, values, _CLASSES[place] if place < len(_CLASSES) else "")
        for place, (name, values) in enumerate(percentiles.items())
    ]
    return time_chart(labels, series, title=title, unit="ms", stacked=False, kind="lines")
