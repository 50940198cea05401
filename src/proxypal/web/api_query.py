"""`GET /api/query`: any question about usage, in the words of `proxypal stats` and its answer.

Must not enter: what the words mean (`records.usage_query`), and the facts.
"""

from typing import Literal

from starlette.responses import Response

from proxypal.clock import offset_of
from proxypal.records.aggregate import UsageStats
from proxypal.records.usage_answer import Answer as UsageAnswer
from proxypal.records.usage_axes import DIMENSIONS
from proxypal.records.usage_csv import usage_csv
from proxypal.records.usage_query import QueryWords
from proxypal.service.asking import names_of_axes, query_of, told
from proxypal.service.usage_report import UsageReport
from proxypal.web.endpoints import Answer, Call, Endpoint, Parameter
from proxypal.web.json_answers import encode, encoded_answer
from proxypal.web.query_string import Given, given

CSV = "text/csv"

PARAMETERS = (
    Parameter(
        "range", "A span in a word: today, 7d, 2026-11, 2026-11-03..2026-11-05.", example="7d"
    ),
    Parameter("since", "From here on: YYYY-MM-DD, an ISO 8601 time, or as in 24h, 7d."),
    Parameter("until", "Up to here; a day is included whole."),
    Parameter("last", "The last 24h, 7d, 4w."),
    Parameter(
        "where",
        "A condition such as model=claude-*, key!=NAME, outcome=failed; all must hold.",
        is_list=True,
        example="model=claude-*",
    ),
    Parameter(
        "by",
        f"Group by one of {', '.join(DIMENSIONS)}; at most two, also with a comma between.",
        is_list=True,
        example="day",
    ),
    Parameter(
        "metrics",
        "Which figures, also with commas between; or all.",
        is_list=True,
        example="requests,cost,p95",
    ),
    Parameter(
        "order",
        "Sort by this figure, or by label; with :asc or :desc behind it.",
        example="cost:desc",
    ),
    Parameter("top", "The so many largest groups; the rest becomes one.", example="10"),
    Parameter("format", "The form of the answer.", Literal["json", "csv"]),
)


def query(call: Call) -> Response:
    """The answer to the words of the query string."""
    found = given(call, PARAMETERS)
    words, form = _words(found), found.choice("format", "json", ("json", "csv"))
    services = call.services
    if form == "json" and words == QueryWords():
        return encoded_answer(
            services.once("/api/stats", lambda: encode(services.store.get_usage_stats()))
        )
    settings = services.settings()
    offset = offset_of(services.store.settings().zone)
    asked = query_of(words, settings, services.clock(), offset)
    # What the words mean is in the key: names of the settings, and the hour it is asked in.
    key = f"/api/query {form} {words!r} {asked!r}"
    if form == "json":
        return encoded_answer(
            services.once(key, lambda: encode(told(services.store, words, asked, offset)))
        )

    def csv() -> bytes:
        answer = services.store.query(asked)
        text = usage_csv(asked, answer, names_of_axes(asked, answer, settings))
        return text.encode("utf-8", "replace")

    names = sorted(settings.names.items())
    return Response(services.once(f"{key} {names!r}", csv), media_type=f"{CSV}; charset=utf-8")


def _words(found: Given) -> QueryWords:
    return QueryWords(
        range=found.one("range"),
        since=found.one("since"),
        until=found.one("until"),
        last=found.one("last"),
        where=found.many("where"),
        by=found.many("by"),
        metrics=found.many("metrics"),
        order=found.one("order"),
        top=found.one("top"),
    )


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/query",
        summary="Any question about usage; without words, the all-time analytics.",
        handle=query,
        parameters=PARAMETERS,
        answers={
            200: Answer(
                "As `proxypal stats --json` prints it: the all-time analytics, the report of a "
                "span by day, hour, model or provider, or the answer to all that asks more.",
                UsageStats | UsageReport | UsageAnswer,
                also=[CSV],
            ),
        },
    ),
)
