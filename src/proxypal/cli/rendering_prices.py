"""Prices and re-pricings as tables. Figures in, `rich` tables out; no store is asked."""

from collections.abc import Sequence
from decimal import Decimal

from rich.table import Table
from rich.text import Text

from proxypal.cli.rendering_console import name_cell, new_table
from proxypal.cli.rendering_text import NOTHING, grouped, money
from proxypal.records.repriced import Repricing, changes_by_model
from proxypal.service.price_report import PriceShown, UsdPerMillion

_NUMBERS = "requests unpriced input read write write-1h output"


def price_table(prices: Sequence[PriceShown]) -> Table:
    """A line per model: its counts, its dollars per million tokens, and where they are from."""
    table = new_table(
        "US dollars per million tokens",
        *("model", "provider", *_NUMBERS.split(), "price from"),
        numbers=_NUMBERS,
    )
    for price in prices:
        table.add_row(
            name_cell(price.model),
            name_cell(price.provider),
            grouped(price.requests),
            Text(grouped(price.unpriced), style="yellow" if price.unpriced else "dim"),
            *_rates(price.usd_per_million),
            name_cell(_marks(price) + origin(price)),
        )
    return table


def one_price(price: PriceShown) -> list[Table | Text]:
    """All that is known of one model's price."""
    parts: list[Table | Text] = [
        Text(f"{price.model} from {price.provider} on {price.day}", style="bold"),
        Text(origin(price)),
    ]
    if price.usd_per_million is not None:
        parts.append(_rate_table(price))
    if price.usd_per_request is not None:
        parts.append(Text(f"and ${price.usd_per_request:f} per request"))
    span = [f"since {price.since}"] if price.since else []
    span += [f"until {price.until}, when the price changes"] if price.until else []
    if span:
        parts.append(Text(f"In force {' '.join(span)}."))
    if price.tokens:
        parts.append(
            Text(
                f"Counted: {grouped(price.requests)} requests, {money(price.cost_usd)}, "
                f"{grouped(price.unpriced)} without a price."
            )
        )
    return parts


def origin(price: PriceShown) -> str:
    """Where a price is from, or why there is none."""
    alias = f"as {price.alias}: " if price.alias else ""
    if price.reason is not None:
        return f"{alias}unpriced: {price.reason}"
    version = f" {price.version}" if price.version else ""
    return f"{alias}{price.origin}{version} {price.entry}"


def change_table(repricing: Repricing) -> Table:
    """What a re-pricing changes, a line per model, and the total."""
    numbers = "priced corrected difference"
    table = new_table("Re-pricing", "model", "provider", *numbers.split(), numbers=numbers)
    for change in changes_by_model(repricing):
        table.add_row(
            name_cell(change.model),
            name_cell(change.provider),
            grouped(change.priced),
            grouped(change.corrected),
            difference(change.cost_usd),
        )
    table.add_row(
        Text("total", style="bold"),
        "",
        "",
        "",
        difference(repricing.added.cost_usd),
        end_section=True,
    )
    return table


def difference(amount: Decimal) -> str:
    """`+$1.20`, `-$0.30`."""
    return f"{'-' if amount < 0 else '+'}{money(abs(amount))}"


def _marks(price: PriceShown) -> str:
    told = [name for name, found in (("tiers", price.tiers), ("by the hour", price.hours)) if found]
    return f"({', '.join(told)}) " if told else ""


def _rates(rates: UsdPerMillion | None) -> list[str]:
    if rates is None:
        return [NOTHING] * 5
    shown = (rates.input, rates.cache_read, rates.cache_write, rates.cache_write_1h, rates.output)
    return [f"{rate.normalize():f}" for rate in shown]


def _rate_table(price: PriceShown) -> Table:
    names = ("input", "read", "write", "write-1h", "output")
    table = new_table("", "US dollars per million tokens", *names, numbers=" ".join(names))
    table.add_row("now" if price.hours else "", *_rates(price.usd_per_million))
    for tier in price.tiers:
        table.add_row(f"above {grouped(tier.above_input)} input", *_rates(tier.usd_per_million))
    for hours in price.hours:
        table.add_row(f"from {hours.from_utc} UTC", *_rates(hours.usd_per_million))
    return table
