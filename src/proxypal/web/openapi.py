"""The OpenAPI document (https://spec.openapis.org/oas/v3.1.1.html) of the endpoints. Pure.

It is made from what the endpoints declare, so it cannot tell of another API than this one. Must
not enter: requests and answers themselves.
"""

import inspect
import re
from collections.abc import Iterable, Mapping, Sequence
from types import UnionType
from typing import Any, get_args

import msgspec

from proxypal.records.request import RequestLog
from proxypal.web.access import needs_no_token
from proxypal.web.endpoints import Answer, Endpoint, Parameter
from proxypal.web.http_errors import ErrorBody

JsonSchema = dict[str, Any]

_REF = "#/components/schemas/{name}"
_LINES = "application/x-ndjson"
_FILE = "application/octet-stream"
_SNAKE = re.compile(r"\b[a-z0-9]+(?:_[a-z0-9]+)+\b")

ALWAYS: Mapping[int, Answer] = {
    400: Answer("The call means nothing; the message says why.", ErrorBody),
    401: Answer("The server listens beyond this machine and wants its token.", ErrorBody),
    421: Answer("This server is not called by that name.", ErrorBody),
    500: Answer("A mistake of proxypal's own.", ErrorBody),
    503: Answer("The store cannot answer now; try again.", ErrorBody),
}
"""What every call may answer."""

WITH_BODY: Mapping[int, Answer] = {
    403: Answer("The call comes from a page of another site.", ErrorBody),
    413: Answer("The body is larger than this call takes.", ErrorBody),
    415: Answer("The body is of another media type than this call takes.", ErrorBody),
    507: Answer("There is no space, or no permission to write; nothing was kept.", ErrorBody),
}
"""What calls with a body may answer besides."""


class _Schemas:
    """The schema of each of the types, and what these refer to."""

    def __init__(self, kinds: Iterable[Any]) -> None:
        single = {id(one): one for kind in kinds for one in _alternatives(kind)}
        found, components = msgspec.json.schema_components(single.values(), ref_template=_REF)
        self._of = {key: _plain(schema) for key, schema in zip(single, found, strict=True)}
        self.components = {name: _component(name, one) for name, one in components.items()}

    def of(self, kind: Any) -> JsonSchema:  # noqa: ANN401 - a type, or a union of types
        """Where values of the type are described."""
        found: list[JsonSchema] = [self._of[id(one)] for one in _alternatives(kind)]
        return found[0] if len(found) == 1 else {"anyOf": found}


def _alternatives(kind: Any) -> tuple[Any, ...]:  # noqa: ANN401 - a type, or a union of types
    """The types of a union of objects, which cannot be described together; else the type."""
    inside = get_args(kind) if isinstance(kind, UnionType) else ()
    objects = [one for one in inside if isinstance(one, type) and issubclass(one, msgspec.Struct)]
    return inside if len(objects) > 1 else (kind,)


def openapi_document(endpoints: Iterable[Endpoint], version: str) -> dict[str, Any]:
    """The document as plain JSON values."""
    told = [endpoint for endpoint in endpoints if endpoint.in_document]
    schemas = _Schemas([kind for endpoint in told for kind in _types_of(endpoint)])
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in told:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "proxypal",
            "version": version,
            "description": "Every request that passed your LLM proxy: what was used, what came in "
            "last, and control of the data. Times are Unix milliseconds unless they are local "
            "labels, money is exact US dollars.",
        },
        "paths": paths,
        "components": {"schemas": schemas.components},
    }


def answers_of(endpoint: Endpoint) -> dict[int, Answer]:
    """Everything that may come back, by status."""
    found = {**ALWAYS, **(WITH_BODY if _has_body(endpoint) else {}), **endpoint.answers}
    if needs_no_token(endpoint.path):  # it answers everybody, whatever they add to the address
        del found[400], found[401]
    return dict(sorted(found.items()))


def _has_body(endpoint: Endpoint) -> bool:
    return endpoint.body is not None or endpoint.takes_file


def _types_of(endpoint: Endpoint) -> list[Any]:
    types = [parameter.schema for parameter in endpoint.parameters]
    types += [answer.schema for answer in answers_of(endpoint).values() if answer.schema]
    return types if endpoint.body is None else [*types, endpoint.body]


def _operation(endpoint: Endpoint, schemas: _Schemas) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": endpoint.summary,
        "operationId": _operation_id(endpoint),
        "parameters": [_parameter(one, schemas) for one in endpoint.parameters],
        "responses": {
            str(status): _response(answer, schemas)
            for status, answer in answers_of(endpoint).items()
        },
    }
    if endpoint.takes_file:
        operation["requestBody"] = {"required": True, "content": {_FILE: {}}}
    elif endpoint.body is not None:
        schema = schemas.of(endpoint.body)
        operation["requestBody"] = {
            "required": True,
            "content": {
                kind: {"schema": _lines(schema) if kind == _LINES else schema}
                for kind in endpoint.body_media_types
            },
        }
    return operation


def _operation_id(endpoint: Endpoint) -> str:
    words = re.findall(r"[a-zA-Z]+", endpoint.path.removeprefix("/api"))
    return endpoint.method.lower() + "".join(word.capitalize() for word in words)


def _parameter(parameter: Parameter, schemas: _Schemas) -> dict[str, Any]:
    schema = schemas.of(parameter.schema)
    example = [parameter.example] if parameter.is_list else parameter.example
    return {
        "name": parameter.name,
        "in": "query",
        "required": False,
        "description": parameter.description,
        "schema": {"type": "array", "items": schema} if parameter.is_list else schema,
        **({} if parameter.example is None else {"example": example}),
    }


def _response(answer: Answer, schemas: _Schemas) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if answer.schema is not None:
        content[answer.media_type] = {"schema": schemas.of(answer.schema)}
    for media_type in {answer.media_type, *answer.also} - content.keys():
        content[media_type] = {"schema": {"type": "string"}}
    return {"description": answer.description, "content": content}


def _lines(schema: JsonSchema) -> JsonSchema:
    """Of one value or a list of them, the list: each line is one."""
    lists = [one for one in schema.get("anyOf", [schema]) if one.get("type") == "array"]
    return {**lists[0], "description": "One JSON object on each line."} if lists else schema


# -- what msgspec says, as it is on the wire


def _component(name: str, schema: JsonSchema) -> JsonSchema:
    found: JsonSchema = _plain(schema)
    if name == RequestLog.__name__:
        # Keys that are not ours stand beside our own, not under a key of their own.
        found["properties"].pop("extras", None)
        found["additionalProperties"] = True
    return found


def _plain(schema: Any) -> Any:  # noqa: ANN401 - a JSON value is any of seven types
    """Money is a number on the wire; descriptions are for readers of the wire, not of Python."""
    if isinstance(schema, Sequence) and not isinstance(schema, str):
        return [_plain(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("format") == "decimal":
        return {
            "type": "number",
            **{k: v for k, v in schema.items() if k not in {"type", "format"}},
        }
    plain = {
        key: _plain(value)
        for key, value in schema.items()
        if (key, value) != ("default", None)  # so it says of all that may be left out
    }
    if isinstance(text := plain.get("description"), str):
        plain["description"] = _SNAKE.sub(_camel, inspect.cleandoc(text))
    return plain


def _camel(found: re.Match[str]) -> str:
    first, *rest = found[0].split("_")
    return first + "".join(word.capitalize() for word in rest)
