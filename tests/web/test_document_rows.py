"""The OpenAPI document as rows to read."""

from typing import Any

import pytest

from proxypal.web.document_rows import (
    AnswerRow,
    CallRow,
    TypeWords,
    call_rows,
    object_rows,
    told_once,
    type_words,
)

COIN = {"$ref": "#/components/schemas/Coin"}
DOCUMENT: dict[str, Any] = {
    "paths": {
        "/api/coins": {
            "post": {
                "operationId": "postCoins",
                "summary": "Mint.",
                "parameters": [
                    {
                        "name": "side",
                        "required": False,
                        "description": "Up.",
                        "schema": {"enum": ["heads", "tails"]},
                    }
                ],
                "requestBody": {
                    "content": {"application/json": {"schema": COIN}, "application/x": {}}
                },
                "responses": {
                    "200": {
                        "description": "Minted.",
                        "content": {
                            "application/json": {"schema": COIN},
                            "text/csv": {"schema": {"type": "string"}},
                        },
                    }
                },
            }
        }
    },
    "components": {
        "schemas": {
            "Coin": {
                "description": "A coin.",
                "properties": {"value": {"type": "number"}, "mint": {"description": "Where."}},
                "required": ["value"],
            }
        }
    },
}


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "string"}, "text"),
        ({"type": "boolean"}, "true or false"),
        ({}, "anything"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "integer or null"),
        ({"enum": ["a", "b"]}, "a or b"),
        ({"type": "array", "items": {"type": "array"}}, "list of list of anything"),
        (
            {"type": "object", "additionalProperties": {"type": "number"}},
            "object of number by name",
        ),
        ({"type": "object"}, "object"),
    ],
)
def test_types_in_words(schema: dict[str, Any], words: str) -> None:
    """A schema is said as one would say it."""
    assert type_words(schema) == TypeWords(words)


def test_types_name_their_objects() -> None:
    """A type that speaks of objects says which, each once, so that they can be linked."""
    both = {"anyOf": [{"type": "array", "items": COIN}, COIN]}
    assert type_words(both) == TypeWords("list of Coin or Coin", ("Coin",))


def test_calls_are_rows() -> None:
    """A call says what it takes and answers, a row for each type."""
    (call,) = call_rows(DOCUMENT)
    assert (call.anchor, call.method, call.path) == ("postCoins", "POST", "/api/coins")
    assert [(one.name, one.type.text) for one in call.parameters] == [("side", "heads or tails")]
    assert [(one.media, one.type) for one in call.body] == [
        (["application/json"], TypeWords("Coin", ("Coin",))),
        (["application/x"], None),
    ]
    assert [(one.status, one.media) for one in call.answers] == [
        ("200", ["application/json"]),
        ("200", ["text/csv"]),
    ]


def test_objects_are_rows() -> None:
    """An object says its fields, and which are always there."""
    (coin,) = object_rows(DOCUMENT)
    assert [(one.name, one.is_required, one.description) for one in coin.fields] == [
        ("value", True, ""),
        ("mint", False, "Where."),
    ]


def test_what_all_calls_answer_is_told_once() -> None:
    """Answers that many calls give in the same words are taken out of each of them."""
    usual = AnswerRow("400", "No.", ["application/json"], None)
    calls = [
        CallRow(str(n), "GET", f"/{n}", "", (), (), [usual, usual._replace(status="200")])
        for n in range(3)
    ]
    calls[0] = calls[0]._replace(answers=[usual, usual._replace(description="Only here.")])
    common, own = told_once(calls)
    assert common == [usual]
    assert [[row.status for row in call.answers] for call in own] == [["400"], ["200"], ["200"]]
