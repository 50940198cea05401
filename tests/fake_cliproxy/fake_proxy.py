"""A faithful fake CLIProxyAPI: a log, a usage queue over RESP and HTTP on one port, and the truth.

with FakeProxy(tmp_path, version="7.2") as fake:
    fake.request("claude-sonnet-4-5", tokens=Usage(uncached=12, read=5000, visible=340))
    ...                                   # let ProxyPal read fake.log.main and fake.url
    assert fake.truth.expected().differences(store.get_usage_stats()) == []
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

from builders import Layout
from fake_clock import FakeClock
from fake_http import HttpSession
from fake_log import FakeLog
from fake_log_reading import LogEndpoint
from fake_logins import Logins
from fake_queue import BUFFER, Fate, UsageQueue
from fake_random import RandomTraffic
from fake_resp import RespSession
from fake_scenes import Scenes
from fake_server import Connection, Port
from fake_traffic import Sent
from fake_version import Version

CLIENT_KEYS = ("sk-client-alpha-00000000AAAA", "sk-client-beta-11111111BBBB", "local-client-key")
WAIT_S = 20.0


class FakeProxy(Scenes):
    """The proxy. It runs from `start` (or `with`) to `stop`; options are given once.

    `zone` is the process's time zone, of the log as of the records. `retention_s`, `ban_s` and
    `silence_s` are the real proxy's; those that the clock decides can be passed by `clock.advance`.
    """

    def __init__(
        self,
        directory: Path,
        *,
        version: str = "7.2",
        key: str = "local-management-key",
        port: int = 0,
        clock: FakeClock | None = None,
        zone: tzinfo | str = UTC,
        layout: Layout = "C",
        retention_s: float = 60,
        ban_s: float = 1800,
        silence_s: float = 10,
        buffer: int = BUFFER,
        management: bool = True,
        home_mode: bool = False,
        statistics: bool = True,
        allow_remote: bool = False,
        requeues_overflow: bool = False,
        debug: bool = True,
        client_keys: Sequence[str] = CLIENT_KEYS,
        seed: int = 0,
    ) -> None:
        clock = clock or FakeClock()
        zone = ZoneInfo(zone) if isinstance(zone, str) else zone
        release = Version(version)
        kept_s = 60 if release.retention_is_fixed else min(retention_s, 3600)
        queue = UsageQueue(clock, kept_s, buffer)
        queue.requeues_overflow = requeues_overflow
        queue.statistics = statistics
        super().__init__(
            FakeLog(directory, clock, zone, layout),
            queue,
            clock,
            release,
            zone=zone,
            client_keys=client_keys,
            debug=debug,
            seed=seed,
        )
        self.key = key
        self.log_endpoint = LogEndpoint(self.log.main, zone, release)
        self.logins = Logins(clock, key, ban_s, allow_remote=allow_remote)
        self.planted.add(key)
        self._port = Port(release, self.logins, queue, silence_s=silence_s)
        self._port.number = port
        self._port.home_mode = home_mode
        self._port.resp = lambda connection: RespSession(self._port, connection).run()
        self._port.http = self._serve_http
        self.set_management(management)

    def _serve_http(self, connection: Connection) -> None:
        def access_log(method: str, path: str, status: int) -> None:
            self.log.access(path, status=status, at_ms=self.clock.now_ms(), method=method)

        HttpSession(self._port, connection, access_log, self.log_endpoint).run()

    # --- running

    def start(self) -> Self:
        """Listen, and say so in the log. The port stays the same over every restart."""
        self._port.listen()
        banner = f"CLIProxyAPI Version: {self.version.text}, Commit: a7e3596b7, BuiltAt: unknown"
        self.log.entry(banner, at_ms=self.clock.now_ms(), code="main.go:505")
        return self

    def stop(self) -> None:
        """End the process: connections break, queue, failed logins and bans are forgotten."""
        self._port.close()
        self.queue.forget()
        self.logins.forget()
        self.log.close()

    def restart(self, downtime_s: float = 0) -> None:
        """Stop and start again, on the same port and log."""
        self.stop()
        time.sleep(downtime_s)
        self.start()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.settle()
        self.stop()

    @property
    def port(self) -> int:
        """Where it listens, for both protocols."""
        return self._port.number

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    # --- faults

    def drop_connections(self) -> None:
        """Break every connection; the queue stays."""
        self._port.drop_connections()

    def pause(self) -> None:
        """Stop answering and sending; connections stay open, records are made."""
        self._port.running.clear()

    def resume(self) -> None:
        """Go on after a pause."""
        self._port.running.set()

    def cut_next_reply(self, times: int = 1) -> None:
        """Take the records of the next pop or message, and break the connection instead."""
        self._port.cuts = times

    def ban(self, seconds: float = 1800, address: str = "127.0.0.1") -> None:
        """Ban an address as if it had failed five times."""
        self.logins.ban(address, seconds)

    def set_statistics(self, enabled: bool) -> None:
        """`usage-statistics-enabled`. What is queued stays; nothing new comes."""
        self.queue.statistics = enabled

    def set_management(self, enabled: bool) -> None:
        """A management secret exists, or was taken away: then the queue is forgotten."""
        self._port.management = self.queue.enabled = enabled
        if not enabled:
            self.queue.forget()

    def set_logging_to_file(self, enabled: bool) -> None:
        """`logging-to-file`, as far as the endpoint tells it."""
        self.log_endpoint.is_on = enabled

    def refresh(self) -> None:
        """A credential changed: subscribers get `{"refresh":true}`."""
        if self.version.greets:
            self.queue.refresh()

    # --- what it saw

    @property
    def seen(self) -> Counter[str]:
        """Commands by name (`AUTH`, `LPOP`...) and HTTP requests (`GET /v0/...`)."""
        return self._port.seen

    @property
    def failed_logins(self) -> int:
        """Failures ever, also those that came as a command before AUTH."""
        return self.logins.failed

    @property
    def secrets_sent(self) -> list[str]:
        """Every key that anybody tried to log in with."""
        return self.logins.sent

    @property
    def connections_opened(self) -> int:
        """Connections ever."""
        return self._port.connections_opened

    @property
    def open_connections(self) -> int:
        """Connections now."""
        return self._port.open_connections

    def wait_until(self, condition: Callable[[], bool], seconds: float = WAIT_S) -> None:
        """Wait for a condition; fail when it does not come."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "it did not happen"
            time.sleep(0.002)

    def wait_subscribed(self, count: int = 1) -> None:
        """Wait until so many subscribers are connected."""
        self.wait_until(lambda: self.queue.subscribers >= count)

    def wait_drained(self) -> None:
        """Wait until no record waits any more: each was handed out or lost."""
        self.settle()
        self.wait_until(lambda: Fate.WAITING not in list(self.queue.fates.values()))

    # --- traffic

    def random_traffic(
        self, seed: int, n: int, *, span_s: float = 0, only: Sequence[str] = ()
    ) -> list[Sent]:
        """So many random events; `only` names kinds (see `RandomTraffic`)."""
        return RandomTraffic(self, seed, only=only).run(n, span_s)
