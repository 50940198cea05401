"""A usage record as the proxy encodes it: the fields of its version, in their order, Go's JSON.

CLIProxyAPI internal/redisqueue/plugin.go, v6.9.38 to v7.2.140; v8 as far as it is known.
"""

import hashlib
import json
from datetime import datetime, tzinfo
from typing import Any

import msgspec

from fake_usage import (
    Family,
    Quality,
    Usage,
    as_told,
    breakdown_field,
    provider_name,
    tokens_field,
)
from fake_version import Version

_ESCAPES = {
    "<": "\\u003c",
    ">": "\\u003e",
    "&": "\\u0026",
    "\u2028": "\\u2028",
    "\u2029": "\\u2029",
}


class RecordFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What happened in one attempt. `number` makes times, headers and ids of its own."""

    number: int
    started_ms: int
    latency_ms: int
    ttft_ms: int
    family: Family
    account: str
    usage: Usage
    quality: Quality
    failed: bool
    status: int
    body: str
    model: str
    alias: str
    endpoint: str
    client_key: str
    request_id: str
    stream: bool
    secret_header: str


def encode(facts: RecordFacts, version: Version, zone: tzinfo) -> bytes:
    """The record as the queue holds it."""
    fields = _fields(facts, version, zone)
    kept = {name: value for name, (since, value) in fields.items() if version.since(since)}
    text = json.dumps(kept, ensure_ascii=False, separators=(",", ":"))
    for char, escape in _ESCAPES.items():
        text = text.replace(char, escape)
    return text.encode()


def _fields(facts: RecordFacts, version: Version, zone: tzinfo) -> dict[str, tuple[str, Any]]:
    """Name to the version that brought it and its value."""
    fields = _first_fields(facts, version, zone) | _last_fields(facts, version)
    if facts.family.auth_type != "oauth":
        del fields["access_token_sha256"]
    return fields


def _first_fields(facts: RecordFacts, version: Version, zone: tzinfo) -> dict[str, tuple[str, Any]]:
    fail = {
        "status_code": facts.status if facts.failed else 200,
        "body": facts.body if facts.failed else "",
    }
    headers = {"Content-Type": ["application/json"], "Set-Cookie": [facts.secret_header]}
    return {
        "timestamp": ("6.9.38", rfc3339(facts.started_ms, facts.number, zone)),
        "latency_ms": ("6.9.38", facts.latency_ms),
        "ttft_ms": ("7.1.24", facts.ttft_ms),
        "source": ("6.9.38", facts.account),
        "auth_index": ("6.9.38", digest(facts.account)[:16]),
        "access_token_sha256": ("7.2.116", digest(f"token of {facts.account}")),
        "client_ip": ("7.2.104", "127.0.0.1"),
        "resolved_client_ip": ("8.0.0", "127.0.0.1"),
        "x_forwarded_for": ("7.2.104", ""),
        "user_agent": ("7.2.104", "claude-cli/2.1.220 (external, cli)"),
        "tokens": ("6.9.38", tokens_field(facts.usage, facts.family, version)),
        "failed": ("6.9.38", facts.failed),
        "generate": ("7.2.78", True),
        "stream": ("8.0.0", facts.stream),
        "fail": ("7.0.0", fail),
        "response_headers": ("7.1.13", headers),
    }


def _last_fields(facts: RecordFacts, version: Version) -> dict[str, tuple[str, Any]]:
    is_openai = facts.family.style == "openai"
    told = as_told(facts.usage, facts.family, version)
    return {
        "accounting_version": ("7.2.97", 2),
        "token_breakdown": ("7.2.97", breakdown_field(told, facts.quality)),
        "provider": ("6.9.38", provider_name(facts.family, version)),
        "executor_type": ("7.1.38", facts.family.executor),
        "model": ("6.9.38", facts.model),
        "alias": ("6.10.7", facts.alias),
        "endpoint": ("6.9.38", facts.endpoint),
        "auth_type": ("6.9.38", facts.family.auth_type),
        "api_key": ("6.9.38", facts.client_key),
        "request_id": ("6.9.38", facts.request_id),
        "execution_id": ("8.0.0", uuid_of(f"execution {facts.number}")),
        "trace_id": ("8.0.0", facts.request_id),
        "session_id": ("8.0.0", uuid_of(f"session {facts.client_key}")),
        "reasoning_effort": ("7.1.18", "high" if facts.usage.reasoning else ""),
        "service_tier": ("7.1.27", "auto" if is_openai else "default"),
        "response_model": ("8.0.0", facts.model),
    }


def rfc3339(moment_ms: int, number: int, zone: tzinfo) -> str:
    """A moment as Go writes it: nine digits less the trailing zeros, the zone's offset.

    `number` gives the part below the millisecond, so that no two records share a moment.
    """
    moment = datetime.fromtimestamp(moment_ms // 1000, zone)
    fraction_ns = moment_ms % 1000 * 1_000_000 + number * 104_729 % 1_000_000
    fraction = f".{fraction_ns:09}".rstrip("0").rstrip(".")
    offset = moment.strftime("%z")
    shown = "Z" if offset in {"+0000", ""} else f"{offset[:3]}:{offset[3:5]}"
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}{shown}"


def digest(text: str) -> str:
    """A stable hash, as hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def uuid_of(text: str) -> str:
    """A stable UUID for a name."""
    name = digest(text)
    return f"{name[:8]}-{name[8:12]}-4{name[13:16]}-8{name[17:20]}-{name[20:32]}"


def uuid7(moment_ms: int, tail: str) -> str:
    """A UUIDv7 of this moment, ending in the eight digits that the log shows."""
    head, middle = f"{moment_ms:012x}", digest(f"{moment_ms}{tail}")
    return f"{head[:8]}-{head[8:]}-7{middle[:3]}-8{middle[3:6]}-{middle[6:10]}{tail}"
