"""Clients' traffic through the fake proxy, scripted: what is logged, what is queued, and when.

A script says what happened; lines and records follow from it as the real proxy makes them.
"""

import itertools
import random
import re
import threading
from collections.abc import Iterable, Sequence
from datetime import UTC, tzinfo
from typing import Literal

import msgspec

from fake_attempts import Sent as Sent  # noqa: PLC0414 - what `request` returns
from fake_attempts import Try as Try  # noqa: PLC0414 - what `request` takes
from fake_clock import FakeClock, go_text
from fake_log import FakeLog
from fake_queue import Fate, Item, UsageQueue
from fake_record import RecordFacts, encode, uuid7
from fake_truth import TrueAttempt, TrueRequest, Truth
from fake_usage import FAMILIES, Family, Usage, as_told, family_of, provider_name
from fake_version import Version
from proxypal.records.request import UNKNOWN

Order = Literal["record-first", "line-first", "record-only", "line-only", "by-hand"]

NO_ID = "--------"


class Traffic:
    """Makes requests. `planted` are the secrets in them that must never be stored."""

    def __init__(
        self,
        log: FakeLog,
        queue: UsageQueue,
        clock: FakeClock,
        version: Version,
        *,
        zone: tzinfo = UTC,
        client_keys: Sequence[str] = (),
        debug: bool = True,
        seed: int = 0,
    ) -> None:
        self.log, self.queue, self.clock, self.version = log, queue, clock, version
        self.client_keys = list(client_keys)
        self.debug = debug
        self.truth = Truth(queue.fates)
        self.planted: set[str] = set(client_keys)
        self._zone = zone
        self._random = random.Random(seed)
        self._numbers = itertools.count()
        self._timers: list[threading.Timer] = []

    def request(
        self,
        model: str = "claude-sonnet-4-5",
        *,
        alias: str | None = None,
        family: str | None = None,
        route: str | None = None,
        method: str = "POST",
        status: int = 200,
        tokens: Usage | None = None,
        attempts: Iterable[Try] | None = None,
        client_key: int | str = 0,
        account: str | None = None,
        stream: bool = False,
        at: int | None = None,
        duration_ms: int = 1500,
        request_id: str | None = None,
        order: Order = "record-first",
        record_order: Sequence[int] | None = None,
        late_s: float = 0,
        counts: bool = True,
        tail: str = "",
    ) -> Sent:
        """One request of a client, and everything the proxy tells of it.

        `at` (Unix ms, default now) is when it ended; `route` the path of the log, with its query.
        No `attempts` means one, with `tokens` and `status`; an empty list means none. `client_key`
        is a place in `client_keys`, or a key. `late_s` delays what is told last (`settle` waits).
        """
        kind = FAMILIES[family or family_of(model)]
        tries = list(attempts) if attempts is not None else [_only_try(status, tokens)]
        ended_ms = self.clock.now_ms() if at is None else at
        path = route or kind.path or f"/v1beta/models/{alias or model}:{_gemini(stream=stream)}"
        log_id, queue_id = self._ids(path, ended_ms, request_id)
        true = TrueRequest(
            request_id=queue_id,
            path=path,
            method=method,
            status=status,
            ended_ms=ended_ms,
            counts=counts,
            client_key=self._key(client_key),
            is_socket=method == "GET",
            log_model=_model_in(path),
            attempts=[],
        )
        self.truth.requests.append(true)
        common = _Common(
            model=model,
            alias=alias or model,
            family=kind,
            account=account,
            stream=stream,
            duration_ms=duration_ms,
            log_id=log_id,
        )
        items = self._attempts(true, tries, common)
        line = {
            "path": path,
            "status": status,
            "at_ms": ended_ms,
            "duration_ms": duration_ms,
            "method": method,
            "request_id": log_id,
            "tail": tail,
        }
        sent = Sent(request=true, log=self.log, queue=self.queue, line=line, items=items)
        if record_order is not None:
            sent.items = [items[index] for index in record_order]
        self._tell(sent, order, late_s)
        return sent

    def _key(self, client_key: int | str) -> str:
        if isinstance(client_key, str):
            self.planted |= {client_key} - {""}
            return client_key
        return self.client_keys[client_key]

    def _ids(self, path: str, at_ms: int, forced: str | None) -> tuple[str, str]:
        """The request's id in the log and in the queue."""
        if not self.version.gives_id(path):
            return NO_ID, ""
        short = forced or f"{self._random.getrandbits(32):08x}"
        return short, uuid7(at_ms, short) if self.version.is_v8 else short

    def _attempts(self, true: TrueRequest, tries: Sequence[Try], common: "_Common") -> list[Item]:
        """Records of the attempts, one after the other; their debug lines are written now."""
        spent = sum(not one.extra for one in tries) or 1
        each_ms = common.duration_ms // spent
        started_ms = true.ended_ms - common.duration_ms
        items = []
        begun_ms = started_ms
        for one in tries:
            latency_ms = each_ms if one.latency_ms is None else one.latency_ms
            if not one.extra:
                begun_ms, started_ms = started_ms, started_ms + latency_ms
                self._debug_lines(true, one, common, begun_ms, latency_ms)
            items += self._record(true, one, common, begun_ms, latency_ms)
        return items

    def _record(
        self, true: TrueRequest, one: Try, common: "_Common", started_ms: int, latency_ms: int
    ) -> list[Item]:
        number = next(self._numbers)
        kind = FAMILIES[one.family] if one.family else common.family
        facts = RecordFacts(
            number=number,
            started_ms=started_ms,
            latency_ms=latency_ms,
            ttft_ms=0 if one.has_failed else one.ttft_ms,
            family=kind,
            account=one.account or common.account or kind.account,
            usage=one.tokens,
            quality=one.quality,
            failed=one.has_failed,
            status=one.fail_status or (one.status if one.status >= 400 else 500),
            body=one.body,
            model=one.model or common.model,
            alias=one.model if one.extra and one.model else common.alias,
            endpoint=f"{true.method} {template_of(true.path)}",
            client_key=true.client_key,
            request_id=true.request_id,
            stream=common.stream,
            secret_header=f"session=fake-cookie-{number:06}; HttpOnly",
        )
        self.planted |= {facts.account, facts.secret_header}
        attempt = TrueAttempt(
            number=number,
            started_ms=started_ms,
            family=kind,
            model=facts.model,
            told=as_told(one.tokens, kind, self.version),
            failed=facts.failed,
            status=facts.status if facts.failed else 200,
            is_extra=one.extra,
            turn=one.turn,
        )
        true.attempts.append(attempt)
        self.queue.fates[number] = Fate.NEVER
        if not one.record:
            return []
        return [Item(encode(facts, self.version, self._zone), number)]

    def _debug_lines(
        self, true: TrueRequest, one: Try, common: "_Common", started_ms: int, latency_ms: int
    ) -> None:
        """The lines that name the model of an attempt, where this version writes them."""
        kind = FAMILIES[one.family] if one.family else common.family
        provider = provider_name(kind, self.version)
        account = one.account or common.account or kind.account
        is_key = kind.auth_type != "oauth"
        if is_key:
            ident = f"{account[:4]}...{account[-4:]}"
        else:
            ident = f"provider={provider} auth_file={provider}-{account}.json"
        model = one.model or common.model
        if self.debug:
            used = f"Use {'API key' if is_key else 'OAuth'} {ident} for model {common.alias}"
            self._line_of(true, common, used, "debug", started_ms)
        if one.status >= 400 and self.version.since("7.2.138"):
            auth = f"api_key={ident}" if is_key else ident
            failure = f"upstream execution failed: provider={provider} model={model} auth={auth}"
            took = go_text(latency_ms)
            if self.version.is_v8:
                failure = f"{one.status} | {took:>13} | {failure} err=x"
            else:
                failure = f"{failure} duration={took} err=x"
            self._line_of(true, common, failure, "warn", started_ms + latency_ms)
        if common.log_id == NO_ID:
            return
        if self.debug:
            true.log_model = re.sub(r"\(.*\)$", "", common.alias)
            true.log_provider = "" if is_key else provider
        elif one.status >= 400 and self.version.since("7.2.138"):
            true.log_model, true.log_provider = model, provider

    def _line_of(
        self, true: TrueRequest, common: "_Common", message: str, level: str, at_ms: int
    ) -> None:
        self.log.entry(
            message, at_ms=at_ms, until_ms=true.ended_ms, level=level, request_id=common.log_id
        )

    def _tell(self, sent: Sent, order: Order, late_s: float) -> None:
        if order == "by-hand":
            return
        acts = [sent.write_line, sent.send_records]
        if order in {"record-first", "record-only"}:
            acts.reverse()
        if order.endswith("only"):
            acts = acts[:1]
        for act in acts[: 1 if late_s else None]:
            act()
        if late_s:
            timer = threading.Timer(late_s, acts[-1])
            self._timers.append(timer)
            timer.start()

    def settle(self) -> None:
        """Wait until everything that was delayed has been told."""
        while self._timers:
            self._timers.pop().join()


class _Common(msgspec.Struct, frozen=True, kw_only=True):
    """What the attempts of one request share."""

    model: str
    alias: str
    family: Family
    account: str | None
    stream: bool
    duration_ms: int
    log_id: str


def _only_try(status: int, tokens: Usage | None) -> Try:
    if tokens is None:
        tokens = Usage() if status >= 400 else Usage(100, 30, 0, 40, 10)
    return Try(tokens=tokens, status=status)


def _gemini(*, stream: bool) -> str:
    return "streamGenerateContent?alt=sse" if stream else "generateContent"


def _model_in(path: str) -> str:
    found = re.search(r"/models/(.+):\w+", path)
    return found[1] if found else UNKNOWN


def template_of(path: str) -> str:
    """The route template of a path, as records have it."""
    path = path.partition("?")[0]
    path = re.sub(r"^(/api/provider/)[^/]+", r"\1:provider", path)
    return re.sub(r"(/v1beta1?/(?:.*/)?models/).*", r"\1*action", path)
