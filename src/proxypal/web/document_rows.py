"""The OpenAPI document as rows to read: calls with what they take and answer, objects with fields.

Pure. Must not enter: how it looks (`templates/api.html`).
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

_REF = "#/components/schemas/"
_OFTEN = 3
"""What so many calls answer in the same words is told once for all."""


class TypeWords(NamedTuple):
    """A type in words; `names` are the objects of the document that it speaks of."""

    text: str
    names: tuple[str, ...] = ()


class FieldRow(NamedTuple):
    """A parameter of a call, or a field of an object."""

    name: str
    type: TypeWords
    is_required: bool
    description: str


class AnswerRow(NamedTuple):
    """What may come back: `media` are its media types, `type` is that of its JSON."""

    status: str
    description: str
    media: Sequence[str]
    type: TypeWords | None


class CallRow(NamedTuple):
    """One method of one path; `anchor` names it within the page."""

    anchor: str
    method: str
    path: str
    summary: str
    parameters: Sequence[FieldRow]
    body: Sequence[AnswerRow]
    answers: Sequence[AnswerRow]


class ObjectRow(NamedTuple):
    """An object that calls take or answer."""

    name: str
    description: str
    fields: Sequence[FieldRow]


def call_rows(document: Mapping[str, Any]) -> list[CallRow]:
    """Every call, in the document's order."""
    return [
        CallRow(
            anchor=operation["operationId"],
            method=method.upper(),
            path=path,
            summary=operation["summary"],
            parameters=[_parameter(one) for one in operation["parameters"]],
            body=list(_contents("", operation.get("requestBody", {}))),
            answers=[
                row
                for status, answer in operation["responses"].items()
                for row in _contents(status, answer)
            ],
        )
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def told_once(calls: Sequence[CallRow]) -> tuple[list[AnswerRow], list[CallRow]]:
    """The answers that many calls have in common, and the calls with only their own ones."""
    uses = Counter((row.status, row.description) for call in calls for row in call.answers)
    common = {
        (row.status, row.description): row
        for call in calls
        for row in call.answers
        if uses[row.status, row.description] >= _OFTEN
    }
    own = [
        call._replace(
            answers=[row for row in call.answers if (row.status, row.description) not in common]
        )
        for call in calls
    ]
    return sorted(common.values(), key=lambda row: row.status), own


def object_rows(document: Mapping[str, Any]) -> list[ObjectRow]:
    """Every object, by name."""
    return [
        ObjectRow(name, schema.get("description", ""), _fields(schema))
        for name, schema in sorted(document["components"]["schemas"].items())
    ]


def _parameter(parameter: Mapping[str, Any]) -> FieldRow:
    words = type_words(parameter["schema"])
    return FieldRow(
        parameter["name"], words, parameter["required"], parameter.get("description", "")
    )


def _fields(schema: Mapping[str, Any]) -> list[FieldRow]:
    required = schema.get("required", ())
    return [
        FieldRow(name, type_words(one), name in required, one.get("description", ""))
        for name, one in schema.get("properties", {}).items()
    ]


def _contents(status: str, told: Mapping[str, Any]) -> Iterator[AnswerRow]:
    """One row for each type among the media types."""
    by_type: dict[TypeWords | None, list[str]] = {}
    for media, content in told.get("content", {}).items():
        words = type_words(content["schema"]) if "schema" in content else None
        by_type.setdefault(words, []).append(media)
    for words, media in by_type.items():
        yield AnswerRow(status, told.get("description", ""), media, words)


def type_words(schema: Mapping[str, Any]) -> TypeWords:
    """A schema in a few words: `integer`, `list of Backup`, `text or null`."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(_REF)
        return TypeWords(name, (name,))
    if "anyOf" in schema:
        parts = [type_words(one) for one in schema["anyOf"]]
        names = dict.fromkeys(name for part in parts for name in part.names)
        return TypeWords(" or ".join(part.text for part in parts), tuple(names))
    if "enum" in schema:
        return TypeWords(" or ".join(str(one) for one in schema["enum"]))
    kind = schema.get("type", "anything")
    if kind == "array":
        inside = type_words(schema.get("items", {}))
        return TypeWords(f"list of {inside.text}", inside.names)
    if kind == "object" and isinstance(inner := schema.get("additionalProperties"), dict):
        inside = type_words(inner)
        return TypeWords(f"object of {inside.text} by name", inside.names)
    return TypeWords({"string": "text", "boolean": "true or false"}.get(kind, kind))
