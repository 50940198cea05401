"""How the budgets of `settings.toml` stand: each is a query to the store, and a limit beside it.

Must not enter: how that is shown.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from proxypal.records.budget import (
    SECTION,
    Budget,
    BudgetState,
    budget_query,
    budget_state,
    parse_budgets,
)
from proxypal.records.labels import Offset
from proxypal.records.usage_notes import Note
from proxypal.service.settings_file import FILE_NAME, Settings
from proxypal.store.protocol import RequestStore

NEAR = 0.8
"""The share of a limit from which on a budget is worth a word."""


class Standing(NamedTuple):
    """How a budget stands, and what the store cannot know of it."""

    state: BudgetState
    notes: Sequence[Note]

    @property
    def is_near(self) -> bool:
        """Whether so much is spent that one should know."""
        return self.state.is_passed or (self.state.share or 0) >= NEAR


def budgets_of(settings: Settings, data_directory: Path) -> tuple[list[Budget], list[str]]:
    """The budgets that can be used, and what is wrong with the settings, naming the file."""
    tree = {} if settings.budget is None else {SECTION: settings.budget}
    budgets, problems = parse_budgets(tree, settings.names)
    path = data_directory / FILE_NAME
    return budgets, [*settings.problems, *(f"{path}: {problem}" for problem in problems)]


def standings(
    store: RequestStore, budgets: Sequence[Budget], now_ms: int, offset: Offset
) -> list[Standing]:
    """How each budget stands now, in their order; `offset` is of the data's zone."""
    found = []
    for budget in budgets:
        answer = store.query(budget_query(budget, now_ms, offset))
        found.append(Standing(budget_state(budget, answer, now_ms, offset), answer.notes))
    return found
