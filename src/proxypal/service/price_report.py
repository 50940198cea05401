"""Prices as they are shown: the rates in force on a day, where they come from, who has none.

Must not enter: how they are drawn.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

import msgspec

from proxypal.records.aggregate import ModelStats
from proxypal.records.cost import DAY_MS, Rates, Schedule, Tariff
from proxypal.records.counters import plain_money
from proxypal.records.detection import provider_of_model
from proxypal.service.pricing import Pricing, Quote
from proxypal.store.protocol import RequestStore


class UsdPerMillion(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """US dollars per million tokens; `input` is that which was not cached."""

    input: Decimal
    cache_read: Decimal
    cache_write: Decimal
    cache_write_1h: Decimal = msgspec.field(name="cacheWrite1h")
    output: Decimal
    reasoning: Decimal


class TierShown(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """Rates of a whole request with more input than `above_input`, cache included."""

    above_input: int
    usd_per_million: UsdPerMillion


class HoursShown(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """Rates from a time of day (`HH:MM`, UTC) on, where they change within the day."""

    from_utc: str
    usd_per_million: UsdPerMillion | None


class PriceShown(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """The price of a model on a day (UTC), and what our totals hold of it.

    Without `usd_per_million` it is unpriced, for this `reason`. `origin` is `settings.toml` or
    `genai-prices`, `entry` the name of the price there, `version` the library's, `alias` the
    model whose price is used. `since` and `until` are the first day of this price and of the
    next, None where there was or is none. `unpriced` are requests counted without a price, which
    a price that is known now does not change.
    """

    model: str
    provider: str
    day: str
    usd_per_million: UsdPerMillion | None = None
    usd_per_request: Decimal | None = None
    tiers: list[TierShown] = []
    hours: list[HoursShown] = []
    origin: str | None = None
    entry: str | None = None
    version: str | None = None
    alias: str | None = None
    since: str | None = None
    until: str | None = None
    reason: str | None = None
    requests: int = 0
    tokens: int = 0
    unpriced: int = 0
    cost_usd: Decimal = Decimal(0)


def explain(
    pricing: Pricing,
    model: str,
    provider: str,
    moment_ms: int,
    counted: ModelStats | None = None,
) -> PriceShown:
    """The price of `model`, bought from `provider`, at a Unix time in milliseconds."""
    counted = ModelStats() if counted is None else counted
    quote = pricing.quote(provider, model)
    shown = PriceShown(
        model=model,
        provider=provider,
        day=day_text(moment_ms // DAY_MS),
        origin=quote.origin,
        entry=quote.entry,
        version=quote.version,
        alias=quote.alias,
        reason=_reason(quote, moment_ms),
        requests=counted.requests,
        tokens=counted.tokens,
        unpriced=counted.unpriced,
        cost_usd=plain_money(counted.cost_usd),
    )
    if quote.schedule is None:
        return shown
    return msgspec.structs.replace(shown, **_in_force(quote.schedule, moment_ms))


def models_in_totals(store: RequestStore, pricing: Pricing, moment_ms: int) -> list[PriceShown]:
    """Every model with tokens in the all-time totals, with its price; most requests first.

    Totals do not tell through whom a model was bought: that is taken from the newest request of
    the history, else from the model's name.
    """
    providers = providers_of_models(store)
    models = {
        model: counted for model, counted in store.get_aggregate().model_stats.items()
        if counted.tokens or counted.unpriced
    }  # fmt: skip
    shown = [
        explain(pricing, model, provider_of(model, providers), moment_ms, counted)
        for model, counted in models.items()
    ]
    return sorted(shown, key=lambda price: (-price.requests, price.model))


def providers_of_models(store: RequestStore) -> dict[str, str]:
    """Through whom each model of the history was last bought."""
    return {request.model: request.provider for request in store.get_request_history().requests}


def provider_of(model: str, providers: Mapping[str, str]) -> str:
    """The provider a model was bought from, else the one its name speaks for."""
    return providers.get(model) or provider_of_model(model)


def day_text(day: int) -> str:
    """`YYYY-MM-DD` of a day since 1970."""
    return datetime.fromtimestamp(day * DAY_MS // 1000, UTC).date().isoformat()


def _reason(quote: Quote, moment_ms: int) -> str | None:
    if quote.schedule is not None and quote.tariff_at(moment_ms) is None:
        return f"{quote.entry} has no price at that time"
    return quote.reason


def _in_force(schedule: Schedule, moment_ms: int) -> dict[str, object]:
    place = schedule.step_at(moment_ms)
    step, later = schedule.steps[place], schedule.steps[place + 1 :]
    found: dict[str, object] = {
        "since": day_text(step.from_day) if step.from_day else None,
        "until": day_text(later[0].from_day) if later else None,
    }
    if len(step.slots) > 1:
        found["hours"] = [
            HoursShown(from_utc=_clock_text(slot.from_ms), usd_per_million=_base(slot.tariff))
            for slot in step.slots
        ]
    tariff = schedule.tariff_at(moment_ms)
    if tariff is not None:
        found["usd_per_million"] = _shown(tariff.rates)
        found["usd_per_request"] = tariff.rates.request or None
        found["tiers"] = [
            TierShown(above_input=tier.above_input, usd_per_million=_shown(tier.rates))
            for tier in tariff.tiers
        ]
    return found


def _base(tariff: Tariff | None) -> UsdPerMillion | None:
    return None if tariff is None else _shown(tariff.rates)


def _shown(rates: Rates) -> UsdPerMillion:
    return UsdPerMillion(
        input=rates.uncached_input,
        cache_read=rates.cache_read,
        cache_write=rates.cache_write,
        cache_write_1h=rates.cache_write_1h,
        output=rates.output,
        reasoning=rates.reasoning,
    )


def _clock_text(of_day_ms: int) -> str:
    minutes = of_day_ms // 60_000
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
