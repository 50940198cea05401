"""`proxypal serve`: the watcher, the usage queue and the web pages, in one process."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from proxypal import clock
from proxypal.cli.foreground import stop_in_order, tell_started
from proxypal.cli.lazy_pricing import LazyPricing
from proxypal.cli.opening import tell_warning
from proxypal.cli.options import in_data_directory
from proxypal.cli.output import say
from proxypal.cli.queue_options import (
    queue_options,
    queue_settings,
    remote_log_option,
    remote_log_settings,
)
from proxypal.cli.rendering_watch import watch_sentence
from proxypal.records.labels import Offset
from proxypal.service.watch_events import CaughtUp, Recorded, WatchEvent
from proxypal.store import Store

if TYPE_CHECKING:
    from proxypal.web.access import Access
    from proxypal.web.serving import Serving


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8318,
    show_default=True,
    help="Port to listen at; 0 takes a free one.",
)
@click.option(
    "--log",
    "paths",
    multiple=True,
    metavar="PATH",
    help="A log of the proxy, or its directory; may be repeated.  [default: it is found]",
)
@click.option(
    "--log-zone",
    metavar="ZONE",
    help="Time zone the log is written in, such as UTC.  [default: this machine's]",
)
@queue_options
@remote_log_option
@click.option(
    "--token-file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Holds the token that clients must show.  [default: none on this machine, else "
    "access.token in the data directory, made if it is not there]",
)
@click.option(
    "--allow-host",
    "allowed",
    multiple=True,
    metavar="NAME",
    help="A further name browsers may call this server by; may be repeated.",
)
@click.option("--no-browser", is_flag=True, help="Do not open the page.")
@in_data_directory
def command(  # noqa: PLR0913 - an argument per option
    *,
    host: str,
    port: int,
    paths: tuple[str, ...],
    log_zone: str | None,
    url: str | None,
    key_file: Path | None,
    remote_log: bool,
    token_file: Path | None,
    allowed: tuple[str, ...],
    no_browser: bool,
    data_dir: Path,
) -> None:
    """Record everything that passes CLIProxyAPI, and show it in the browser.

    Prints the address on stdout; Ctrl-C ends it in order. Only this machine can reach it unless
    --host says otherwise; then every client must show a token, and browsers log in with it once.
    """
    from proxypal.web import connections, serving  # noqa: PLC0415 - the web is for this command only

    connections.raise_file_limit()
    offset = clock.offset_of(log_zone)
    sockets = serving.listening_at(host, port)
    told = _Told()
    try:
        with Store(data_dir, on_warning=told.warn) as store:
            queue = queue_settings(url, key_file, store)
            if isinstance(queue, str):
                say(queue)
            store.price_with(LazyPricing(store))
            watched = serving.Watched(
                paths=paths,
                offset=offset,
                zone=log_zone,
                queue=None if isinstance(queue, str) else queue,
                remote=remote_log_settings(queue, log_zone, is_wanted=remote_log),
            )
            access = _access(host, serving.addresses(sockets), allowed, token_file, data_dir)
            events = _Events(clock.offset_of(store.settings().zone))
            running = serving.Serving(store, access, watched=watched, report=events.show)
            told.serving = running
            stop_in_order(running.stop)
            address = serving.url_of(host, sockets)

            def started() -> None:
                running.warm_up()
                what = "proxypal serves its pages"
                tell_started(address, what, opens_browser=not no_browser)

            running.run(sockets, started)
    finally:
        for one in sockets:
            one.close()


class _Told:
    """Warnings of the store, for the terminal and, once there are any, for the pages."""

    def __init__(self) -> None:
        self.serving: Serving | None = None

    def warn(self, warning: str) -> None:
        tell_warning(warning)
        if self.serving is not None:
            self.serving.board.warn(warning)


class _Events:
    """What the watcher tells, as lines on stderr; requests are for the pages to show."""

    def __init__(self, offset: Offset) -> None:
        self._offset = offset

    def show(self, event: WatchEvent) -> None:
        if isinstance(event, Recorded | CaughtUp):
            return
        if said := watch_sentence(event, self._offset):
            say(said)


def _access(
    host: str,
    addresses: Sequence[str],
    allowed: tuple[str, ...],
    token_file: Path | None,
    data_dir: Path,
) -> "Access":
    from proxypal.web import access, access_token  # noqa: PLC0415 - the web is for this command only

    token = None if token_file is None else access_token.read_token(token_file)
    if token is None and not all(map(access.is_loopback, addresses)):
        token, token_file = access_token.own_token(data_dir)
    if token is not None:
        say(f"Clients must show the token in {token_file}; browsers log in with it once.")
    return access.Access(
        names=access.own_names([host, *addresses], allowed),
        any_address=any(map(access.is_every_address, addresses)),
        token=token,
    )
