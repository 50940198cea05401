"""Usage records as CLIProxyAPI publishes them, of its last version and its first."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from proxypal.records.key_labels import KeyLabels

LABELS = KeyLabels(b"a secret of the tests")
SAMPLES = (
    (Path(__file__).parent / "data" / "cliproxyapi" / "usage-queue.ndjson")
    .read_bytes()
    .splitlines()
)
"""v6.9.38 Claude; v7.2.140 OpenAI-compatible, Claude, Gemini, a failure; v8 Claude."""

ABSENT = object()


def usage_record(**changes: Any) -> dict[str, Any]:
    """A record of an OpenAI-compatible success without a breakdown; `ABSENT` leaves a field out."""
    record = {
        "timestamp": "2026-08-22T22:39:02.5001+08:00",
        "latency_ms": 1487,
        "ttft_ms": 310,
        "source": "upstream-key-abc",
        "auth_index": "478b008489538d28",
        "tokens": {
            "input_tokens": 100,
            "output_tokens": 50,
            "reasoning_tokens": 20,
            "cached_tokens": 30,
            "cache_read_tokens": 30,
            "cache_read_tokens_present": True,
            "cache_creation_tokens": 0,
            "total_tokens": 150,
        },
        "failed": False,
        "fail": {"status_code": 200, "body": ""},
        "provider": "openai-compatible-fake",
        "executor_type": "OpenAICompatExecutor",
        "model": "fake-upstream-model",
        "alias": "fake-model",
        "endpoint": "POST /v1/responses",
        "auth_type": "apikey",
        "api_key": "local-client-key",
        "request_id": "b7e0129f",
        "service_tier": "auto",
    }
    record.update(changes)
    return {name: value for name, value in record.items() if value is not ABSENT}


def payload_of(record: Mapping[str, Any]) -> bytes:
    """The record as the proxy writes it."""
    return json.dumps(record, separators=(",", ":")).encode()
