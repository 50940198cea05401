"""What a re-pricing is about: what the totals hold, what is to change, and what is left alone.

Values only. Must not enter: what may be priced (`repricing_plan`), and how totals are changed.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal

import msgspec

from proxypal.records.counters import EXACT, Counters, plain_money
from proxypal.records.imported import Names
from proxypal.records.request import RequestLog


class CountedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request that is in the totals, under `names` and in the local `hour` since 1970.

    `in_cell`: whether the sums of that hour and series hold it, too. `payloads` is what the usage
    queue told of it, scrubbed, as long as that is kept.
    """

    arrival: int
    request: RequestLog
    hour: int
    names: Names
    in_cell: bool
    payloads: Sequence[bytes] = ()


class CountedCell(msgspec.Struct, frozen=True, kw_only=True):
    """Sums of a local hour and series without the requests that are known by themselves."""

    hour: int
    names: Names
    sums: Counters


class Priceable(msgspec.Struct, frozen=True, kw_only=True):
    """Everything in the totals that a price could be given to.

    `requests` have tokens, `cells` unpriced requests; `unpriced` counts those of each model.
    """

    requests: Sequence[CountedRequest]
    cells: Sequence[CountedCell]
    unpriced: dict[str, int]


class PricedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request's cost before and after."""

    arrival: int
    hour: int
    names: Names
    before: Decimal | None
    after: Decimal

    @property
    def added(self) -> Counters:
        """What totals grow by."""
        before = Decimal(0) if self.before is None else self.before
        return Counters(
            unpriced=-1 if self.before is None else 0, cost_usd=EXACT.subtract(self.after, before)
        )


class PricedCell(msgspec.Struct, frozen=True, kw_only=True):
    """What the unpriced requests of an hour and series cost together. `sums` is what was priced."""

    hour: int
    names: Names
    sums: Counters
    cost: Decimal

    @property
    def added(self) -> Counters:
        """What totals grow by."""
        return Counters(unpriced=-self.sums.unpriced, cost_usd=self.cost)


class LeftAlone(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Requests of a model that stay unpriced, and why."""

    model: str
    requests: int
    reason: str


class Repricing(msgspec.Struct, frozen=True, kw_only=True):
    """What is to change, and what is left as it is."""

    requests: list[PricedRequest]
    cells: list[PricedCell]
    left_alone: list[LeftAlone] = []

    @property
    def changes(self) -> "list[PricedRequest | PricedCell]":
        """Everything that is to change."""
        return [*self.requests, *self.cells]

    @property
    def count(self) -> int:
        """How many requests get a price, or another one."""
        return len(self.requests) + sum(cell.sums.unpriced for cell in self.cells)

    @property
    def added(self) -> Counters:
        """What the all-time totals would grow by."""
        return _sum(change.added for change in self.changes)

    def __bool__(self) -> bool:
        """Whether anything would change."""
        return bool(self.requests or self.cells)


class ModelChange(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a repricing does to one model: requests that get a price or another one."""

    model: str
    provider: str
    priced: int
    corrected: int
    cost_usd: Decimal


def changes_by_model(repricing: Repricing) -> list[ModelChange]:
    """The repricing by model and provider, largest difference first."""
    found: dict[tuple[str, str], tuple[Counters, int]] = {}
    for change in repricing.changes:
        key = (change.names[1], change.names[0])
        sums, corrected = found.get(key, (Counters(), 0))
        sums.add(change.added)
        found[key] = (sums, corrected + (not change.added.unpriced))
    changes = [
        ModelChange(
            model=model,
            provider=provider,
            priced=-sums.unpriced,
            corrected=corrected,
            cost_usd=plain_money(sums.cost_usd),
        )
        for (model, provider), (sums, corrected) in found.items()
    ]
    return sorted(changes, key=lambda change: (-abs(change.cost_usd), change.model))


def _sum(parts: Iterable[Counters]) -> Counters:
    total = Counters()
    for part in parts:
        total.add(part)
    return total
