"""What a script says of one attempt, and the request that comes of it with its facts to tell."""

from typing import Any

import msgspec

from fake_log import FakeLog
from fake_queue import Item, UsageQueue
from fake_truth import TrueRequest
from fake_usage import Quality, Usage


class Try(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt upstream. What is None is the request's, or made up.

    `record` False: the proxy makes no record of it. `extra`: a further record of an attempt that
    went well, with a model of its own (the image tool of Codex). `fail_status` is what the record
    of a failure says where that is not `status`.
    """

    tokens: Usage = Usage()
    status: int = 200
    failed: bool | None = None
    fail_status: int | None = None
    model: str | None = None
    family: str | None = None
    account: str | None = None
    latency_ms: int | None = None
    ttft_ms: int = 310
    body: str = '{"error":{"message":"overloaded <retry> & wait"}}'
    quality: Quality = "complete"
    record: bool = True
    extra: bool = False
    turn: int = 0

    @property
    def has_failed(self) -> bool:
        """`failed` of the record."""
        return self.status >= 400 if self.failed is None else self.failed


class Sent(msgspec.Struct, kw_only=True):
    """A request that was made. With the order "by-hand" its facts are told by these calls."""

    request: TrueRequest
    log: FakeLog
    queue: UsageQueue
    line: dict[str, Any]
    items: list[Item]

    @property
    def request_id(self) -> str:
        """As the queue has it."""
        return self.request.request_id

    def write_line(self) -> None:
        """The access line is written."""
        self.request.has_line = True
        self.log.access(**self.line)

    def send_record(self, index: int = 0) -> None:
        """One record is made. Twice is twice; only the tests of repeats want that."""
        self.queue.offer(self.items[index])

    def send_records(self) -> None:
        """All records are made, in their order."""
        for item in self.items:
            self.queue.offer(item)
