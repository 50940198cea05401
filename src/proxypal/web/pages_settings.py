"""`/settings`: data management, sources, prices, appearance.

What is changed there is changed by the API; these pages only show. Must not enter: what a source
or a price is (`service`).
"""

from collections.abc import Mapping
from typing import Any

from starlette.responses import RedirectResponse, Response

from proxypal.clock import offset_of
from proxypal.records.known_amounts import known_cost, known_tokens
from proxypal.records.recognition import KIND_WORDS
from proxypal.service.backup_words import words_of
from proxypal.service.price_report import PriceShown, models_in_totals
from proxypal.service.pricing import Pricing
from proxypal.service.settings_file import FILE_NAME
from proxypal.web.endpoints import Call, Endpoint
from proxypal.web.rendering import render, render_once

SECTIONS = (
    ("data", "Data"),
    ("sources", "Sources"),
    ("prices", "Prices"),
    ("appearance", "Appearance"),
)

_BACKUPS_SHOWN = 30


def settings(call: Call) -> Response:
    """To the page people open it for."""
    del call
    return RedirectResponse("/settings/data", 303)


def data(call: Call) -> Response:
    """The two cards of the data, imports, backups."""

    def make() -> Mapping[str, Any]:
        store = call.services.store
        backups = store.list_backups()
        stats = store.get_usage_stats(series=False)
        cost = known_cost(
            stats.total_cost_usd,
            requests=stats.total_requests,
            tokens=stats.total_tokens,
            unpriced=stats.unpriced_requests,
        )
        return {
            **_frame(call, "data", "Data"),
            "modules": ("data.js",),
            "stats": stats,
            "tokens": known_tokens(stats.total_tokens, stats.total_requests),
            "cost": cost,
            "kinds": KIND_WORDS,
            "limit": store.settings().history_limit,
            "backups": [(one, words_of(one)) for one in backups[:_BACKUPS_SHOWN]],
            "more_backups": max(0, len(backups) - _BACKUPS_SHOWN),
        }

    return render_once(call, "settings_data.html", "settings data", make)


def sources(call: Call) -> Response:
    """What requests come from, and how that goes."""
    services = call.services
    found = services.sources.state()
    context = {
        **_frame(call, "sources", "Sources"),
        "event": services.feed.number,
        "logs": [one for one in found if one.kind != "queue"],
        "queues": [one for one in found if one.kind == "queue"],
        "log_zone": services.sources.log_zone,
        "places": services.sources.places_without_log,
    }
    return render(call, "settings_sources.html", context)


def prices(call: Call) -> Response:
    """Which prices are used, which are missing, which are the user's own."""
    services = call.services
    found = services.settings()

    def make() -> Mapping[str, Any]:
        # Only looking must not write, not even a price to be remembered.
        pricing = Pricing(found, cached=services.store.cached)
        models = models_in_totals(services.store, pricing, services.clock())
        return {
            **_frame(call, "prices", "Prices"),
            "priced": [one for one in models if one.usd_per_million is not None],
            "missing": [one for one in models if _is_missing(one)],
            "overrides": found.prices,
            "aliases": sorted(found.aliases.items()),
            "problems": found.problems,
            "file": services.data_directory / FILE_NAME,
        }

    return render_once(call, "settings_prices.html", f"settings prices {found!r}", make)


def appearance(call: Call) -> Response:
    """Colours, and the settings of the data that decide what is shown."""

    def make() -> Mapping[str, Any]:
        return {
            **_frame(call, "appearance", "Appearance"),
            "settings": call.services.store.settings(),
            "directory": call.services.data_directory,
            "names": sorted(call.services.settings().names.items()),
            "file": call.services.data_directory / FILE_NAME,
        }

    key = f"settings appearance {call.services.settings().names!r}"
    return render_once(call, "settings_appearance.html", key, make)


def _is_missing(price: PriceShown) -> bool:
    return price.usd_per_million is None or price.unpriced > 0


def _frame(call: Call, section: str, title: str) -> dict[str, Any]:
    return {
        "title": f"Settings, {title}",
        "page": "settings",
        "sections": SECTIONS,
        "section": section,
        "offset": offset_of(call.services.store.settings().zone),
    }


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/settings",
        summary="To the settings",
        handle=settings,
        in_document=False,
    ),
    *(
        Endpoint(
            method="GET",
            path=f"/settings/{name}",
            summary=f"Settings: {title}",
            handle=handle,
            in_document=False,
        )
        for (name, title), handle in zip(SECTIONS, (data, sources, prices, appearance), strict=True)
    ),
)
