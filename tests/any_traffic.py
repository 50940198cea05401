"""Random traffic with a known truth, and any order in which log and queue may tell of it."""

from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any

from builders import HOUR_MS, NOW_MS, a_line, an_attempt
from proxypal.records.attempt import Attempt, Tokens
from proxypal.records.request import RequestLog


class Traffic:
    """Requests of clients as they really were, and what log and queue tell of them."""

    def __init__(self, random: Random, count: int) -> None:
        self.lines: list[RequestLog] = []
        self.attempts: list[Attempt] = []
        self.requests = self.success = 0
        self.tokens: Counter[str] = Counter()
        self.models: Counter[str] = Counter()
        self._random = random
        self._key = 0
        self._now_ms = NOW_MS - 90 * 60_000
        self._used_ms: dict[str, int] = {}
        for number in range(count):
            self._now_ms += random.randrange(500, 30_000)
            # A few ids come again, an hour later.
            identity = f"{number % 7 if random.random() < 0.1 else number + 100:08x}"
            if self._now_ms - self._used_ms.get(identity, 0) > HOUR_MS:
                self._used_ms[identity] = self._now_ms
                self._client_asks(identity)
        self.lines.sort(key=lambda line: line.timestamp)
        self.attempts.sort(key=lambda attempt: attempt.ended_ms)

    def _client_asks(self, identity: str) -> None:
        kind = self._random.choice(["plain", "plain", "retry", "socket", "image", "refused"])
        if kind == "refused":
            self._line(identity, self._now_ms, 10, status=401)
            self.requests += 1
        elif kind == "socket":
            self._socket(identity)
        else:
            self._plain(identity, kind)

    def _plain(self, identity: str, kind: str) -> None:
        started_ms = self._now_ms
        moment_ms = started_ms
        for _ in range(self._random.randrange(1, 3) if kind == "retry" else 0):
            moment_ms = self._attempt(identity, moment_ms, failed=True)
        fails = self._random.random() < 0.2
        model = self._random.choice(["a", "b"])
        moment_ms = self._attempt(identity, moment_ms, failed=fails, model=model)
        self.models[model] += 1
        if kind == "image" and not fails:
            self._attempt(identity, moment_ms - 900, model="image")
        if self._random.random() < 0.8:
            status = 502 if fails and self._random.random() < 0.5 else 200
            self._line(identity, moment_ms + 20, moment_ms + 20 - started_ms, status=status)
        self.requests += 1
        self.success += not fails

    def _socket(self, identity: str) -> None:
        started_ms = moment_ms = self._now_ms
        for _ in range(self._random.randrange(1, 4)):
            moment_ms = 100 + self._attempt(
                identity, moment_ms, method="GET", route="/v1/responses", model="turn"
            )
            self.requests += 1
            self.success += 1
            self.models["turn"] += 1
        self._line(identity, moment_ms, moment_ms - started_ms, method="GET", path="/v1/responses")

    def _attempt(self, identity: str, started_ms: int, **changes: Any) -> int:
        self._key += 1
        tokens = Tokens(
            uncached_input=self._random.randrange(100), visible_output=self._random.randrange(100)
        )
        if changes.get("failed"):
            changes["status"] = 502
        attempt = an_attempt(
            self._key, started_ms, request_id=identity, tokens=tokens, **{"model": "a", **changes}
        )
        self.attempts.append(attempt)
        self.tokens["in"] += tokens.input
        self.tokens["out"] += tokens.output
        return attempt.ended_ms

    def _line(self, identity: str, ended_ms: int, duration_ms: int, **changes: Any) -> None:
        rounded_ms = ended_ms // 1_000 * 1_000  # as the log writes it
        self.lines.append(
            a_line(rounded_ms, request_id=identity, duration_ms=duration_ms, **changes)
        )

    @property
    def truth(self) -> tuple[int, int, int, int]:
        """What `books` must say."""
        return self.requests, self.success, self.tokens["in"], self.tokens["out"]


def interleave(
    random: Random, lines: Sequence[RequestLog], attempts: Sequence[Attempt]
) -> list[Sequence[RequestLog] | Sequence[Attempt]]:
    """Both in their own order, in batches that come in any order beside each other."""
    batches: list[Sequence[RequestLog] | Sequence[Attempt]] = []
    rest: list[Sequence[RequestLog] | Sequence[Attempt]] = [lines, attempts]
    while any(rest):
        which = random.randrange(2)
        size = random.choice([1, 2, 7, len(lines) + len(attempts)])
        batches.append(rest[which][:size])
        rest[which] = rest[which][size:]
    return [batch for batch in batches if batch]
