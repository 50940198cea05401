"""What log and queue tell of one request, and what each telling changes; see `test_model_talk.py`.

Worked out from the words of the design, without the joining rule.
"""

from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import strategies as st

from builders import NOW_MS, a_line, an_attempt
from proxypal.records.attempt import Attempt
from proxypal.records.request import RequestLog
from store_model import Model

_TOKENS = ("tokens_in", "tokens_out", "tokens_cached", "tokens_cache_write", "tokens_reasoning")
_NAMES = ("provider", "model", "model_requested", "api_key", "account", "ttft_ms", "failed")
_TIMES = ("timestamp", "status", "duration_ms")


class Talk(msgspec.Struct):
    """A request that both tell of: its attempts in order, its line, and what was told so far."""

    attempts: list[Attempt]
    line: RequestLog
    told: int = 0
    has_line: bool = False
    arrival: int | None = None


def heard(attempt: Attempt) -> RequestLog:
    """A request as one attempt alone shows it."""
    return RequestLog(
        timestamp=attempt.started_ms + attempt.latency_ms,
        provider=attempt.provider,
        model=attempt.model,
        method="POST",
        path=attempt.route,
        status=attempt.status,
        duration_ms=attempt.latency_ms,
        tokens_in=attempt.tokens.uncached_input,
        tokens_out=attempt.tokens.visible_output,
        tokens_cached=0,
        tokens_cache_write=0,
        tokens_reasoning=0,
        cost_usd=attempt.cost_usd,
        request_id=attempt.request_id,
        attempts=1,
        api_key=attempt.api_key,
        source="queue",
        failed=attempt.failed,
    )


def with_more(old: RequestLog, talk: Talk, attempt: Attempt) -> dict[str, Any]:
    """What the next attempt changes: tokens add up, the last one says how it went.

    How long it took and how it ended for the client, the line knows better.
    """
    told = heard(attempt)
    changes = {name: getattr(told, name) for name in _NAMES}
    changes |= {name: (getattr(old, name) or 0) + getattr(told, name) for name in _TOKENS}
    costs = [told.cost_usd] + [old.cost_usd] * (old.tokens_in is not None)
    known = [cost for cost in costs if cost is not None]
    changes["cost_usd"] = sum(known, Decimal(0)) if known == costs else None
    changes["attempts"] = 1 + sum(one.model != "image" for one in talk.attempts[: talk.told])
    if talk.has_line:
        return changes | {"source": "log+queue"}
    lasted_ms = told.timestamp - talk.attempts[0].started_ms
    return changes | {"timestamp": told.timestamp, "status": told.status, "duration_ms": lasted_ms}


def with_line(line: RequestLog) -> dict[str, Any]:
    """What the line changes in a request that the queue told of."""
    return {name: getattr(line, name) for name in (*_TIMES, "method", "path")} | {
        "source": "log+queue"
    }


class Hearing:
    """One batch of attempts, told to the model: what the store must answer."""

    def __init__(self, model: Model) -> None:
        self.counts = {"recorded": 0, "joined": 0, "extra": 0, "repeated": 0}
        self._model = model
        self._born: list[tuple[Talk, RequestLog]] = []
        self._extras: list[tuple[Talk, RequestLog]] = []

    def hear(self, talk: Talk, attempt: Attempt) -> None:
        """The next attempt of a request."""
        kind = "joined"
        born = next((place for place, one in enumerate(self._born) if one[0] is talk), None)
        if attempt.model == "image":
            kind = "extra"
            self._extras.append((talk, heard(attempt)))
        elif born is not None:
            old = self._born[born][1]
            new = msgspec.structs.replace(old, **with_more(old, talk, attempt))
            self._born[born] = (talk, new)
        elif talk.arrival is None:
            kind = "recorded"
            self._born.append((talk, heard(attempt)))
        else:
            old = self._model.known(talk.arrival)
            self._model.revise(talk.arrival, with_more(old, talk, attempt))
        talk.told += 1
        self.counts[kind] += 1

    def end(self) -> None:
        """Requests get their numbers when the whole batch was heard."""
        for talk, request in self._born:
            talk.arrival = self._model.add(request)
        for talk, extra in self._extras:
            assert talk.arrival is not None
            self._model.add_beside(talk.arrival, extra)


def a_talk(number: int, plan: list[int], start: int, ending: str) -> Talk:
    """Request `number`: failed attempts, then one that ends as told; `plan` gives the amounts."""
    # Twins that begin in one millisecond are a limit of what a lost database leaves behind
    # (`docs/reliability.md`); these do not.
    started_ms = NOW_MS - 60_000 - start * 1_000 - number
    fails = [True] * (len(plan) - 1) + [ending == "failing"]
    models = [f"model-{amount % 3}" for amount in plan]
    if ending == "image":
        plan, fails, models = [*plan, 7], [*fails, False], [*models, "image"]
    attempts = [
        an_attempt(
            number * 10 + place,
            started_ms + place * 1_000,
            latency_ms=400,
            request_id=f"talk{number:06x}",
            model=models[place],
            status=503 if fails[place] else 200,
            failed=fails[place],
            tokens=msgspec.structs.replace(an_attempt().tokens, uncached_input=amount),
            cost_usd=None if amount % 5 == 0 else Decimal(amount) / 1_000,
            api_key=[None, "sk-…0XYZ#3f9a1c"][amount % 2],
        )
        for place, amount in enumerate(plan)
    ]
    ended_ms = started_ms + len(plan) * 1_000
    line = a_line(
        ended_ms,
        request_id=f"talk{number:06x}",
        duration_ms=ended_ms - started_ms + 100,
        status=502 if ending == "failing" else 200,
    )
    return Talk(attempts, line)


plans = st.lists(st.integers(1, 50), min_size=1, max_size=3)
endings = st.sampled_from(["ok", "ok", "failing", "image"])
