"""A page or a call of the HTTP API as a value.

The app serves it (`app.py`), the OpenAPI document tells of it (`openapi.py`). Must not enter:
what a single endpoint does.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from proxypal.web.services import Services

Method = Literal["GET", "POST"]


class Call(NamedTuple):
    """One call: the request, with its body already read and within the limit.

    `file` is where the body was put instead if the endpoint `takes_file`; it is deleted after.
    """

    services: Services
    request: Request
    body: bytes = b""
    file: Path | None = None


class Parameter(NamedTuple):
    """A parameter of the query string; `schema` is a type msgspec can describe.

    `example` is a value that makes sense, None for none.
    """

    name: str
    description: str
    schema: Any = str
    is_list: bool = False
    example: Any = None


class Answer(NamedTuple):
    """What may come back: a type msgspec can describe, or None for another media type.

    `also` are other media types, of text, that it comes in if so asked for.
    """

    description: str
    schema: Any = None
    media_type: str = "application/json"
    also: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One method of one path. `handle` runs in a worker thread and may raise `ProxypalError`."""

    method: Method
    path: str
    summary: str
    handle: Callable[[Call], Response]
    parameters: Sequence[Parameter] = ()
    body: Any = None
    """A type msgspec can describe; None if no body is read."""
    body_media_types: Sequence[str] = ("application/json",)
    answers: Mapping[int, Answer] = field(default_factory=dict)
    takes_file: bool = False
    in_document: bool = True
    """Whether the OpenAPI document tells of it; pages it does not."""
