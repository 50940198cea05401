"""What schemathesis has to know of `POST /api/requests`: lines of JSON, and named rejections."""

import json
from typing import Any

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def lines(context: Any, value: Any) -> bytes:  # noqa: ARG001 - schemathesis' signature
    """One request on each line; what is no list is a line."""
    requests = value if isinstance(value, list) else [value]
    return b"".join(json.dumps(request).encode() + b"\n" for request in requests)


@schemathesis.hook
def filter_body(context: Any, body: Any) -> bool:
    """JSON Schema has no word for numbers that many readers refuse, and with them the file."""
    if isinstance(body, dict | list):
        return all(
            filter_body(context, one) for one in (body.values() if isinstance(body, dict) else body)
        )
    return not isinstance(body, float) or body == 0 or 1e-300 < abs(body) < 1e300


@schemathesis.check
def bad_requests_are_named(context: Any, response: Any, case: Any) -> None:  # noqa: ARG001 - the same
    """Data that is no request is refused as a whole, or each that is none is named."""
    is_ours = case.operation.path == "/api/requests" and case.method == "POST"
    if (
        is_ours
        and case.meta
        and case.meta.generation.mode.is_negative
        and response.status_code < 300
    ):
        assert response.json().get("rejected"), "accepted without a word"
