"""A chart over time in a sentence or two, for those who do not see it.

Must not enter: markup.
"""

from collections.abc import Sequence

from proxypal.charts.figures_text import figure, part_of, unit_title
from proxypal.charts.time_labels import noun_of, spoken

_NAMED = 3


def summary_of(
    labels: Sequence[str],
    names: Sequence[str],
    values: Sequence[Sequence[float | None]],
    *,
    unit: str,
    sums: bool,
) -> str:
    """What the figures say. `sums`: they may be added up."""
    if not any(value for one in values for value in one):
        return f"No {unit_title(unit)} in this range."
    noun = noun_of(labels)
    span = f"One {noun} only, {spoken(labels[0])}"
    if len(labels) > 1:
        span = f"{len(labels)} {noun}s, {spoken(labels[0])} to {spoken(labels[-1])}"
    found = _of_sums if sums else _of_ranges
    return f"{span}. {found(labels, names, values, unit)}"


def _of_sums(
    labels: Sequence[str],
    names: Sequence[str],
    values: Sequence[Sequence[float | None]],
    unit: str,
) -> str:
    columns = [sum(value or 0 for value in column) for column in zip(*values, strict=True)]
    total, most = sum(columns), max(columns)
    sentence = f"{figure(total, unit)} in all"
    if len(columns) > 1:
        sentence += f", most on {spoken(labels[columns.index(most)])}: {figure(most, unit)}"
    shares = sorted(
        ((sum(value or 0 for value in one), name) for one, name in zip(values, names, strict=True)),
        reverse=True,
    )
    if len(shares) == 1:
        return f"{sentence}."
    told = [f"{name} {part_of(size, total)}" for size, name in shares[:_NAMED] if size]
    return f"{sentence}. Largest: {', '.join(told)}."


def _of_ranges(
    labels: Sequence[str],
    names: Sequence[str],
    values: Sequence[Sequence[float | None]],
    unit: str,
) -> str:
    del labels
    told = []
    for name, one in zip(names, values, strict=True):
        known = [value for value in one if value is not None]
        if known:
            told.append(f"{name} {figure(min(known), unit)} to {figure(max(known), unit)}")
    return f"{'; '.join(told)}."
