"""Budgets: how much may be used per day, week or month, how much was, and where it is heading.

A budget is a table `[[budget]]` of the settings: `per`, one limit (`usd`, `tokens` or
`requests`), and `where` as in every query. Pure. Must not enter: reading the settings, asking
the store, telling anyone.
"""

from collections.abc import Mapping
from decimal import Context, Decimal

import msgspec

from proxypal.records.counters import EXACT, plain_money
from proxypal.records.labels import Offset
from proxypal.records.local_range import LocalRange, RangeReader, range_labels
from proxypal.records.name_filters import Condition, parse_condition
from proxypal.records.request import MAX_INTEGER, shorten
from proxypal.records.tolerant_json import Refused, kind_of
from proxypal.records.usage_answer import Answer
from proxypal.records.usage_axes import OUTCOME
from proxypal.records.usage_query import Query
from proxypal.records.wall_clock import moments_of

SECTION = "budget"

_PERIODS = ("day", "week", "month")
_METRICS = {"usd": "cost_usd", "tokens": "tokens", "requests": "requests"}
_KEYS = ("name", "per", *_METRICS, "where")
_MOST_USD = Decimal(10) ** 12
_FINEST_PLACES = 12
_HOUR_MS = 3_600_000
_QUOTIENT = Context(prec=40)


class Budget(msgspec.Struct, kw_only=True, frozen=True):
    """What may be used in each period; `unit` is `usd`, `tokens` or `requests`."""

    name: str
    per: str
    unit: str
    limit: Decimal
    where: tuple[Condition, ...] = ()


class BudgetState(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """How a budget stands. `since` and `until` are the local hours of its period.

    `elapsed` is the share of the period that has passed. `forecast` is what will be spent by its
    end if it goes on like this; None in the first hour, which says nothing. `unpriced` requests
    are not in what is spent in US dollars. `exact` is the answer's.
    """

    name: str
    per: str
    unit: str
    where: list[str]
    since: str
    until: str
    limit: Decimal
    spent: Decimal
    remaining: Decimal
    share: float | None
    elapsed: float
    forecast: Decimal | None
    is_passed: bool
    will_pass: bool
    unpriced: int
    exact: bool


def parse_budgets(
    tree: Mapping[str, object], names: Mapping[str, str] | None = None
) -> tuple[list[Budget], list[str]]:
    """The budgets of decoded settings, and what is wrong with those that are left out.

    `names` are what the user calls keys and accounts, by label. Never raises.
    """
    entries = tree.get(SECTION, [])
    if not isinstance(entries, list):
        return [], [f"{SECTION} must be a list of tables, [[{SECTION}]]; it is left out."]
    budgets, problems = [], []
    for number, entry in enumerate(entries, 1):
        try:
            budgets.append(_budget(number, entry, names or {}))
        except Refused as error:
            problems.append(f"[[{SECTION}]] number {number} is left out: {error}.")
    return budgets, problems


def _budget(number: int, entry: object, names: Mapping[str, str]) -> Budget:
    if not isinstance(entry, dict):
        raise Refused(f"expected a table, got {kind_of(entry)}")
    for key in entry:
        if key not in _KEYS:
            raise Refused(f"{shorten(str(key), 60)!r} is none of {', '.join(_KEYS)}")
    per, name = entry.get("per"), entry.get("name", f"budget {number}")
    if per not in _PERIODS:
        raise Refused(f"per must be one of {', '.join(_PERIODS)}")
    if not isinstance(name, str) or not name.strip():
        raise Refused("name must be text")
    units = [unit for unit in _METRICS if unit in entry]
    if len(units) != 1:
        raise Refused("it needs one limit: usd, tokens or requests")
    where = _conditions(entry.get("where", []), names)
    if units[0] != "requests" and any(condition.field == OUTCOME for condition in where):
        raise Refused("an outcome limits requests only; cost and tokens are not kept by outcome")
    limit = _limit(units[0], entry[units[0]])
    return Budget(name=shorten(name.strip()), per=per, unit=units[0], limit=limit, where=where)


def _conditions(value: object, names: Mapping[str, str]) -> tuple[Condition, ...]:
    texts = value if isinstance(value, list) else [value]
    conditions = [parse_condition(text, names) for text in texts if isinstance(text, str)]
    if len(conditions) < len(texts):
        raise Refused("where must be text, or a list of texts")
    return tuple(conditions)


def _limit(unit: str, value: object) -> Decimal:
    if unit != "usd":
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_INTEGER:
            raise Refused(f"{unit} must be a whole number from 0 on")
        return Decimal(value)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise Refused("usd must be a number of US dollars")
    limit = Decimal(str(value)) if isinstance(value, float) else Decimal(value)
    if not limit.is_finite() or not 0 <= limit <= _MOST_USD:
        raise Refused("usd must be from 0 to a million million US dollars")
    exponent = limit.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -_FINEST_PLACES:
        raise Refused(f"usd has more than {_FINEST_PLACES} decimal places")
    return plain_money(limit)


def budget_query(budget: Budget, now_ms: int, offset: Offset) -> Query:
    """What has to be asked to know how a budget stands now; `offset` is of the data's zone."""
    reader = RangeReader(now_ms, offset)
    return Query(
        range=reader.period(budget.per),
        where=budget.where,
        metrics=("requests", "tokens", "cost_usd", "unpriced"),
        now_hour=reader.now_hour,
    )


def budget_state(budget: Budget, answer: Answer, now_ms: int, offset: Offset) -> BudgetState:
    """How a budget stands, by the answer to `budget_query` of the same moment."""
    period = RangeReader(now_ms, offset).period(budget.per)
    since, until = range_labels(period)
    elapsed_ms, whole_ms = _elapsed(period, now_ms, offset)
    spent = Decimal(getattr(answer.total, _METRICS[budget.unit]) or 0)
    forecast = None
    if elapsed_ms >= _HOUR_MS:
        forecast = _heading(spent, elapsed_ms, whole_ms, budget.unit)
    return BudgetState(
        name=budget.name,
        per=budget.per,
        unit=budget.unit,
        where=[condition.text for condition in budget.where],
        since=since or "",
        until=until or "",
        limit=budget.limit,
        spent=spent,
        remaining=plain_money(EXACT.subtract(budget.limit, spent)),
        share=float(_QUOTIENT.divide(spent, budget.limit)) if budget.limit else None,
        elapsed=elapsed_ms / whole_ms,
        forecast=forecast,
        is_passed=spent > budget.limit,
        will_pass=max(spent, forecast or spent) > budget.limit,
        unpriced=int(answer.total.unpriced or 0),
        exact=answer.exact,
    )


def _elapsed(period: LocalRange, now_ms: int, offset: Offset) -> tuple[int, int]:
    """Milliseconds of the period so far, and all of it: 23, 24 or 25 hours are a day."""
    # A midnight that clocks skip begins with the skip; one that comes twice, the first time.
    start_ms, end_ms = (
        moments_of((hour or 0) * 3600, offset)[0] * 1000
        for hour in (period.since_hour, period.until_hour)
    )
    return min(max(0, now_ms - start_ms), end_ms - start_ms), end_ms - start_ms


def _heading(spent: Decimal, elapsed_ms: int, whole_ms: int, unit: str) -> Decimal:
    """What is spent at the end of the period at this rate; whole where it is counted."""
    exact = _QUOTIENT.divide(EXACT.multiply(spent, Decimal(whole_ms)), Decimal(elapsed_ms))
    places = Decimal("0.000001") if unit == "usd" else Decimal(1)
    return plain_money(exact.quantize(places, context=_QUOTIENT))
