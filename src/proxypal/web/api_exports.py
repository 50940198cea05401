"""The seed's two exports over HTTP, under the seed's file names.

Must not enter: what stands in them (`records.exports`).
"""

from typing import Any, Literal, cast

import msgspec
from starlette.responses import Response

from proxypal.clock import local_stamp
from proxypal.records.aggregate import Aggregate
from proxypal.records.exports import export_file_name, history_csv
from proxypal.web.endpoints import Answer, Call, Endpoint, Parameter
from proxypal.web.json_answers import JSON, encode
from proxypal.web.query_string import given

Columns = Literal["seed", "all"]

_COLUMNS = Parameter("columns", "The seven columns of old, or everything known.", Columns)
_CSV = "text/csv"


def history(call: Call) -> Response:
    """The recent requests as CSV."""
    columns = cast("Columns", given(call, [_COLUMNS]).choice("columns", "seed", ("seed", "all")))
    text = history_csv(call.services.store.get_request_history().requests, columns)
    return _file(
        call, text.encode("utf-8", "replace"), "requests", f"{_CSV}; charset=utf-8; header=present"
    )


def aggregate(call: Call) -> Response:
    """The all-time analytics as JSON, laid out to be read."""
    given(call, ())

    def make() -> bytes:
        return msgspec.json.format(encode(call.services.store.get_aggregate()), indent=2) + b"\n"

    data = call.services.once("/api/export/aggregate.json", make)
    return _file(call, data, "aggregate", JSON)


def _file(call: Call, data: bytes, kind: Literal["requests", "aggregate"], media: str) -> Response:
    name = export_file_name(kind, local_stamp(call.services.clock()))
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(data, media_type=media, headers=headers)


def _endpoint(path: str, summary: str, **more: Any) -> Endpoint:  # noqa: ANN401 - fields of `Endpoint`
    return Endpoint(method="GET", path=f"/api/export/{path}", summary=summary, **more)


ENDPOINTS = (
    _endpoint(
        "history.csv",
        "The recent requests as a file.",
        handle=history,
        parameters=[_COLUMNS],
        answers={200: Answer("A line for each request, oldest first.", media_type=_CSV)},
    ),
    _endpoint(
        "aggregate.json",
        "The all-time analytics as a file.",
        handle=aggregate,
        answers={200: Answer("As `aggregate.json` holds them.", Aggregate)},
    ),
)
