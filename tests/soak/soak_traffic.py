"""What a team of people and jobs asks a proxy for, hour by hour: 50 models, 50 keys, 500 accounts.

They work in sessions, each of one key with one model through one account; 1 % of the requests
fail, 2 % are tried twice, of 1 % the queue says nothing. The same for the same seed.
"""

import itertools
import random
from typing import Any, NamedTuple

from fake_proxy import FakeProxy
from fake_traffic import Try
from fake_usage import Usage

HOUR_MS = 3_600_000
KEYS = tuple(f"sk-soak-client-{number:02d}-{number * 7919 % 10_007:05d}" for number in range(50))
ACCOUNTS = 500
_ACCOUNTS = {
    "claude": "soak{:03d}@example.com",
    "gpt": "soak{:03d}@example.com",
    "gemini": "AIzaFAKEsoak{:03d}0123456789abcdefghij",
    "grok": "xai-fake-soak-{:03d}-0123456789",
    "fake": "sk-fake-soak-{:03d}-9876543210",
}
_HOW_MANY = {"claude": 15, "gpt": 15, "gemini": 10, "grok": 5, "fake": 5}
MODELS = tuple(f"{kind}-{number}.5" for kind, count in _HOW_MANY.items() for number in range(count))

_AT_ONCE = 25
_SESSION = 40
_STATUSES = (429, 500, 502, 503, 529)
_BY_HOUR = (3, 2, 2, 2, 2, 3, 4, 6, 8, 10, 10, 10, 9, 9, 10, 10, 9, 8, 7, 6, 5, 5, 4, 3)


class _Session(NamedTuple):
    key: str
    model: str
    account: str


class SoakTraffic:
    """Asks the fake proxy. `asked` counts the requests."""

    def __init__(self, fake: FakeProxy, *, seed: int) -> None:
        self.asked = 0
        self._fake = fake
        self._chance = random.Random(seed)
        self._sessions: list[_Session] = []

    def hour(self, begins_ms: int, count: int) -> None:
        """So many requests of an hour that is over, in order.

        The last one is told by the log alone: when it is counted, so are all lines before it.
        """
        ends = sorted(self._chance.randrange(HOUR_MS) for _ in range(count))
        for place, end in enumerate(ends):
            self.asked += 1
            if place == count - 1:
                self._fake.cut_stream(MODELS[-1], at=begins_ms + end, client_key=KEYS[0])
            else:
                self._ask(begins_ms + end)

    def _ask(self, at_ms: int) -> None:
        chance = self._chance
        session = self._session()
        more: dict[str, Any] = {
            "at": at_ms,
            "client_key": session.key,
            "account": session.account,
            "duration_ms": 400 + int(chance.expovariate(1 / 9000)),
            "order": chance.choice(("record-first", "line-first")),
        }
        kind = chance.random()
        if kind < 0.01:
            self._fake.failed(session.model, status=chance.choice(_STATUSES), **more)
        elif kind < 0.03:
            first = Try(status=429, account=self._account(session.model))
            tries = [first, Try(tokens=self._usage())]
            self._fake.request(session.model, attempts=tries, **more)
        elif kind < 0.04:
            del more["order"]
            self._fake.cut_stream(session.model, order="line-only", **more)
        else:
            self._fake.request(session.model, tokens=self._usage(), **more)

    def _session(self) -> _Session:
        chance = self._chance
        if len(self._sessions) < _AT_ONCE or chance.random() < 1 / _SESSION:
            # Most work is done with few models, but every one is used.
            model = MODELS[int(len(MODELS) * chance.random() ** 2)]
            new = _Session(chance.choice(KEYS), model, self._account(model))
            self._sessions = [*self._sessions[-_AT_ONCE + 1 :], new]
        return chance.choice(self._sessions)

    def _account(self, model: str) -> str:
        kind = model.partition("-")[0]
        return _ACCOUNTS[kind].format(self._chance.randrange(ACCOUNTS))

    def _usage(self) -> Usage:
        chance = self._chance
        return Usage(
            uncached=chance.randrange(3, 4000),
            read=chance.randrange(150_000),
            write=chance.randrange(3000),
            visible=int(chance.expovariate(1 / 500)),
            reasoning=chance.choice((0, 0, 120, 900)),
        )


def requests_by_hour(requests: int, days: int) -> list[int]:
    """How many come in each hour: more by day than by night, at least two, that many in all."""
    weights = [_BY_HOUR[hour % 24] for hour in range(days * 24)]
    edges, done = [0], 0
    for weight in weights:
        done += weight
        edges.append(round(requests * done / sum(weights)))
    return [max(2, after - before) for before, after in itertools.pairwise(edges)]
