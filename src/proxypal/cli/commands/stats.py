"""`proxypal stats`: all-time analytics, or the answer to any question about usage.

With `--json` nothing that draws is imported: this is what prompts and scripts call.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from proxypal import clock
from proxypal.cli.opening import opened_to_read
from proxypal.cli.options import in_data_directory, json_option
from proxypal.cli.output import print_json, say
from proxypal.cli.rendering_text import wall_date
from proxypal.errors import WrongUsage

if TYPE_CHECKING:
    from proxypal.records.aggregate import UsageStats
    from proxypal.records.labels import Offset
    from proxypal.records.usage_answer import Answer
    from proxypal.records.usage_query import Query, QueryWords
    from proxypal.service.settings_file import Settings
    from proxypal.store import Store


def _complete(
    context: click.Context,  # noqa: ARG001 - click's signature
    parameter: click.Parameter,
    incomplete: str,
) -> list[str]:
    """What a shell offers: the names that there are, also behind a comma."""
    from proxypal.records.usage_axes import DIMENSIONS  # noqa: PLC0415 - only for a shell's tab
    from proxypal.records.usage_metrics import METRICS  # noqa: PLC0415 - the same

    before, comma, begun = incomplete.rpartition(",")
    names = DIMENSIONS if parameter.name == "by" else METRICS
    return [f"{before}{comma}{name}" for name in names if name.startswith(begun)]


@click.command("stats")
@click.argument("range", required=False)
@click.option(
    "--since", metavar="WHEN", help="From here on: YYYY-MM-DD, an ISO 8601 time, or as in 24h, 7d."
)
@click.option("--until", metavar="WHEN", help="Up to here; a day is included whole.")
@click.option("--last", metavar="SPAN", help="The last 24h, 7d, 4w.")
@click.option(
    "--by",
    metavar="A[,B]",
    multiple=True,
    shell_complete=_complete,
    help="One line per hour, day, week, month, weekday-hour, model, provider, key, account, "
    "source or outcome; or two of them at once.",
)
@click.option(
    "--where",
    metavar="EXPR",
    multiple=True,
    help="Only requests with, for instance, model=claude-*, key!=NAME, outcome=failed. Can be "
    "given several times.",
)
@click.option("--top", metavar="N", help="The N largest groups; the rest becomes one.")
@click.option(
    "--metrics",
    metavar="M[,M]",
    multiple=True,
    shell_complete=_complete,
    help="Which figures, or all.",
)
@click.option("--order", metavar="M[:asc]", help="Sort by this figure, or by label.")
@json_option
@click.option("as_csv", "--csv", is_flag=True, help="Exact figures as CSV.")
@in_data_directory
def command(*, as_json: bool, as_csv: bool, data_dir: Path, **asked: Any) -> None:  # noqa: ANN401 - the words, by the names of QueryWords
    """Show what was used.

    Without options: the all-time analytics. Else: an answer about RANGE (such as today, 7d,
    2026-11, or 2026-11-03..2026-11-05), or from --since to --until, in whole local hours.
    """
    if as_json and as_csv:
        raise WrongUsage("--json and --csv exclude each other.")
    if not as_csv and all(value in {None, ()} for value in asked.values()):
        with opened_to_read(data_dir) as store:
            stats, zone = store.get_usage_stats(), store.settings().zone
        print_json(stats) if as_json else _draw_overview(stats, clock.offset_of(zone))
        return
    from proxypal.records.usage_query import QueryWords  # noqa: PLC0415 - not for the bare statistics

    with opened_to_read(data_dir) as store:
        _answer(store, data_dir, QueryWords(**asked), as_json=as_json, as_csv=as_csv)


def _answer(
    store: "Store", data_dir: Path, words: "QueryWords", *, as_json: bool, as_csv: bool
) -> None:
    from proxypal.service.asking import needs_names, query_of, told  # noqa: PLC0415 - see `command`
    from proxypal.service.settings_file import read_settings  # noqa: PLC0415 - the same

    offset = clock.offset_of(store.settings().zone)
    settings = read_settings(data_dir)
    query = query_of(words, settings, clock.now_ms(), offset)
    if needs_names(query):
        for problem in settings.problems:
            say(f"proxypal: {problem}")
    if as_json:
        print_json(told(store, words, query, offset))
    elif as_csv:
        _print_csv(query, store.query(query), settings)
    else:
        _draw_answer(store, words, query, settings)


def _print_csv(query: "Query", found: "Answer", settings: "Settings") -> None:
    from proxypal.records.usage_csv import usage_csv  # noqa: PLC0415 - the csv module is needed only here
    from proxypal.service.asking import names_of_axes  # noqa: PLC0415 - see `command`

    click.echo(usage_csv(query, found, names_of_axes(query, found, settings)), nl=False)
    for remark in (*found.query.cuts, *(note.text for note in found.notes)):
        say(remark)


def _draw_answer(store: "Store", words: "QueryWords", query: "Query", settings: "Settings") -> None:
    from msgspec.structs import replace  # noqa: PLC0415 - only when drawing

    from proxypal.cli.rendering_answer import HEADING, page, usual_metrics  # noqa: PLC0415 - the same
    from proxypal.cli.rendering_console import show  # noqa: PLC0415 - `rich` only when drawing
    from proxypal.cli.rendering_section import Section  # noqa: PLC0415 - the same
    from proxypal.service.asking import names_of_axes  # noqa: PLC0415 - see `command`

    metrics = query.metrics if words.metrics else usual_metrics()
    asked = replace(query, metrics=tuple(dict.fromkeys((*metrics, *HEADING))))
    titles = {query.by: ""} if query.by else {("model",): "Models", ("provider",): "Providers"}
    sections = []
    for by, title in titles.items():
        one = replace(asked, by=by)
        found = store.query(one)
        names = names_of_axes(one, found, settings)
        sections.append(Section(one, found, metrics, names, bool(words.metrics), title))
    show(*page(sections, [settings.shown_in(text) for text in sections[0].found.query.where]))


def _draw_overview(stats: "UsageStats", offset: "Offset") -> None:
    from datetime import date  # noqa: PLC0415 - only when drawing

    from proxypal.cli.rendering_console import show  # noqa: PLC0415 - `rich` only when drawing
    from proxypal.cli.rendering_stats import overview  # noqa: PLC0415 - the same

    since = wall_date(stats.created_at, offset)
    if not stats.total_requests:
        say("No requests yet. `proxypal watch` records them from the proxy's log.")
    show(*overview(stats, date.fromisoformat(wall_date(clock.now_ms(), offset)), since))
