from typing import Any

import pytest

from proxypal.records.legacy_aggregate import OldAggregate, read_aggregate
from proxypal.records.legacy_claims import Notes


def read(tree: dict[str, Any]) -> tuple[OldAggregate, list[str]]:
    notes = Notes("aggregate.json")
    return read_aggregate(tree, notes), notes.sentences()


def test_an_empty_file_claims_nothing() -> None:
    """Every field is optional: `{}` is an aggregate that says nothing."""
    aggregate, notes = read({})
    assert (aggregate.claims.total, aggregate.claims.model) == ({}, {})
    assert (aggregate.created_at_ms, aggregate.extras, notes) == (None, {}, [])


def test_names_that_fold_together_add_up() -> None:
    """`anthropic` and `claude` are one provider, `""` and `api-request` no model: sums of both."""
    aggregate, _ = read(
        {
            "providerStats": {"anthropic": {"requests": 2}, "claude": {"requests": 3}},
            "modelStats": {"": {"requests": 1}, "api-request": {"requests": 4}, "m": {}},
        }
    )
    assert aggregate.claims.provider == {"claude": {"requests": 5}}
    assert aggregate.claims.model == {"unknown": {"requests": 5}}


@pytest.mark.parametrize(
    ("numbers", "failures"),
    [
        ({"requests": 10, "successCount": 7}, 3),
        ({"requests": 10, "successCount": 12}, 0),
        ({"requests": 10, "successCount": 7, "failureCount": 5}, 5),
        ({"requests": 10}, 0),
        ({"requests": 10, "failureCount": 4}, 4),
        ({"requests": 10, "successCount": "7"}, 0),
    ],
)
def test_failures_of_a_model(numbers: dict[str, Any], failures: int) -> None:
    """What its successes leave of its requests has failed, or what it states if that is more."""
    aggregate, _ = read({"modelStats": {"m": numbers}})
    assert aggregate.claims.model["m"].get("failures", 0) == failures


def test_wrong_shapes_are_noted() -> None:
    """A list where an object belongs costs itself; the sentence names the place."""
    aggregate, notes = read(
        {
            "createdAt": -1,
            "totalRequests": "many",
            "modelStats": [],
            "providerStats": {"claude": 5},
            "requestsByDay": {"2025-12-19": 3},
            "tokensByDay": [5, {"label": "2025-12-19", "value": None}],
            "totalFailureCount": 2,
        }
    )
    assert aggregate.claims.total == {"failures": 2}
    places = [
        note.removeprefix("aggregate.json: ").split(" is ")[0].split(":")[0] for note in notes
    ]
    assert places == [
        "totalRequests",
        "requestsByDay",
        "tokensByDay, point 1",
        "modelStats",
        "providerStats, claude",
        "createdAt",
    ]


def test_our_own_additions_are_read() -> None:
    """Our aggregate, rewritten by another program, keeps cost, cache and reasoning."""
    aggregate, notes = read(
        {
            "totalTokensCacheWrite": 1,
            "totalTokensReasoning": 2,
            "costByDay": [{"label": "2025-12-19", "value": 0.5}],
            "modelStats": {"m": {"cacheWriteTokens": 1, "reasoningTokens": 2, "costUsd": 0.5}},
            "undated": {"requests": 1},
            "unpricedRequests": 3,
            "theme": "dark",
        }
    )
    half = 5 * 10**29
    assert aggregate.claims.total == {"tokens_cache_write": 1, "tokens_reasoning": 2}
    assert aggregate.claims.day == {"2025-12-19": {"cost": half}}
    assert aggregate.claims.model["m"] == {
        "tokens_cache_write": 1, "tokens_reasoning": 2, "cost": half,
    }  # fmt: skip
    assert aggregate.extras == {"theme": "dark"}
    assert notes == []
