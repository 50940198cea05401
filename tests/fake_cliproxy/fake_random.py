"""Random traffic from a seed: every kind of request, told in every order."""

import functools
import random
from collections.abc import Callable, Sequence
from typing import Any, get_args

from fake_scenes import Scenes
from fake_traffic import Sent, Try
from fake_usage import Quality, Usage
from fake_version import Version

_MODELS = (
    ("claude-sonnet-4-5", "claude-sonnet-4-5", "claude"),
    ("claude-sonnet-4-5", "claude-sonnet-4-5(high)", "claude"),
    ("claude-opus-4-5", "claude-opus-4-5", "claude-key"),
    ("gpt-5.6", "gpt-5.6", "codex"),
    ("gemini-2.5-pro", "gemini-2.5-pro", "gemini"),
    ("gemini-2.5-flash", "gemini-2.5-flash", "vertex"),
    ("grok-4", "grok-4", "xai"),
    ("fake-upstream-model", "fake-model", "fake"),
)


class RandomTraffic:
    """Draws what clients do. The same seed draws the same."""

    def __init__(self, proxy: Scenes, seed: int, *, only: Sequence[str] = ()) -> None:
        self._proxy, self._random = proxy, random.Random(seed)
        kinds: dict[str, tuple[int, Callable[..., object]]] = {
            "plain": (50, self._plain),
            "retried": (8, self._retried),
            "failed": (6, self._failed),
            "broken_stream": (3, self._broken_stream),
            "cut_stream": (3, proxy.cut_stream),
            "image": (4, self._image),
            "websocket": (4, self._websocket),
            # Whether a socket without a turn is a request depends on who told of it first.
            "idle_socket": (0, functools.partial(proxy.websocket, 0)),
            "unauthorized": (3, proxy.unauthorized),
            "no_credential": (3, proxy.no_credential),
            "search": (1, proxy.search),
            "count_tokens": (4, proxy.count_tokens),
            "list_models": (3, proxy.list_models),
            "preflight": (2, proxy.preflight),
            "scan": (4, self._scan),
            "noise": (3, self._noise),
        }
        if not proxy.version.since("7.2.70"):
            del kinds["search"]
        self._kinds = {name: kinds[name] for name in only} if only else kinds
        self._pending: list[tuple[int, Callable[[], None]]] = []

    def run(self, count: int, span_s: float) -> list[Sent]:
        """So many events, spread over the last `span_s` seconds and told in that order."""
        names = list(self._kinds)
        weights = [weight for weight, _ in self._kinds.values()] if len(names) > 1 else None
        end_ms = self._proxy.clock.now_ms()
        sent: list[Sent] = []
        for place in range(count):
            name = self._random.choices(names, weights)[0]
            at_ms = end_ms - round(span_s * 1000 * (1 - (place + 1) / count))
            done = self._kinds[name][1](
                at=at_ms,
                order="by-hand",
                client_key=self._random.randrange(len(self._proxy.client_keys)),
                duration_ms=self._random.choice((40, 900, 1500, 23_559, 75_000)),
            )
            if isinstance(done, Sent):
                sent.append(done)
                self._tell(done)
            self._pass()
        while self._pending:
            self._pass()
        return sent

    def _tell(self, sent: Sent) -> None:
        """Line and records, either first, the second perhaps several events later."""
        if not sent.items or sent.request.has_line:
            if not sent.request.has_line:
                sent.write_line()
            return
        acts = [sent.write_line, sent.send_records]
        if self._random.random() < 0.7:
            acts.reverse()
        acts[0]()
        self._pending.append((self._random.choice((0, 0, 1, 3, 8)), acts[1]))

    def _pass(self) -> None:
        """One event has gone by: what was due is told."""
        due = [act for left, act in self._pending if left <= 0]
        self._pending = [(left - 1, act) for left, act in self._pending if left > 0]
        for act in due:
            act()

    def _tokens(self, family: str) -> Usage:
        """Tokens of five kinds, within what this version can tell apart."""
        draw = self._random.randrange
        write = draw(0, 3000) if draw(3) == 0 and _tells_writes(self._proxy.version) else 0
        write_1h = write if family.startswith("claude") and draw(2) else 0
        return Usage(draw(1, 5000), draw(0, 60_000), write, draw(1, 4000), draw(0, 900), write_1h)

    def _served(self, more: dict[str, Any]) -> dict[str, Any]:
        model, alias, family = self._random.choice(_MODELS)
        return {**more, "model": model, "alias": alias, "family": family}

    def _plain(self, **more: Any) -> Sent:
        more = self._served(more)
        quality: Quality = self._random.choice(("complete",) * 6 + get_args(Quality)[1:])
        one = Try(tokens=self._tokens(more["family"]), quality=quality)
        return self._proxy.request(**more, attempts=[one], stream=self._random.random() < 0.6)

    def _retried(self, **more: Any) -> Sent:
        more = self._served(more)
        failures = self._random.randrange(1, 4)
        return self._proxy.retried(**more, failures=failures, tokens=self._tokens(more["family"]))

    def _failed(self, **more: Any) -> Sent:
        status = self._random.choice((400, 429, 500, 502, 529))
        return self._proxy.failed(**self._served(more), status=status)

    def _broken_stream(self, **more: Any) -> Sent:
        fail_status = self._random.choice((None, 200, 502))
        more = {**self._served(more), "fail_status": fail_status}
        return self._proxy.broken_stream(**more, tokens=Usage(50, 0, 0, 7))

    def _image(self, **more: Any) -> Sent:
        return self._proxy.image(**more, tokens=self._tokens("codex"))

    def _websocket(self, **more: Any) -> Sent:
        turns = [
            Try(tokens=self._tokens("codex"), turn=turn)
            for turn in range(self._random.randrange(1, 5))
        ]
        return self._proxy.websocket(turns, **more)

    def _scan(self, **more: Any) -> Sent:
        return self._proxy.scan(self._random.randrange(9), **more)

    def _noise(self, at: int, **_: Any) -> None:
        self._proxy.noise(at)


def _tells_writes(version: Version) -> bool:
    """Before v7.0.3 there is one cached number, and what was written cannot be told."""
    return version.since("7.0.3")
