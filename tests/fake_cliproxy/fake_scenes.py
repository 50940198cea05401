"""The kinds of traffic that have a name: what a day of a real proxy is made of."""

from collections.abc import Sequence
from typing import Any

from fake_traffic import Sent, Traffic, Try
from fake_usage import Usage

SCANS = ("/containers/json", "/.env", "/wp-login.php", "/v1/models/../../etc/passwd", "/SDK/web")
HELLO = Usage(100, 30, 0, 40, 10)


class Scenes(Traffic):
    """Each call is one thing that a client does. Further arguments are those of `request`."""

    def retried(self, model: str = "claude-sonnet-4-5", *, failures: int = 2, **more: Any) -> Sent:
        """Some credentials fail, the last one serves it: one request, several records."""
        tries = [
            Try(status=(429, 502, 500)[place % 3], account=f"account{place}@example.com")
            for place in range(failures)
        ]
        good = Try(tokens=more.pop("tokens", HELLO))
        return self.request(model, attempts=[*tries, good], **more)

    def failed(self, model: str = "claude-sonnet-4-5", *, status: int = 502, **more: Any) -> Sent:
        """The upstream fails, and so does the request."""
        return self.request(model, status=status, **more)

    def broken_stream(self, model: str = "claude-sonnet-4-5", **more: Any) -> Sent:
        """A stream fails half-way: the log says 200, the record says failed."""
        fail_status = more.pop("fail_status", None)
        tries = [Try(tokens=more.pop("tokens", Usage()), failed=True, fail_status=fail_status)]
        return self.request(model, attempts=tries, stream=True, **more)

    def cut_stream(self, model: str = "fake-model", **more: Any) -> Sent:
        """The client leaves before any usage was told: a line, no record."""
        return self.request(model, attempts=[Try(record=False)], stream=True, **more)

    def image(self, model: str = "gpt-5.6", **more: Any) -> Sent:
        """Codex draws: a second record with the same id and time, and another model."""
        drawing = Try(
            tokens=more.pop("image_tokens", Usage(20, 0, 0, 1000)), model="gpt-image-2", extra=True
        )
        return self.request(
            model, attempts=[Try(tokens=more.pop("tokens", HELLO)), drawing], **more
        )

    def websocket(
        self, turns: int | Sequence[Try] = 3, model: str = "gpt-5.6", **more: Any
    ) -> Sent:
        """A responses websocket: a record per turn, one line with the socket's whole life."""
        if isinstance(turns, int):
            turns = [Try(tokens=HELLO, turn=turn) for turn in range(turns)]
        more = {"route": "/v1/responses", "duration_ms": 60_000, **more}
        return self.request(model, method="GET", attempts=turns, **more)

    def unauthorized(self, **more: Any) -> Sent:
        """A wrong client key: 401, no record."""
        return self._unserved(401, **{**more, "client_key": ""})

    def no_credential(self, **more: Any) -> Sent:
        """Every credential is cooling down: 503, no record."""
        return self._unserved(503, **more)

    def search(self, **more: Any) -> Sent:
        """A call of which the proxy keeps no records."""
        return self._unserved(200, **{"route": "/v1/alpha/search", **more})

    def _unserved(self, status: int, **more: Any) -> Sent:
        return self.request(status=status, attempts=[], order="line-only", **_quick(more))

    def count_tokens(self, **more: Any) -> Sent:
        """No call to a model: it counts nowhere."""
        return self._helper(200, route="/v1/messages/count_tokens?beta=true", **more)

    def list_models(self, **more: Any) -> Sent:
        """Since v7.2.84 it has a request id like a call."""
        return self._helper(200, route="/v1/models", method="GET", **more)

    def preflight(self, **more: Any) -> Sent:
        """A browser asks first."""
        return self._helper(204, route="/v1/messages", method="OPTIONS", **more)

    def scan(self, place: int = 0, **more: Any) -> Sent:
        """Somebody looks for other doors."""
        return self._helper(404, route=SCANS[place % len(SCANS)], method="GET", **more)

    def _helper(self, status: int, **more: Any) -> Sent:
        more = {"client_key": "", **_quick(more)}
        return self.request(status=status, attempts=[], order="line-only", counts=False, **more)

    def noise(self, at: int | None = None) -> None:
        """Lines that are about no request."""
        at_ms = self.clock.now_ms() if at is None else at
        self.log.entry("Incremented count for model gpt-5.6, now 2 clients", at_ms=at_ms)
        self.log.entry(
            'auth unavailable: 1 of 2 candidate(s) for model "gpt-5.6" (provider=codex) '
            "are in cooldown: a (quota)",
            at_ms=at_ms,
            level="warn",
        )


def _quick(more: dict[str, Any]) -> dict[str, Any]:
    more.pop("order", None)
    more.pop("late_s", None)
    return {**more, "duration_ms": 3}
