"""What there is to read: totals, recent requests, backups, sources, gaps and budgets, as JSON.

Must not enter: how any of it is found out; each is a question to the store or to `service`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated

import msgspec
from starlette.responses import Response

from proxypal.clock import offset_of
from proxypal.records.aggregate import UsageStats
from proxypal.records.budget import BudgetState
from proxypal.records.request import MAX_INTEGER, RequestLog, encode_request
from proxypal.service.budgets import budgets_of, standings
from proxypal.service.request_filters import STATUS_FORMS, RequestWords, selected
from proxypal.service.source_states import SourceState
from proxypal.store.values import Backup
from proxypal.web.endpoints import Answer, Call, Endpoint, Parameter
from proxypal.web.json_answers import encode, encoded_answer, json_answer
from proxypal.web.query_string import given

_Limit = Annotated[int, msgspec.Meta(ge=0, le=MAX_INTEGER)]
_StatusText = Annotated[str, msgspec.Meta(pattern=r"^(success|failed|[0-9]{1,3}|[1-5]xx)?$")]

_HISTORY = (
    Parameter("limit", "Only the newest so many of those meant.", _Limit),
    Parameter("model", "Only this model; * stands for anything."),
    Parameter("provider", "Only this provider; * stands for anything."),
    Parameter("status", f"Only requests that ended so: {STATUS_FORMS}.", _StatusText),
    Parameter("key", "Only this client key: its label, or its name in the settings."),
    Parameter("q", "Only requests with this text in a name, the path or an id."),
)


class HistoryAnswer(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """Recent requests, newest last, as `history.json` holds them.

    `found` so many are meant, of `kept` there are; `limit` is how many are kept at most.
    """

    requests: Sequence[RequestLog]
    found: int
    kept: int
    limit: int


class BackupsAnswer(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """What can be undone, newest first: `POST /api/restore` with the `name`."""

    backups: Sequence[Backup]


class SourcesAnswer(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """Where requests come from, and how that goes."""

    sources: Sequence[SourceState]


class KnownGap(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """A span of a source that is lost, in Unix milliseconds; null is not known."""

    source: str
    from_ms: int | None
    until_ms: int | None
    reason: str


class GapsAnswer(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """What is known to be lost, oldest notice first."""

    gaps: Sequence[KnownGap]


class BudgetsAnswer(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """How the budgets of `settings.toml` stand; `problems` says what of that file is not used."""

    budgets: Sequence[BudgetState]
    problems: Sequence[str]


def stats(call: Call) -> Response:
    """The all-time analytics."""
    given(call, ())
    services = call.services
    return encoded_answer(
        services.once("/api/stats", lambda: encode(services.store.get_usage_stats()))
    )


def history(call: Call) -> Response:
    """The recent requests that are meant."""
    found = given(call, _HISTORY)
    limit = found.whole("limit", MAX_INTEGER)
    words = RequestWords(
        model=found.one("model"),
        provider=found.one("provider"),
        status=found.one("status"),
        key=found.one("key"),
        text=found.one("q"),
    )
    services = call.services
    names = services.settings().names if words.key else {}
    key = f"/api/history {limit} {words!r} {sorted(names.items())!r}"
    return encoded_answer(services.once(key, lambda: _history(call, words, names, limit)))


def _history(call: Call, words: RequestWords, names: Mapping[str, str], limit: int | None) -> bytes:
    store = call.services.store
    kept = store.get_request_history().requests
    meant = selected(kept, words, names)
    shown = meant if limit is None else meant[:limit]
    rows = b",".join(encode_request(request) for request in reversed(shown))
    told = {"found": len(meant), "kept": len(kept), "limit": store.settings().history_limit}
    return b'{"requests":[' + rows + b"]," + encode(told)[1:]


def backups(call: Call) -> Response:
    """What can be undone."""
    given(call, ())
    return json_answer(BackupsAnswer(backups=call.services.store.list_backups()))


def sources(call: Call) -> Response:
    """How the sources are."""
    given(call, ())
    return json_answer(SourcesAnswer(sources=call.services.sources.state()))


def gaps(call: Call) -> Response:
    """What is lost."""
    given(call, ())
    found = [
        KnownGap(source=gap.source, from_ms=gap.from_ms, until_ms=gap.until_ms, reason=gap.reason)
        for gap in call.services.store.gaps()
    ]
    return json_answer(GapsAnswer(gaps=found))


def budgets(call: Call) -> Response:
    """How the budgets stand."""
    given(call, ())
    services = call.services
    settings = services.settings()
    asked, problems = budgets_of(settings, services.data_directory)

    def stand() -> Sequence[BudgetState]:
        offset = offset_of(services.store.settings().zone)
        found = standings(services.store, asked, services.clock(), offset)
        return [one.state for one in found]

    states = services.once(f"/api/budgets {asked!r}", stand)
    return json_answer(BudgetsAnswer(budgets=states, problems=problems))


def _endpoint(
    path: str,
    summary: str,
    handle: Callable[[Call], Response],
    answer: Answer,
    parameters: Sequence[Parameter] = (),
) -> Endpoint:
    return Endpoint(
        method="GET",
        path=path,
        summary=summary,
        handle=handle,
        parameters=parameters,
        answers={200: answer},
    )


ENDPOINTS = (
    _endpoint(
        "/api/stats",
        "The all-time analytics, from the first request on.",
        stats,
        Answer("All totals, and the series by day and hour.", UsageStats),
    ),
    _endpoint(
        "/api/history",
        "The recent requests, newest last.",
        history,
        Answer("Those that are meant, as `history.json` holds them.", HistoryAnswer),
        _HISTORY,
    ),
    _endpoint(
        "/api/backups",
        "What Clear, Reset, imports and re-pricing put aside.",
        backups,
        Answer("All there are, newest first.", BackupsAnswer),
    ),
    _endpoint(
        "/api/sources",
        "Where requests come from: logs and usage queues, and how they are.",
        sources,
        Answer("Each source.", SourcesAnswer),
    ),
    _endpoint(
        "/api/gaps",
        "Spans of the sources that are known to be lost.",
        gaps,
        Answer("All that are known.", GapsAnswer),
    ),
    _endpoint(
        "/api/budgets",
        "What is spent of each budget, and where it is heading.",
        budgets,
        Answer("In the order of the settings.", BudgetsAnswer),
    ),
)
