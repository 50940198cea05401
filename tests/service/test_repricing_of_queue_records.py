"""Re-pricing what the usage queue told of: exact, as long as its records are kept."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from builders import a_store, at
from proxypal.records.attempt import Attempt
from proxypal.records.key_labels import KeyLabels
from proxypal.records.queue_payload import read_payload
from proxypal.records.repricing_plan import NO_PRICE
from proxypal.service.pricing import Pricing
from proxypal.service.repricing import apply_repricing, plan_repricing
from proxypal.service.settings_file import parse_settings
from proxypal.store import Store
from proxypal.store.values import QueueBatch


def a_record(request_id: str, **more: Any) -> Attempt:
    """A usage record of the queue as it is kept, without a cost."""
    tree = {
        "timestamp": "2026-11-20T10:00:00Z",
        "latency_ms": 1000,
        "provider": "codex",
        "executor_type": "CodexExecutor",
        "model": "gpt-5.6-sol",
        "endpoint": "POST /v1/responses",
        "api_key": "a-key-of-a-client",
        "request_id": request_id,
        "failed": False,
        "tokens": {
            "input_tokens": 1000,
            "output_tokens": 100,
            "reasoning_tokens": 0,
            "cached_tokens": 0,
            "total_tokens": 1100,
        },
    }
    told = read_payload(json.dumps({**tree, **more}).encode(), KeyLabels(b"secret"))
    assert isinstance(told, Attempt)
    return told


def repriced(store: Store, attempts: list[Attempt], pricing: Pricing) -> Decimal:
    """The total after these were recorded without a price, and priced later."""
    store.record_attempts(QueueBatch(source="queue", attempts=attempts))
    assert store.get_usage_stats().total_cost_usd == 0
    apply_repricing(store, plan_repricing(store, pricing))
    assert store.get_usage_stats().unpriced_requests == 0
    return store.get_usage_stats().total_cost_usd


def total(attempts: list[Attempt], pricing: Pricing) -> Decimal:
    """What they would have cost at once."""
    costs = [attempt.cost_usd for attempt in pricing.price_attempts(attempts)]
    return sum((cost for cost in costs if cost is not None), Decimal(0))


def test_the_service_tier_and_the_hour_of_a_cache_are_remembered(tmp_path: Path) -> None:
    """A row does not hold them, its record does: the later price is that of the right moment."""
    hour = {
        "input_tokens": 10,
        "output_tokens": 100,
        "cache_creation_tokens": 9000,
        "cache_creation_1h_tokens": 9000,
        "total_tokens": 9110,
    }
    claude = {"provider": "claude", "executor_type": "ClaudeExecutor", "model": "claude-opus-4-5"}
    attempts = [
        a_record("a0000001"),
        a_record("a0000002", service_tier="priority"),
        a_record("a0000003", **claude, tokens=hour, endpoint="POST /v1/messages"),
    ]
    assert attempts[2].tokens.cache_write_1h == 9000
    with a_store(tmp_path, clock=lambda: at("2026-11-20T12:00")) as store:
        expected = total(attempts, Pricing())
        assert expected > 2 * total(attempts[:1], Pricing())
        assert repriced(store, attempts, Pricing()) == expected


def test_attempts_of_one_request_are_priced_each_by_its_model(tmp_path: Path) -> None:
    """A retry with another model that also used tokens costs what both cost."""
    attempts = [
        a_record("a0000001", failed=True, fail={"status_code": 502, "body": ""}),
        a_record("a0000001", timestamp="2026-11-20T10:00:02Z", model="gpt-5-mini"),
    ]
    with a_store(tmp_path, clock=lambda: at("2026-11-20T12:00")) as store:
        assert repriced(store, attempts, Pricing()) == total(attempts, Pricing())
        assert store.get_usage_stats().total_requests == 1


def test_a_model_that_still_has_no_price_keeps_its_request_unpriced(tmp_path: Path) -> None:
    """Half a cost would look like the whole: it is named instead."""
    settings = parse_settings(b'[prices."gpt-5-mini"]\ninput = 1\noutput = 1\n')
    attempts = [
        a_record("a0000001", model="house-model", failed=True),
        a_record("a0000001", timestamp="2026-11-20T10:00:02Z", model="gpt-5-mini"),
    ]
    with a_store(tmp_path, clock=lambda: at("2026-11-20T12:00")) as store:
        store.record_attempts(QueueBatch(source="queue", attempts=attempts))
        plan = plan_repricing(store, Pricing(settings))
        assert not plan
        assert [(left.model, left.reason) for left in plan.left_alone] == [("gpt-5-mini", NO_PRICE)]
