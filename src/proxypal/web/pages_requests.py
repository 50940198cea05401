"""`/requests`: the recent requests as a table that goes on; `/requests/ID`: all about one.

Must not enter: which requests are meant (`service.request_filters`), how a cost comes about
(`service.request_details`).
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

from starlette.responses import Response

from proxypal.charts.figures_text import NOT_KNOWN, duration, money, short_count
from proxypal.clock import offset_of
from proxypal.records.labels import Offset
from proxypal.records.request import RequestLog
from proxypal.service.pricing import Pricing, began_ms
from proxypal.service.request_details import cost_breakdown, told_by
from proxypal.service.request_filters import NOBODY, ORDERS, RequestWords, selected
from proxypal.web.addresses import Address, address_of
from proxypal.web.endpoints import Call, Endpoint
from proxypal.web.rendering import count, exact_money, render, render_once, when

TEMPLATE = "requests.html"
DETAIL = "request.html"

SHOWN_FIRST = 100
SHOWN_AT_MOST = 1000

_WORDS = ("model", "provider", "status", "key", "q", "sort", "limit")
_NARROWING = ("model", "provider", "status", "key", "q")
_CHOICES_AT_MOST = 60
_STATUSES = {"success": "Succeeded", "failed": "Failed", "4xx": "4xx", "5xx": "5xx"}


class Line(NamedTuple):
    """A request as a row of the table, every figure as text and exactly.

    `year` stands before `time` where there is room for it.
    """

    id: str
    href: str
    year: str
    time: str
    exact_time: str
    status: int
    level: str
    provider: str
    model: str
    alias: str
    key: str
    input: str
    exact_input: str
    output: str
    exact_output: str
    cost: str
    exact_cost: str
    duration: str
    exact_duration: str
    method: str
    path: str


def requests(call: Call) -> Response:
    """The table, whole or its rows alone."""
    address = address_of(call.request, _WORDS)
    asked = address.words
    words = RequestWords(
        model=asked.get("model"),
        provider=asked.get("provider"),
        status=asked.get("status"),
        key=asked.get("key"),
        text=asked.get("q"),
        order=asked.get("sort"),
    )
    names = call.services.settings().names
    selected([], words, names)  # what means nothing is refused before anything is remembered

    def make() -> Mapping[str, Any]:
        return _context(call, address, words)

    return render_once(call, TEMPLATE, f"{address.to()} {names!r}", make)


def _context(call: Call, address: Address, words: RequestWords) -> Mapping[str, Any]:
    services = call.services
    settings, offset = services.settings(), offset_of(services.store.settings().zone)
    kept = services.once("history", services.store.get_request_history).requests
    found = selected(kept, words, settings.names)
    shown = found[: _limit(address.words.get("limit"))]
    keys = {request.api_key for request in kept if request.api_key}
    shown_as = settings.shown_apart(keys)
    order, _, direction = (words.order or "time").partition(":")
    today = when(services.clock(), offset, "%Y-%m-%d")
    return {
        "title": "Requests",
        "page": "requests",
        "address": address,
        "words": words,
        "lines": [_line(request, offset, today, shown_as) for request in shown],
        "found": len(found),
        "kept": len(kept),
        "limit": services.store.settings().history_limit,
        "more": min(len(found), len(shown) * 2, SHOWN_AT_MOST) if len(found) > len(shown) else 0,
        "at_most": SHOWN_AT_MOST,
        "fields": _fields(kept, address, shown_as),
        "has_keys": bool(keys),
        "order": order,
        "descending": direction != "asc",
        "orders": ORDERS,
        "oldest": kept[0].timestamp if kept else None,
        "newest": kept[-1].timestamp if kept else None,
        "offset": offset,
        "is_narrowed": words.narrows,
        "without_filters": address.to(**dict.fromkeys(_NARROWING)),
    }


def _limit(text: str | None) -> int:
    if text and text.isascii() and text.isdigit() and len(text) < 6:
        return max(1, min(int(text), SHOWN_AT_MOST))
    return SHOWN_FIRST


def _fields(
    kept: Sequence[RequestLog], address: Address, names: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The fields that narrow, each with what it can be set to, the most frequent first."""
    choices = {
        "provider": _frequent(kept, lambda request: request.provider),
        "model": _frequent(kept, lambda request: request.model),
        "key": _frequent(kept, lambda request: request.api_key or NOBODY),
    }
    statuses = [str(status) for status in sorted({request.status for request in kept})]
    options: dict[str, list[tuple[str, str]]] = {
        "status": [*_STATUSES.items(), *((status, status) for status in statuses)],
        **{
            name: [(one, "no key" if one == NOBODY else names.get(one, one)) for one in found]
            for name, found in choices.items()
        },
    }
    fields = []
    for name in ("status", "provider", "model", "key"):
        value = address.words.get(name, "")
        listed = options[name]
        if value and value not in dict(listed):
            listed = [(value, value), *listed]
        if value or len(listed) > 1 or name != "key":
            fields.append({"name": name, "value": value, "options": listed})
    return fields


def _frequent(kept: Sequence[RequestLog], name_of: Callable[[RequestLog], str]) -> list[str]:
    return [name for name, _ in Counter(map(name_of, kept)).most_common(_CHOICES_AT_MOST)]


def _line(request: RequestLog, offset: Offset, today: str, names: Mapping[str, str]) -> Line:
    day, _, time = when(request.timestamp, offset).partition(" ")
    key = request.api_key or ""
    return Line(
        id=request.id,
        href=f"/requests/{quote(request.id, safe='')}",
        year="" if day == today else day[:5],
        time=time if day == today else f"{day[5:]} {time[:5]}",
        exact_time=f"{day} {time}.{request.timestamp % 1000:03d}",
        status=request.status,
        level=level_of(request),
        provider=request.provider,
        model=request.model,
        alias=request.model_requested or "",
        key=names.get(key, key),
        input=_short(request.tokens_in),
        exact_input=_exact(request.tokens_in),
        output=_short(request.tokens_out),
        exact_output=_exact(request.tokens_out),
        cost=_cost(request),
        exact_cost=_exact_cost(request),
        duration=duration(request.duration_ms),
        exact_duration=f"{request.duration_ms:,} ms",
        method=request.method,
        path=request.path,
    )


def level_of(request: RequestLog) -> str:
    """Which colour its outcome has: the caller's mistakes are no alarm."""
    if request.is_success:
        return "good"
    return "warn" if 400 <= request.status < 500 else "bad"


def _short(tokens: int | None) -> str:
    return NOT_KNOWN if tokens is None else short_count(tokens)


def _exact(tokens: int | None) -> str:
    return "not known" if tokens is None else f"{tokens:,} tokens"


def _cost(request: RequestLog) -> str:
    if request.cost_usd is not None:
        return money(request.cost_usd)
    return "unpriced" if request.tokens_in or request.tokens_out else NOT_KNOWN


def _exact_cost(request: RequestLog) -> str:
    if request.cost_usd is not None:
        return exact_money(request.cost_usd)
    has_tokens = request.tokens_in or request.tokens_out
    return "no price is known" if has_tokens else "no tokens are known"


# -- one request


def one_request(call: Call) -> Response:
    """All about one of the recent requests."""
    services = call.services
    wanted = call.request.path_params["id"]
    kept = services.once("history", services.store.get_request_history).requests
    request = next((one for one in reversed(kept) if one.id == wanted), None)
    context: dict[str, Any] = {"title": "Request", "page": "requests", "request": request}
    if request is None:
        context["limit"] = services.store.settings().history_limit
        return render(call, DETAIL, context, status=404)
    settings = services.settings()
    pricing = Pricing(settings, cached=services.store.cached)
    key = request.api_key or ""
    context |= {
        "offset": offset_of(services.store.settings().zone),
        "level": level_of(request),
        "began_ms": began_ms(request),
        "cost": cost_breakdown(request, pricing),
        "key_name": settings.names.get(key, ""),
        "account_name": settings.names.get(request.account or "", ""),
        "told_by": lambda field: told_by(request, field),
        "extras": [(name, str(value)) for name, value in (request.extras or {}).items()],
        "tokens": _tokens(request),
    }
    return render(call, DETAIL, context)


def _tokens(request: RequestLog) -> list[tuple[str, str, str]]:
    """The counts as they were told: title, figure, and the field they come from."""
    fields = (
        ("Input, all", "tokens_in"),
        ("· read from cache", "tokens_cached"),
        ("· written to cache", "tokens_cache_write"),
        ("Output, all", "tokens_out"),
        ("· reasoning", "tokens_reasoning"),
    )
    return [(title, count(getattr(request, field)), field) for title, field in fields]


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/requests",
        summary="The recent requests",
        handle=requests,
        in_document=False,
    ),
    Endpoint(
        method="GET",
        path="/requests/{id:path}",
        summary="One of the recent requests",
        handle=one_request,
        in_document=False,
    ),
)
