"""What a re-pricing may change: exact, or left alone with a reason."""

from decimal import Decimal

import pytest

from builders import NOW_MS, a_request, at
from proxypal.records.cost import (
    DAY_MS,
    Rates,
    Schedule,
    Slot,
    Step,
    Tariff,
    Tier,
    flat_schedule,
)
from proxypal.records.counters import Counters
from proxypal.records.repriced import (
    CountedCell,
    CountedRequest,
    ModelChange,
    Priceable,
    Repricing,
    changes_by_model,
)
from proxypal.records.repricing_plan import (
    CHANGED,
    CONTRADICTION,
    MIXED,
    NO_PRICE,
    TIERED,
    TOTALS_ONLY,
    Quoted,
    plan,
)
from proxypal.records.request import RequestLog

NAMES = ("claude", "new-model", "", "", "")
HOUR = NOW_MS // 3_600_000

DOLLAR = Tariff(Rates(uncached_input=Decimal(1), cache_read=Decimal("0.1"), output=Decimal(2)))
TWO_TIERS = Tariff(DOLLAR.rates, (Tier(1000, Rates(uncached_input=Decimal(10))),))


def known(request: RequestLog, arrival: int = 1) -> CountedRequest:
    """A request that is known by itself."""
    return CountedRequest(arrival=arrival, request=request, hour=HOUR, names=NAMES, in_cell=True)


def a_cell(hour: int = HOUR, **sums: int | Decimal) -> CountedCell:
    """Three unpriced requests of one hour, 3,000 tokens in and 300 out."""
    usual: dict[str, int | Decimal] = {
        "requests": 3,
        "unpriced": 3,
        "tokens_in": 3000,
        "tokens_out": 300,
    }
    return CountedCell(hour=hour, names=NAMES, sums=Counters(**{**usual, **sums}))  # type: ignore[arg-type]  # each field gets its own type


def planned(
    *parts: CountedRequest | CountedCell,
    schedule: Schedule | Tariff | None = DOLLAR,
    unpriced: int = 0,
    is_own: bool = False,
    corrects: bool = False,
) -> Repricing:
    """The plan for these parts, with one price for everything."""
    timeline = flat_schedule(schedule) if isinstance(schedule, Tariff) else schedule
    priceable = Priceable(
        requests=[part for part in parts if isinstance(part, CountedRequest)],
        cells=[part for part in parts if isinstance(part, CountedCell)],
        unpriced={"new-model": unpriced} if unpriced else {},
    )
    quoted = None if timeline is None else Quoted(timeline, is_own=is_own)
    return plan(priceable, lambda *_: quoted, corrects=corrects)


def reasons(repricing: Repricing) -> dict[str, int]:
    """How many requests are left alone, by reason."""
    return {left.reason: left.requests for left in repricing.left_alone}


def test_a_known_request_is_priced_by_its_own_moment() -> None:
    """A row gets the price of when it began, though the price has changed since."""
    change = at("2025-06-10")
    steps = Step(0, (Slot(0, DOLLAR),)), Step(change // DAY_MS, (Slot(0, TWO_TIERS),))
    row = a_request(
        tokens_in=1_000_000, tokens_out=0, tokens_cached=500_000, timestamp=change, duration_ms=1
    )
    (priced,) = planned(known(row), schedule=Schedule(steps)).requests
    assert (priced.before, priced.after) == (None, Decimal("0.55"))


def test_sums_of_an_hour_cost_what_their_requests_cost() -> None:
    """Where every request has the same rates, the sum of the tokens costs the sum of the costs."""
    repricing = planned(a_cell())
    assert repricing.added == Counters(unpriced=-3, cost_usd=Decimal("0.0036"))
    assert repricing.count == 3
    assert changes_by_model(repricing) == [
        ModelChange(
            model="new-model",
            provider="claude",
            priced=3,
            corrected=0,
            cost_usd=Decimal("0.0036"),
        )
    ]


def test_a_price_per_request_is_paid_by_each_of_the_hour() -> None:
    """Three requests pay three times."""
    tariff = Tariff(Rates(request=Decimal("0.01")))
    assert planned(a_cell(), schedule=tariff).added.cost_usd == Decimal("0.03")


@pytest.mark.parametrize(
    ("cell", "schedule", "reason"),
    [
        (a_cell(), None, NO_PRICE),
        (a_cell(cost_usd=Decimal("0.1")), DOLLAR, MIXED),
        (a_cell(tokens_cached=4000), DOLLAR, CONTRADICTION),
        (a_cell(), TWO_TIERS, TIERED),
        (
            a_cell(hour=at("2025-06-09T20:00") // 3_600_000),
            Schedule(
                (
                    Step(0, (Slot(0, DOLLAR),)),
                    Step(at("2025-06-10") // DAY_MS, (Slot(0, TWO_TIERS),)),
                )
            ),
            CHANGED,
        ),
    ],
)
def test_what_is_not_exact_is_left_alone(
    cell: CountedCell, schedule: Schedule | Tariff | None, reason: str
) -> None:
    """No estimate is ever added: the requests stay unpriced, and the plan says why."""
    repricing = planned(cell, schedule=schedule)
    assert not repricing
    assert reasons(repricing) == {reason: 3}


def test_sums_below_every_tier_are_priced() -> None:
    """An hour whose whole input is below the tier has no request above it."""
    below = a_cell(tokens_in=1000)
    assert planned(below, schedule=TWO_TIERS).added.cost_usd == Decimal("0.0016")
    alone = a_cell(tokens_in=1001, tokens_out=0, unpriced=1)
    assert planned(alone, schedule=TWO_TIERS).added.cost_usd == Decimal("0.01001")


def test_an_hour_long_before_a_change_is_priced_whatever_the_zone() -> None:
    """Two days before a change no zone on earth can have the new price in that local hour."""
    change = at("2025-06-10")
    steps = Step(0, (Slot(0, DOLLAR),)), Step(change // DAY_MS, (Slot(0, TWO_TIERS),))
    for days, is_priced in ((-2, True), (-1, True), (0, False), (1, False), (2, True)):
        cell = a_cell(hour=(change + days * DAY_MS) // 3_600_000, tokens_in=900)
        assert bool(planned(cell, schedule=Schedule(steps))) is is_priced


def test_a_cost_is_not_changed_by_a_later_price() -> None:
    """What has a cost keeps it: prices that became known or changed since do not touch it."""
    row = known(a_request(cost_usd=Decimal(5)))
    assert not planned(row)
    assert not planned(row, corrects=True)
    assert not planned(row, is_own=True)


def test_the_user_s_own_price_corrects_what_is_still_known() -> None:
    """Asked to, a wrong cost of the history is replaced by that of the user's own price."""
    row = known(a_request(cost_usd=Decimal(5), tokens_in=1_000_000, tokens_out=0))
    repricing = planned(row, is_own=True, corrects=True)
    assert repricing.added == Counters(cost_usd=Decimal(-4))
    assert changes_by_model(repricing)[0].corrected == 1
    right = known(a_request(cost_usd=Decimal("1.0"), tokens_in=1_000_000, tokens_out=0))
    assert not planned(right, is_own=True, corrects=True)


def test_nobody_is_forgotten() -> None:
    """Every unpriced request of the totals is either priced or left alone with a reason."""
    contradicting = known(a_request(tokens_in=1, tokens_cached=2), arrival=2)
    repricing = planned(known(a_request()), contradicting, a_cell(), unpriced=9)
    assert repricing.count == 4
    assert reasons(repricing) == {CONTRADICTION: 1, TOTALS_ONLY: 4}


def test_one_model_can_be_named() -> None:
    """Others are neither priced nor mentioned."""
    priceable = Priceable(requests=[], cells=[a_cell()], unpriced={"new-model": 5, "x": 2})
    quoted = Quoted(flat_schedule(DOLLAR), is_own=False)
    assert reasons(plan(priceable, lambda *_: quoted, model="x")) == {TOTALS_ONLY: 2}
    repricing = plan(priceable, lambda *_: quoted, model="new-model")
    assert (repricing.count, reasons(repricing)) == (3, {TOTALS_ONLY: 2})
