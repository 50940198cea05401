"""The OpenAPI document as a value, made from endpoints."""

from decimal import Decimal
from typing import Any, Literal

import msgspec
from starlette.responses import Response

from proxypal.records.request import RequestLog
from proxypal.web.endpoints import Answer, Call, Endpoint, Method, Parameter
from proxypal.web.openapi import answers_of, openapi_document


class Coin(msgspec.Struct, rename="camel"):
    """A coin; `face_value` is what it is worth."""

    face_value: Decimal
    made_at: int | None = None


class Note(msgspec.Struct):
    """A banknote."""

    number: str


def _handle(call: Call) -> Response:
    raise AssertionError(call)


def an_endpoint(method: Method = "GET", path: str = "/api/coins/lost", **more: Any) -> Endpoint:
    return Endpoint(method=method, path=path, summary="Coins.", handle=_handle, **more)


def test_parameters_and_answers_are_told() -> None:
    """A call has an id of its path, its parameters with types, and every status it may answer."""
    one = an_endpoint(
        parameters=[
            Parameter("side", "Which one.", Literal["heads", "tails"]),
            Parameter("year", "Of these years.", int, is_list=True, example=1999),
        ],
        answers={200: Answer("Found.", Coin), 404: Answer("Lost.", Note)},
    )
    document = openapi_document([one], "1.2.3")
    assert (document["openapi"], document["info"]["version"]) == ("3.1.0", "1.2.3")
    operation = document["paths"]["/api/coins/lost"]["get"]
    assert operation["operationId"] == "getCoinsLost"
    side, year = operation["parameters"]
    assert side["schema"] == {"enum": ["heads", "tails"]}
    assert year["schema"] == {"type": "array", "items": {"type": "integer"}}
    assert year["example"] == [1999]
    assert list(operation["responses"]) == [str(status) for status in sorted(answers_of(one))]
    assert operation["responses"]["200"]["content"] == {
        "application/json": {"schema": {"$ref": "#/components/schemas/Coin"}}
    }


def test_objects_are_as_they_are_on_the_wire() -> None:
    """Money is a number, names are camelCase also where a description speaks of them."""
    document = openapi_document([an_endpoint(answers={200: Answer("One.", Coin)})], "1")
    coin = document["components"]["schemas"]["Coin"]
    assert coin["properties"]["faceValue"] == {"type": "number"}
    assert coin["description"] == "A coin; `faceValue` is what it is worth."
    assert coin["required"] == ["faceValue"]
    assert "default" not in coin["properties"]["madeAt"]


def test_one_of_several_objects() -> None:
    """An answer that may be one of several objects refers to each."""
    document = openapi_document([an_endpoint(answers={200: Answer("Any.", Coin | Note)})], "1")
    content = document["paths"]["/api/coins/lost"]["get"]["responses"]["200"]["content"]
    assert content["application/json"]["schema"] == {
        "anyOf": [{"$ref": "#/components/schemas/Coin"}, {"$ref": "#/components/schemas/Note"}]
    }


def test_other_media_types_are_told() -> None:
    """An answer that is text, or may be, says as what."""
    answer = Answer("One.", Coin, also=["text/csv"])
    document = openapi_document([an_endpoint(answers={200: answer})], "1")
    content = document["paths"]["/api/coins/lost"]["get"]["responses"]["200"]["content"]
    assert content["text/csv"] == {"schema": {"type": "string"}}
    assert set(content) == {"application/json", "text/csv"}


def test_bodies_are_told() -> None:
    """A body has its schema for each media type; as lines, each is one of the list."""
    one = an_endpoint(
        "POST",
        body=Coin | list[Coin],
        body_media_types=("application/json", "application/x-ndjson"),
    )
    upload = an_endpoint("POST", "/api/file", takes_file=True)
    paths = openapi_document([one, upload], "1")["paths"]
    body = paths["/api/coins/lost"]["post"]["requestBody"]
    assert body["required"]
    assert len(body["content"]["application/json"]["schema"]["anyOf"]) == 2
    lines = body["content"]["application/x-ndjson"]["schema"]
    assert (lines["type"], lines["items"]) == ("array", {"$ref": "#/components/schemas/Coin"})
    assert paths["/api/file"]["post"]["requestBody"]["content"] == {"application/octet-stream": {}}
    assert {413, 415, 507} <= answers_of(one).keys() & answers_of(upload).keys()
    assert not {413, 415, 507} & answers_of(an_endpoint()).keys()


def test_pages_are_not_told_of() -> None:
    """What is for people is not in the document for programs."""
    assert openapi_document([an_endpoint(in_document=False)], "1")["paths"] == {}


def test_a_request_has_the_keys_of_others() -> None:
    """Keys that are not ours stand beside our own, so the schema of a row allows them."""
    document = openapi_document([an_endpoint(answers={200: Answer("Row.", RequestLog)})], "1")
    row = document["components"]["schemas"]["RequestLog"]
    assert "extras" not in row["properties"]
    assert row["additionalProperties"] is True
