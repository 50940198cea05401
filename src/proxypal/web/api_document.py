"""The API described: for programs as an OpenAPI document, for people as a page made of it.

Must not enter: what the document says (`openapi`).
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from starlette.responses import Response

from proxypal import __version__
from proxypal.web.document_rows import call_rows, object_rows, told_once
from proxypal.web.endpoints import Answer, Call, Endpoint
from proxypal.web.json_answers import encode, encoded_answer
from proxypal.web.openapi import openapi_document
from proxypal.web.query_string import given
from proxypal.web.rendering import render

PATH = "/api/openapi.json"


class _Told(NamedTuple):
    """The document as JSON, and what the page shows of it."""

    body: bytes
    shown: Mapping[str, Any]


def document(call: Call) -> Response:
    """The OpenAPI document."""
    given(call, ())
    return encoded_answer(_told(call).body)


def page(call: Call) -> Response:
    """The same to read: every call, what it takes, what it answers."""
    given(call, ())
    context = {
        **_told(call).shown,
        "title": "HTTP API",
        "page": "api",
        "origin": f"{call.request.url.scheme}://{call.request.url.netloc}",
        "document": PATH,
    }
    return render(call, "api.html", context)


def _told(call: Call) -> _Told:
    """Made once: it says what the program can do, whatever is recorded."""
    state = call.request.app.state
    if not hasattr(state, "document"):
        found = openapi_document(state.endpoints, __version__)
        common, calls = told_once(call_rows(found))
        about = found["info"]["description"]
        shown = {"about": about, "calls": calls, "common": common, "objects": object_rows(found)}
        state.document = _Told(encode(found), shown)
    told: _Told = state.document
    return told


ENDPOINTS = (
    Endpoint(
        method="GET",
        path=PATH,
        summary="This description of the API (OpenAPI 3.1).",
        handle=document,
        answers={200: Answer("The document.", dict[str, Any])},
    ),
    Endpoint(
        method="GET",
        path="/api",
        summary="The API to read and browse",
        handle=page,
        in_document=False,
    ),
)
