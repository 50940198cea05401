"""A process that opens a store and asks each question many times: `python -m … PATH SECONDS`.

Before each asking a request is recorded, so that nothing can be answered from memory alone.
Prints JSON: opening, first and further askings in milliseconds, the peak of memory in MB.
"""

import json
import resource
import sys
import time

from benchmarks.crowd import ACCOUNTS, KEYS, MODELS
from proxypal import RequestLog, Store
from proxypal.clock import now_ms, offset_of
from proxypal.records.usage_query import Query, QueryWords, parse_query

ROUNDS = 100


def _ms(started: float) -> float:
    return (time.perf_counter() - started) * 1000


def main(path: str, questions: str) -> None:
    """Ask all of them."""
    started = time.perf_counter()
    store = Store(path)
    opened_ms = _ms(started)
    provider, model = MODELS[0]
    found = []
    with store:
        for words in json.loads(questions):
            times: list[float] = []
            for number in range(ROUNDS + 1):
                store.record(
                    [
                        RequestLog(
                            timestamp=now_ms(), provider=provider, model=model, path="/",
                            status=200, duration_ms=number, tokens_in=9, tokens_out=9,
                            api_key=KEYS[0], account=ACCOUNTS[provider][0], source="queue",
                        )
                    ]
                )  # fmt: skip
                started = time.perf_counter()
                query = parse_query(QueryWords(**words), now_ms(), offset_of("UTC"))
                if not isinstance(query, Query):
                    raise TypeError(query)
                answer = store.query(query)
                times.append(_ms(started))
            found.append({"requests": answer.total.requests, "first": times[0], "ms": times[1:]})
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    json.dump({"opened": opened_ms, "peak": peak, "found": found}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
