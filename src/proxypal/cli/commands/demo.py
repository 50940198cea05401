"""`proxypal demo`: the pages with invented traffic, apart from everything of the user's."""

import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click

from proxypal import clock
from proxypal.cli.foreground import stop_in_order, tell_started
from proxypal.cli.opening import opened
from proxypal.cli.options import named_data_directory
from proxypal.cli.output import say
from proxypal.cli.rendering_text import counted
from proxypal.errors import WrongUsage

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

_HOST = "127.0.0.1"


@click.command("demo")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8319,
    show_default=True,
    help="Port to listen at; 0 takes a free one.",
)
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Only make the data, in a directory that is empty or does not exist yet, and keep it.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Another one, other traffic.")
@click.option("--live", is_flag=True, help="Let further requests come every few seconds.")
@click.option("--no-browser", is_flag=True, help="Do not open the page.")
def command(*, port: int, into: Path | None, seed: int, live: bool, no_browser: bool) -> None:
    """Show the pages with 90 days of invented traffic.

    The data is made in a temporary directory and deleted at the end; your own is neither read
    nor changed, and nothing is recorded. Prints the address on stdout; Ctrl-C ends it.
    """
    if named_data_directory() is not None:
        raise WrongUsage(
            "demo never uses a data directory of yours. "
            "`proxypal demo --into DIR` makes its data in a new one."
        )
    from proxypal.service.demo_data import fill_with_demo  # noqa: PLC0415 - for this command only

    if into is not None:
        made = fill_with_demo(into, clock.now_ms(), seed=seed)
        click.echo(str(into))
        say(
            f"{counted(made, 'invented request')} of 90 days. "
            f"To look at them: proxypal stats --data-dir {into}"
        )
        return
    from proxypal.web import serving  # noqa: PLC0415 - the web is for two commands only

    sockets = serving.listening_at(_HOST, port)
    try:
        with tempfile.TemporaryDirectory(prefix="proxypal-demo-") as made_up:
            fill_with_demo(Path(made_up), clock.now_ms(), seed=seed)
            _serve(Path(made_up), sockets, live=live, opens_browser=not no_browser)
    finally:
        for one in sockets:
            one.close()


def _serve(
    directory: Path, sockets: "Sequence[socket.socket]", *, live: bool, opens_browser: bool
) -> None:
    from proxypal.service.demo_data import keep_coming  # noqa: PLC0415 - for this command only
    from proxypal.web import access, serving  # noqa: PLC0415 - the web is for two commands only

    ended = threading.Event()
    with opened(directory) as store:
        running = serving.Serving(store, access.Access(names=access.own_names([_HOST], ())))
        stop_in_order(running.stop)
        coming = threading.Thread(target=keep_coming, args=(store, ended), daemon=True)
        address = serving.url_of(_HOST, sockets)

        def started() -> None:
            running.warm_up()
            if live:
                coming.start()
            tell_started(address, "proxypal shows invented traffic", opens_browser=opens_browser)

        try:
            running.run(sockets, started)
        finally:
            ended.set()
            if coming.is_alive():
                coming.join()
