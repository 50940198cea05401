"""One upstream attempt, as CLIProxyAPI's usage queue tells of it: scrubbed, understood, priced.

A client's request is one or more attempts (a retry with another credential, another turn of a
websocket). Must not enter: reading a payload (`records.queue_payload`), deciding what request an
attempt belongs to (`records.joining_rule`).
"""

from decimal import Decimal

import msgspec

from proxypal.records.request import UNKNOWN


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """Five disjoint kinds. `reasoning` is the part of the output that was thought, not answered.

    `cache_write_1h` is the part of `cache_write` that is kept for an hour, where that is told.
    """

    uncached_input: int = 0
    cache_read: int = 0
    cache_write: int = 0
    visible_output: int = 0
    reasoning: int = 0
    cache_write_1h: int = 0

    @property
    def input(self) -> int:
        """All input including cache: the seed's `tokensIn`."""
        return self.uncached_input + self.cache_read + self.cache_write

    @property
    def output(self) -> int:
        """All output including reasoning: the seed's `tokensOut`."""
        return self.visible_output + self.reasoning

    def __bool__(self) -> bool:
        """Whether there is anything to count or to pay."""
        return bool(self.input or self.output)


NO_TOKENS = Tokens()


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """A usage record, understood. Times are Unix milliseconds.

    `key` (64 bits, signed) recognises this very record when it is told twice. `request_id` is
    None where the proxy gave none. `route` is the template (`/v1beta/models/*action`), not the
    path. `status` 0 means that the record does not say (before v7.0.0). `api_key` and `account`
    are labels that no secret can be read from. `payload` is the scrubbed JSON as it is kept.
    """

    key: int
    started_ms: int
    latency_ms: int = 0
    ttft_ms: int | None = None
    request_id: str | None = None
    method: str = "POST"
    route: str = ""
    provider: str = UNKNOWN
    model: str = UNKNOWN
    model_requested: str | None = None
    status: int = 200
    failed: bool = False
    tokens: Tokens = NO_TOKENS
    has_tokens: bool = True
    api_key: str | None = None
    account: str | None = None
    service_tier: str | None = None
    cost_usd: Decimal | None = None
    payload: bytes = b""

    @property
    def ended_ms(self) -> int:
        """When the attempt finished: its start plus its latency."""
        return self.started_ms + self.latency_ms
