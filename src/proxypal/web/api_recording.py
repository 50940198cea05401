"""`POST /api/requests`: requests pushed over HTTP, each answered for after the sync.

Must not enter: what makes a request good (`records.incoming`).
"""

import contextlib
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType
from starlette.responses import Response

from proxypal.errors import CannotWrite, StorageFull, WrongUsage
from proxypal.records.incoming import admit, read_request_line, read_request_tree
from proxypal.records.request import Count, RequestLog, Status
from proxypal.records.tolerant_json import Refused, read_json
from proxypal.store.values import Recorded
from proxypal.web.endpoints import Answer, Call, Endpoint
from proxypal.web.http_errors import ErrorBody, ErrorText, error_response
from proxypal.web.json_answers import (
    JSON,
    json_answer,
    media_type_of,
)

LINES = "application/x-ndjson"

_Amount = Annotated[float, Meta(ge=0, le=1e12)]
_AmountText = Annotated[str, Meta(pattern=r"^[0-9]{1,12}(\.[0-9]{1,30})?$")]

RequestGiven = msgspec.defstruct(
    "RequestGiven",
    [
        ("status", Status),
        *(
            (field.name, field.type | None, None)
            for field in msgspec.structs.fields(RequestLog)
            if field.name not in {"status", "cost_usd", "timestamp_claimed", "extras"}
        ),
        ("timestamp_claimed", Count | None, None),
        ("cost_usd", _Amount | _AmountText | None, None),
    ],
    kw_only=True,
    rename="camel",
    namespace={
        "__doc__": "A request to record. Without `timestamp` it was now, without `provider` that "
        "is detected from model and path. `id` names it: the same request under the same id, sent "
        "again within two hours, counts once. Money is US dollars, as a number or exact as text, "
        "to 30 decimal places. Other keys are kept with the request."
    },
)
"""What the document says of a request that is pushed; it is read by `records.incoming`."""


class Repeated(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """A request that was recorded before, under this `id` and with this content.

    `index` counts from 0 in the list, `line` from 1; so everywhere.
    """

    index: int | UnsetType = UNSET
    line: int | UnsetType = UNSET

    id: str


class Rejected(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """A request that was not recorded, and why."""

    index: int | UnsetType = UNSET
    line: int | UnsetType = UNSET

    reason: str


class RecordingAnswer(
    msgspec.Struct, kw_only=True, frozen=True, rename="camel", omit_defaults=True
):
    """What became of the requests: each is in exactly one of these.

    `recorded` so many are durable. `held` so many wait in memory for the disk and are not durable.
    """

    recorded: int = msgspec.field(default_factory=int)
    held: int = msgspec.field(default_factory=int)
    duplicates: Sequence[Repeated] = ()
    rejected: Sequence[Rejected] = ()


class NothingRecorded(RecordingAnswer, kw_only=True, frozen=True, rename="camel"):
    """All requests were rejected."""

    error: ErrorText


class _Sent:
    """The requests of a body, and the rejections of what is none; `places` are of `requests`."""

    def __init__(self) -> None:
        self.requests: list[RequestLog] = []
        self.places: list[dict[str, int]] = []
        self.rejected: list[Rejected] = []

    def add(self, place: dict[str, int], request: RequestLog | str) -> None:
        """One more: what was read there, or why it cannot be."""
        if isinstance(request, str):
            self.rejected.append(Rejected(**place, reason=request))
        else:
            self.requests.append(request)
            self.places.append(place)


def record(call: Call) -> Response:
    """Record what the body holds; answers when it is durable."""
    kind = media_type_of(call)
    if kind not in {JSON, LINES}:
        return error_response(
            call.request, 415, f"Requests are taken as {JSON} or, one a line, as {LINES}."
        )
    sent = _lines(call.body) if kind == LINES else _values(call.body)
    try:
        outcome = call.services.store.record(sent.requests)
    except (StorageFull, CannotWrite) as error:
        return error_response(call.request, 507, f"Nothing of this call was kept. {error}")
    return _answer(call, sent, outcome)


def _lines(body: bytes) -> _Sent:
    sent = _Sent()
    for number, line in enumerate(body.split(b"\n"), 1):
        if line and not line.isspace():
            sent.add({"line": number}, read_request_line(line))
    return sent


def _values(body: bytes) -> _Sent:
    """The request that is the body, or those of its list."""
    sent = _Sent()
    try:
        for index, request in enumerate(_requests(body)):
            sent.add({"index": index}, request)
    except Refused as error:
        raise WrongUsage(f"The body cannot be read: {error}.") from None
    return sent


def _requests(body: bytes) -> list[RequestLog | str]:
    with contextlib.suppress(msgspec.DecodeError, ValueError, RecursionError):
        items = msgspec.json.decode(body, type=list[msgspec.Raw])
        return [read_request_line(bytes(item)) for item in items]
    tree = read_json(body)
    if isinstance(tree, list):
        return [read_request_tree(item) for item in tree]
    return [read_request_line(body) if isinstance(tree, dict) else read_request_tree(tree)]


def _answer(call: Call, sent: _Sent, outcome: Recorded) -> Response:
    rejected = [
        *sent.rejected,
        *(Rejected(**sent.places[one.index], reason=one.reason) for one in outcome.rejected),
    ]
    rejected.sort(key=lambda one: max(one.index or 0, one.line or 0))
    duplicates = tuple(
        Repeated(**sent.places[index], id=sent.requests[index].id) for index in outcome.duplicates
    )
    counts: dict[str, Any] = {
        "recorded": outcome.recorded,
        "held": outcome.held,
        "duplicates": duplicates,
        "rejected": tuple(rejected),
    }
    if outcome.held:
        return json_answer(RecordingAnswer(**counts), 202)
    if rejected and not (outcome.recorded or duplicates):
        error = ErrorText(message=_nothing(rejected))
        status = 409 if _is_for_the_totals(call, sent.requests) else 422
        return json_answer(NothingRecorded(**counts, error=error), status)
    return json_answer(RecordingAnswer(**counts))


def _nothing(rejected: Sequence[Rejected]) -> str:
    if len(rejected) == 1:
        return f"The request was not recorded: {rejected[0].reason}."
    return f"None of {len(rejected):,} requests was recorded; `rejected` says why."


def _is_for_the_totals(call: Call, requests: Sequence[RequestLog]) -> bool:
    """Whether a request by itself is good, so that it was the totals that had no room for it."""
    now_ms = call.services.clock()
    return any(not isinstance(admit(request, now_ms), str) for request in requests)


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/api/requests",
        summary="Record requests: one, a list, or one on each line; answers when they are durable.",
        handle=record,
        body=RequestGiven | list[RequestGiven],  # type: ignore[valid-type]  # made above
        body_media_types=(JSON, LINES),
        answers={
            200: Answer("Recorded; a request that was rejected is named.", RecordingAnswer),
            202: Answer("The disk takes nothing now: held, not durable.", RecordingAnswer),
            409: Answer("A total would not be an exact integer any more.", NothingRecorded),
            422: Answer("No request could be recorded.", NothingRecorded),
            507: Answer("Memory is full too: nothing of this call was kept.", ErrorBody),
        },
    ),
)
