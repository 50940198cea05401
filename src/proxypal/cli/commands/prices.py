"""`proxypal prices`: what models cost and where that is from; pricing what had no price."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from proxypal import clock
from proxypal.cli.confirming import agreed, undo_command
from proxypal.cli.exits import DONE, FAILED
from proxypal.cli.opening import opened, opened_to_read
from proxypal.cli.options import in_data_directory, json_option, yes_option
from proxypal.cli.output import print_json, say
from proxypal.cli.rendering_text import counted, grouped, harmless
from proxypal.errors import WrongUsage
from proxypal.records.labels import zone_offset
from proxypal.store import Store

if TYPE_CHECKING:
    from proxypal.records.repriced import Repricing
    from proxypal.service.price_report import PriceShown
    from proxypal.service.pricing import Pricing


@click.command("prices")
@click.argument("model", required=False)
@click.option("--provider", metavar="NAME", help="From whom MODEL is bought.")
@click.option("--date", "day", metavar="DAY", help="Prices of that day (UTC), as YYYY-MM-DD.")
@click.option("--reprice", is_flag=True, help="Give a price to requests counted without one.")
@click.option("--dry-run", is_flag=True, help="With --reprice: only show what would change.")
@click.option(
    "--all",
    "corrects",
    is_flag=True,
    help="With --reprice: also correct recent requests of models priced in settings.toml.",
)
@yes_option
@json_option
@in_data_directory
def command(  # noqa: PLR0913 - each is an option of the command line
    *,
    model: str | None,
    provider: str | None,
    day: str | None,
    reprice: bool,
    dry_run: bool,
    corrects: bool,
    yes: bool,
    as_json: bool,
    data_dir: Path,
) -> int:
    """Show prices, in US dollars per million tokens, and where they are from.

    Without MODEL: every model in the totals, and which of their requests have no price. A cost,
    once counted, is never changed by a later price; --reprice prices what has none, shows the
    difference, asks, makes a backup, and prints the command that undoes it.
    """
    if reprice:
        if provider is not None or day is not None:
            raise WrongUsage("--reprice goes by each request's own provider and day.")
        return _reprice(
            data_dir, model, corrects=corrects, dry_run=dry_run, yes=yes, as_json=as_json
        )
    if dry_run or corrects:
        raise WrongUsage("--dry-run and --all belong to --reprice.")
    if provider is not None and model is None:
        raise WrongUsage("--provider needs a MODEL: proxypal prices MODEL --provider NAME.")
    moment_ms = clock.now_ms() if day is None else _moment(day)
    with opened_to_read(data_dir) as store:
        pricing = _pricing(store, data_dir)
        prices = _prices(store, pricing, model, provider, moment_ms)
    if as_json:
        print_json(prices if model is None else prices[0])
    else:
        _draw(prices, is_one=model is not None)
    return FAILED if pricing.settings.problems else DONE


def _moment(day: str) -> int:
    from datetime import UTC  # noqa: PLC0415 - only with --date

    from proxypal.records.local_range import RangeReader  # noqa: PLC0415 - the same
    from proxypal.records.tolerant_json import Refused  # noqa: PLC0415 - the same

    try:
        asked = RangeReader(clock.now_ms(), zone_offset(UTC)).between(day.strip(), None)
    except Refused as error:
        raise WrongUsage(f"--date: {error}.") from error
    return (asked.since_hour or 0) * 3_600_000


def _pricing(store: Store, data_dir: Path) -> "Pricing":
    from proxypal.service.pricing import Pricing  # noqa: PLC0415 - after what can go wrong

    pricing = Pricing.of(store, data_dir)
    for problem in pricing.settings.problems:
        say(f"proxypal: {problem}")
    return pricing


def _prices(
    store: Store, pricing: "Pricing", model: str | None, provider: str | None, moment_ms: int
) -> "list[PriceShown]":
    from proxypal.service import price_report  # noqa: PLC0415 - the same

    if model is None:
        return price_report.models_in_totals(store, pricing, moment_ms)
    if provider is None:
        provider = price_report.provider_of(model, price_report.providers_of_models(store))
    counted_as = store.get_aggregate().model_stats.get(model)
    return [price_report.explain(pricing, model, provider, moment_ms, counted_as)]


def _draw(prices: "list[PriceShown]", *, is_one: bool) -> None:
    from proxypal.cli.rendering_console import show  # noqa: PLC0415 - `rich` only when drawing
    from proxypal.cli.rendering_prices import one_price, price_table  # noqa: PLC0415 - the same

    if is_one:
        show(*one_price(prices[0]))
    elif prices:
        show(price_table(prices))
        unpriced = sum(price.unpriced for price in prices)
        if unpriced:
            say(
                f"{counted(unpriced, 'request')} without a price. What a price is known for by "
                "now gets it by `proxypal prices --reprice`; other models can be given one in "
                "settings.toml."
            )
    else:
        say("No tokens were recorded yet. `proxypal prices MODEL` shows any model's price.")


# -- re-pricing


def _reprice(  # noqa: PLR0913 - the options of the command
    data_dir: Path, model: str | None, *, corrects: bool, dry_run: bool, yes: bool, as_json: bool
) -> int:
    from proxypal.service.repricing import apply_repricing, plan_repricing  # noqa: PLC0415 - only here

    with opened(data_dir) as store:
        pricing = _pricing(store, data_dir)
        plan = plan_repricing(store, pricing, model=model, corrects=corrects)
        _say_plan(plan, as_json=as_json)
        if dry_run or not plan:
            if as_json:
                print_json({**_plan_json(plan), "backup": None})
            return DONE
        if not agreed("Re-price them?", yes=yes):
            return FAILED
        backup = apply_repricing(store, plan)
    undo = None if backup is None else undo_command(backup.name)
    if as_json:
        print_json({**_plan_json(plan), "backup": backup, "undo": undo})
        return DONE
    planned = plan.count
    done = 0 if backup is None else backup.requests
    if done < planned:
        say(
            f"{counted(planned - done, 'request')} changed meanwhile and stayed as they are; "
            "run this again for them."
        )
    if undo is not None:
        say(f"{counted(done, 'request')} re-priced. This undoes it:")
        click.echo(undo)
    return DONE


def _plan_json(plan: "Repricing") -> dict[str, object]:
    from proxypal.records.counters import plain_money  # noqa: PLC0415 - only here
    from proxypal.records.repriced import changes_by_model  # noqa: PLC0415 - the same

    return {
        "requests": plan.count,
        "costUsd": plain_money(plan.added.cost_usd),
        "models": changes_by_model(plan),
        "leftAlone": plan.left_alone,
    }


def _say_plan(plan: "Repricing", *, as_json: bool) -> None:
    if not as_json and plan:
        from proxypal.cli.rendering_console import show  # noqa: PLC0415 - `rich` only when drawing
        from proxypal.cli.rendering_prices import change_table  # noqa: PLC0415 - the same

        show(change_table(plan))
    for left in plan.left_alone:
        say(
            f"left alone: {counted(left.requests, 'request')} of {harmless(left.model)}: "
            f"{left.reason}."
        )
    if not plan:
        say("Nothing to re-price.")
        return
    say(
        f"What changes: the cost of {counted(plan.count, 'request')}; "
        f"{grouped(-plan.added.unpriced)} of them had none. A backup is made first."
    )
