"""Budgets as text. Amounts and sentences need no library; the table does.

Must not enter: what a budget is measured by.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from proxypal.cli.rendering_text import (
    NOTHING,
    counted,
    harmless,
    money,
    rate,
    short_count,
)
from proxypal.records.budget import BudgetState
from proxypal.service.budgets import Standing

if TYPE_CHECKING:
    from rich.table import Table

_ADVERBS = {"day": "today", "week": "this week", "month": "this month"}


def amount(state: BudgetState, value: Decimal) -> str:
    """`$12.30`, `1.2M tokens`, `1,200 requests`."""
    return _bare(state, value) if state.unit == "usd" else f"{_bare(state, value)} {state.unit}"


def _bare(state: BudgetState, value: Decimal) -> str:
    return money(value) if state.unit == "usd" else short_count(int(value))


def passed_line(state: BudgetState) -> str:
    """`NAME: $52.10 spent of $50.00 this week`."""
    spent, limit = amount(state, state.spent), amount(state, state.limit)
    return f"{harmless(state.name)}: {spent} spent of {limit} {_ADVERBS[state.per]}"


def short_line(state: BudgetState) -> str:
    """`NAME 83.0 % of $50.00`, or that it is passed: a part of a status line."""
    limit = amount(state, state.limit)
    if state.is_passed:
        return f"{harmless(state.name)} passed: {amount(state, state.spent)} of {limit}"
    return f"{harmless(state.name)} {rate(state.share or 0)} of {limit}"


def budget_table(standings: Sequence[Standing], wheres: Sequence[Sequence[str]]) -> "Table":
    """A line per budget; `wheres` are the conditions of each as they are shown."""
    from rich.text import Text  # noqa: PLC0415 - a status line does without

    from proxypal.cli.rendering_console import is_narrow, name_cell, new_table  # noqa: PLC0415 - the same
    from proxypal.cli.rendering_section import share_bar  # noqa: PLC0415 - the same

    has_bars, has_where = not is_narrow(), any(wheres)
    names = ["budget", "per", "spent", *([""] if has_bars else []), "share", "limit", "left"]
    names += ["forecast", "state", *(["where"] if has_where else [])]
    table = new_table("", *names, numbers="spent share limit left forecast", flexible="where")
    for (state, _), where in zip(standings, wheres, strict=True):
        table.add_row(
            name_cell(state.name),
            state.per,
            _bare(state, state.spent),
            *([share_bar(min(1, state.share or 0), 1)] if has_bars else []),
            NOTHING if state.share is None else rate(state.share),
            amount(state, state.limit),
            _left(state),
            NOTHING if state.forecast is None else _bare(state, state.forecast),
            Text(_word(state), style=_style(state)),
            *([name_cell(" and ".join(where))] if has_where else []),
        )
    return table


def _left(state: BudgetState) -> str:
    if state.remaining >= 0:
        return _bare(state, state.remaining)
    return f"{_bare(state, -state.remaining)} over"


def _word(state: BudgetState) -> str:
    if state.is_passed:
        return "passed"
    return "will pass" if state.will_pass else "ok"


def _style(state: BudgetState) -> str:
    if state.is_passed:
        return "red"
    return "yellow" if state.will_pass else "green"


def remarks(standings: Sequence[Standing]) -> list[str]:
    """What the figures do not cover, a sentence each."""
    told = []
    for state, notes in standings:
        if state.unit == "usd" and state.unpriced:
            unpriced = counted(state.unpriced, "request")
            told.append(f"{state.name}: {unpriced} without a price, which no sum covers.")
        told += [f"{state.name}: {note.text}" for note in notes]
    return told
