"""JSON out and in: how answers of the API look, and how the body of a call is read.

camelCase, money as exact numbers. Must not enter: what a single endpoint answers.
"""

from typing import Any, TypeVar

import msgspec
from starlette.responses import Response

from proxypal.errors import WrongUsage
from proxypal.web.endpoints import Call

T = TypeVar("T")

JSON = "application/json"

_ENCODER = msgspec.json.Encoder(decimal_format="number")


def encode(value: Any) -> bytes:  # noqa: ANN401 - whatever msgspec encodes
    """The value as compact JSON."""
    return _ENCODER.encode(value)


def json_answer(value: Any, status: int = 200) -> Response:  # noqa: ANN401 - whatever msgspec encodes
    """The value as an answer."""
    return encoded_answer(encode(value), status)


def encoded_answer(body: bytes, status: int = 200) -> Response:
    """JSON that was encoded before."""
    return Response(body, status, media_type=JSON)


def media_type_of(call: Call) -> str:
    """What the client says its body is, without parameters such as the charset."""
    said: str = call.request.headers.get("content-type", "")
    return said.partition(";")[0].strip().lower()


def read_body(call: Call, kind: type[T]) -> T:
    """The body as a value of this type; unknown keys are refused where the type says so.

    Raises:
        WrongUsage: it is no JSON, or not of this type; the message says what is wrong.
    """
    try:
        return msgspec.json.decode(call.body, type=kind)
    except (msgspec.DecodeError, ValueError) as error:
        raise WrongUsage(f"The body is not what this call takes: {error}.") from None
