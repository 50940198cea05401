"""`/`: the figures a person opens the page for, then the charts behind them.

Two parts renew themselves: `figures` with every request, `charts` less often, for they cost more.
Must not enter: how usage is asked (`service.overview`), how charts are drawn.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from proxypal.clock import offset_of
from proxypal.records.aggregate import UsageStats
from proxypal.records.usage_answer import Answer
from proxypal.records.usage_metrics import Figures
from proxypal.records.usage_notes import Note
from proxypal.records.usage_query import QueryWords
from proxypal.service.overview import (
    FILTERS,
    SPLITS,
    USUAL_RANGE,
    Asker,
    Headline,
    OverviewWords,
    breakdown,
    choices,
    headline,
    requests_ever,
)
from proxypal.service.request_filters import NOBODY
from proxypal.service.usual_day import MEASURES, is_too_early, known_amounts
from proxypal.web.addresses import Address, address_of
from proxypal.web.endpoints import Call, Endpoint
from proxypal.web.overview_charts import Names, draw, known, success_gauge, token_kinds, trend
from proxypal.web.rendering import asked_part, render_once
from proxypal.web.unknown_figures import unknown_figures

TEMPLATE = "overview.html"

RANGES = {"24h": "24 h", "7d": "7 d", "14d": "14 d", "30d": "30 d", "all": "All"}
_MEASURE_WORDS = {"requests": "requests", "tokens": "tokens", "cost": "cost_usd"}
_WORDS = ("range", "since", "until", *FILTERS, "step", "split", "measure")
_CHOICES_AT_MOST = 40
_OF_PERCENTILES = frozenset({"widened", "uncovered", "unanswered"})


def overview(call: Call) -> Response:
    """The overview, whole or in parts."""
    address = address_of(call.request, _WORDS)
    services = call.services
    settings, offset = services.settings(), offset_of(services.store.settings().zone)
    asker = Asker(services.store, settings, services.clock(), offset)
    words = _words(address)
    asker.meant(words.query())  # what means nothing is refused before anything is remembered

    def make() -> Mapping[str, Any]:
        return _context(call, asker, address, words)

    return render_once(call, TEMPLATE, f"{address.to()} {settings.names!r}", make)


def _words(address: Address) -> OverviewWords:
    given = dict(address.words)
    if given.get("since") or given.get("until"):
        given.pop("range", None)
    measure = _MEASURE_WORDS.get(given.pop("measure", ""), "requests")
    if given.get("split") not in SPLITS:
        given.pop("split", None)
    return OverviewWords(**given, measure=measure)


def _context(call: Call, asker: Asker, address: Address, words: OverviewWords) -> Mapping[str, Any]:
    stats = call.services.once("totals", lambda: asker.store.get_usage_stats(series=False))
    first_day = stats.requests_by_day[0].label if stats.requests_by_day else None
    context: dict[str, Any] = {
        "title": "Overview",
        "page": "overview",
        "address": address,
        "words": words,
        "offset": asker.offset,
        "stats": stats,
        "is_empty": not stats.total_requests,
        "zone": asker.store.settings().zone,
    }
    if context["is_empty"]:
        return context
    part = asked_part(call)
    names = Names(asker.settings.shown_apart(asker.settings.names))
    context["names"] = names
    key = f"headline {asker.settings.names!r} {words!r}"
    top = call.services.once(key, lambda: headline(asker, words, first_day))
    total = top.found.total
    context |= {"steps": top.steps, "step": top.step, "total": total, "is_gone": _is_nothing(total)}
    if context["is_gone"]:
        context["ever"] = requests_ever(asker, words)
    else:
        reads_queue = bool(stats.total_tokens) or call.services.sources.reads_queue()
        context["unknown"] = unknown_figures(total, reads_queue=reads_queue)
    # Each part is also rendered alone: it is given only what it shows.
    if part != "charts":
        context |= _figures(asker, top)
        untold = {name: None for name, why in context.get("unknown", {}).items() if why}
        context["now"] = {**context["now"], **untold}
    if part != "figures" and not context["is_gone"]:
        context |= _charts(asker, words, top, names)
    if part not in {"figures", "charts"}:
        context |= _filters(asker, words, stats, names)
    return context


def _is_nothing(total: Figures) -> bool:
    """Tokens of a day may have come without requests."""
    return not (total.requests or total.tokens or total.cost_usd)


def _figures(asker: Asker, top: Headline) -> dict[str, Any]:
    return {
        "today": top.today,
        "now": known_amounts(top.today.today),
        "usual": known_amounts(top.today.usual),
        "is_too_early": is_too_early(top.today, asker.meant(QueryWords()).now_hour % 24),
        "notes": _texts(top.found.notes, of_percentiles=False),
        "period": _period(top.found),
        "cuts": top.found.query.cuts,
        "gauge": success_gauge(top.found.total),
        "kinds": token_kinds(top.found.total),
        "trends": {
            name: trend(top.found, name, first_is_partial=bool(_first_is_partial(top)))
            for name in MEASURES
        },
    }


def _charts(asker: Asker, words: OverviewWords, top: Headline, names: Names) -> dict[str, Any]:
    found = breakdown(asker, words, top)
    return {
        "charts": draw(found, top.found, words.split, words.measure, names),
        "known": known,
        "models": found.by_model.rows,
        "keys": found.by_key.rows,
        "has_keys": any(row.labels != [""] for row in found.by_key.rows),
        "latency_notes": _texts(found.latency.notes, of_percentiles=True),
        "first_is_partial": _first_is_partial(top),
    }


def _filters(asker: Asker, words: OverviewWords, stats: UsageStats, names: Names) -> dict[str, Any]:
    """The fields, each with what it can be set to; one of which there is no choice is left out."""
    offered = choices(asker, stats)
    fields = []
    for name in FILTERS:
        value = getattr(words, name) or ""
        listed = [label or NOBODY for label in offered[name][:_CHOICES_AT_MOST]]
        if value and value not in listed:
            listed.insert(0, value)
        options = [(label, names.shown(name, "" if label == NOBODY else label)) for label in listed]
        if value or len(options) > 1 or name in {"provider", "model"}:
            fields.append({"name": name, "value": value, "options": options})
    return {"fields": fields, "ranges": RANGES, "range": words.range or USUAL_RANGE}


def _period(found: Answer) -> tuple[str | None, str | None]:
    return found.query.since, found.query.until


def _first_is_partial(top: Headline) -> str:
    """From when the first place of a chart counts, where it is not whole."""
    since = top.found.query.since
    is_inside = since and top.step != "hour" and not since.endswith("T00")
    return f"{since.replace('T', ' ')}:00" if since and is_inside else ""


def _texts(notes: Sequence[Note], *, of_percentiles: bool) -> list[str]:
    return [note.text for note in notes if (note.kind in _OF_PERCENTILES) is of_percentiles]


ENDPOINTS = (
    Endpoint(method="GET", path="/", summary="The overview", handle=overview, in_document=False),
)
