"""The price list of `genai-prices`: which model is meant, and all it ever cost.

The library takes a fifth of a second to import, so it is imported by the first look-up and by
nothing else. Must not enter: the user's own prices, and what is remembered (`pricing.py`).
"""

import importlib.util
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from proxypal.records.cost import DAY_MS, Rates, Schedule, Slot, Step, Tariff, Tier
from proxypal.records.detection import canonical_provider, provider_of_model
from proxypal.records.request import UNKNOWN
from proxypal.service.model_names import spellings

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice, Provider, TieredPrices

LIBRARY = "genai-prices"

_LISTS: Mapping[str, tuple[str, ...]] = {
    "claude": ("anthropic",),
    "openai": ("openai",),
    "gemini": ("google",),
    "deepseek": ("deepseek",),
    "zhipu": ("zai", "zhipuai"),
    "moonshot": ("moonshotai",),
    "minimax": ("minimax",),
    "xai": ("x-ai",),
    "meta": ("meta",),
    "mistral": ("mistral",),
    "copilot": ("github-copilot",),
}
"""Provider key as it is recorded -> its lists in the library, in the order they are asked."""

_NO_LIST = frozenset({UNKNOWN, "", "qwen", "kiro", "iflow", "antigravity"})
"""Accounts and makers the library has no list of; without this a part of a name might match."""

_ON_OWN_MACHINE = frozenset(
    {"ollama", "lmstudio", "lm-studio", "llamacpp", "llama.cpp", "llama-cpp", "vllm", "localai"}
    | {"local", "localhost", "mlx", "koboldcpp", "jan", "gpt4all", "sglang", "tgi"}
)
"""Nobody bills what runs here: the price of the same model elsewhere would be an invention."""

TIERS: Mapping[str, Mapping[str, str]] = {
    "priority": {"service_tier": "priority"},
    "fast": {"service_tier": "fast"},
    "flex": {"service_tier": "flex"},
    "batch": {"processing": "batch"},
}
"""Service tiers the library has prices of; every other one is billed at the standard price."""

_KINDS: Mapping[str, tuple[str, ...]] = {
    "uncached_input": ("input_mtok",),
    "cache_read": ("cache_read_mtok", "input_mtok"),
    "cache_write": ("cache_write_5m_mtok", "cache_write_mtok", "input_mtok"),
    "cache_write_1h": ("cache_write_1h_mtok", "cache_write_mtok", "input_mtok"),
    "output": ("output_mtok",),
    "reasoning": ("output_reasoning_mtok", "output_mtok"),
}
"""Of each kind the prices that may hold for it: a kind without its own has that of the whole."""

_FREE = ":free"
_PER_THOUSAND = Decimal(1000)


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A model found in the list. `schedule` is None if the list names no price of its tokens."""

    provider: str
    model: str
    schedule: Schedule | None


@cache
def library_version() -> str:
    """The installed version, found without importing the library; empty if it is not there."""
    spec = importlib.util.find_spec("genai_prices")
    if spec is None or spec.origin is None:
        return ""
    # importlib.metadata would import the e-mail package for this.
    found = sorted(Path(spec.origin).parents[1].glob("genai_prices-*.dist-info"))
    return found[-1].name.removesuffix(".dist-info").partition("-")[2] if found else "unknown"


def look_up(provider: str, model: str, tier: str = "") -> Listed | None:
    """The list's entry for a model bought from a provider; None if no list has it.

    The provider's own list is asked first, then the list of the model's maker: a reseller whose
    prices nobody publishes is taken to charge what the maker does. In each list the model is
    looked for as it is called, then under its other `spellings`.
    """
    from genai_prices import data_snapshot  # noqa: PLC0415 - slow; see the module's docstring

    # Its own memory of what it was asked has no bound, so each look-up brings a fresh one.
    bundled = data_snapshot.get_snapshot()
    catalogue = data_snapshot.DataSnapshot(bundled.providers, bundled.from_auto_update)
    for list_id, name in _ways(canonical_provider(provider), model):
        try:
            seller, found = catalogue.find_provider_model(name, None, list_id, None)
        except LookupError:
            continue
        schedule = schedule_of(seller, found, TIERS.get(tier))
        return Listed(provider=seller.id, model=found.id, schedule=schedule)
    return None


def knows_provider(name: str) -> bool:
    """Whether there is a list for what a provider is called, here or in the library."""
    from genai_prices.data_snapshot import get_snapshot  # noqa: PLC0415 - slow; see the module's docstring

    return canonical_provider(name) in _LISTS or any(
        listed.id == name.lower() for listed in get_snapshot().providers
    )


def _ways(provider: str, model: str) -> Iterator[tuple[str | None, str]]:
    """(list, name) in the order they are tried; None lets the library choose by the name."""
    names = spellings(model)
    if provider not in _NO_LIST:
        for list_id in _LISTS.get(provider, (provider,)):
            for name in names:
                yield list_id, name
    if provider in _ON_OWN_MACHINE:
        return
    for name in names:
        yield None, name
        for list_id in _LISTS.get(provider_of_model(name), ()):
            yield list_id, name


def schedule_of(
    provider: "Provider", model: "ModelInfo", context: Mapping[str, str] | None
) -> Schedule | None:
    """All that a model ever cost, for what the library calls a price context; None if unknown."""
    if not any(own is model for own in provider.models):
        context = None  # as the library does: a maker's tiers are not those of who resells it
    days, times_ms = _breaks(model)
    steps: list[Step] = []
    for day in sorted(days):
        slots: list[Slot] = []
        for of_day_ms in sorted(times_ms):
            moment = datetime.fromtimestamp(day * DAY_MS // 1000, UTC)
            price = model.get_prices(moment + timedelta(milliseconds=of_day_ms), context)
            tariff = _tariff(price, is_free=model.id.endswith(_FREE))
            if not slots or slots[-1].tariff != tariff:
                slots.append(Slot(of_day_ms, tariff))
        if not steps or steps[-1].slots != tuple(slots):
            steps.append(Step(day, tuple(slots)))
    is_priced = any(slot.tariff is not None for step in steps for slot in step.slots)
    return Schedule(tuple(steps)) if is_priced else None


def _breaks(model: "ModelInfo") -> tuple[set[int], set[int]]:
    """Days and times of day (UTC) at which the price of a model may change."""
    from genai_prices.types import (  # noqa: PLC0415 - slow; see the module's docstring
        StartDateConstraint,
        TimeOfDateConstraint,
    )

    prices = model.prices if isinstance(model.prices, list) else []
    days, times_ms = {0}, {0}
    for constraint in (rule.constraint for rule in [*prices, *(model.price_variants or ())]):
        if isinstance(constraint, StartDateConstraint):
            days.add((constraint.start_date - date(1970, 1, 1)).days)
        elif isinstance(constraint, TimeOfDateConstraint):
            times_ms.update((_utc_ms(constraint.start_time), _utc_ms(constraint.end_time)))
    return days, times_ms


def _utc_ms(value: time) -> int:
    moment = datetime.combine(date(1970, 1, 2), value, value.tzinfo or UTC)
    return round(moment.timestamp() * 1000) % DAY_MS


def _tariff(price: "ModelPrice", *, is_free: bool) -> Tariff | None:
    """The prices of our kinds of tokens; None where the list names none of them."""
    chosen = {kind: _first(price, names) for kind, names in _KINDS.items()}
    if not is_free and not any(value is not None for value in chosen.values()):
        return None
    request = _first(price, ("requests_kcount",))
    charged = (*chosen.values(), request)
    starts = sorted({tier.start for value in charged for tier in getattr(value, "tiers", ())})

    def rates(above: int | None) -> Rates:
        kinds = {kind: _at(value, above) for kind, value in chosen.items()}
        return Rates(**kinds, request=_at(request, above) / _PER_THOUSAND)

    return Tariff(rates(None), tuple(Tier(start, rates(start)) for start in starts))


def _first(price: "ModelPrice", names: tuple[str, ...]) -> "Decimal | TieredPrices | None":
    for name in names:
        value: Decimal | TieredPrices | None = getattr(price, name)
        if value is not None:
            return value
    return None


def _at(value: "Decimal | TieredPrices | None", above: int | None) -> Decimal:
    """The price of a request whose input is just above so many tokens; None is the base."""
    if value is None:
        return Decimal(0)
    if isinstance(value, Decimal):
        return value
    reached = [] if above is None else [tier for tier in value.tiers if tier.start <= above]
    return reached[-1].price if reached else value.base
