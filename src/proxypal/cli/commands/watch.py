"""`proxypal watch`: follow the proxy's log in the foreground."""

import threading
from pathlib import Path

import click

from proxypal import clock
from proxypal.cli.foreground import collect_garbage_rarely, stop_in_order
from proxypal.cli.opening import opened
from proxypal.cli.options import in_data_directory
from proxypal.cli.output import say
from proxypal.cli.queue_options import (
    queue_options,
    queue_settings,
    remote_log_option,
    remote_log_settings,
)
from proxypal.cli.rendering_text import counted, grouped
from proxypal.cli.rendering_watch import WatchScreen
from proxypal.service.watching import watch


@click.command("watch")
@click.argument("paths", nargs=-1, metavar="[PATH|-]...")
@click.option("--once", is_flag=True, help="Read what is there, then end.")
@click.option(
    "--log-zone",
    metavar="ZONE",
    help="Time zone the log is written in, such as UTC.  [default: this machine's]",
)
@click.option("as_json", "--json", is_flag=True, help="A request per line, as JSON.")
@queue_options
@remote_log_option
@in_data_directory
def command(  # noqa: PLR0913 - an argument per option
    *,
    paths: tuple[str, ...],
    once: bool,
    log_zone: str | None,
    as_json: bool,
    url: str | None,
    key_file: Path | None,
    remote_log: bool,
    data_dir: Path,
) -> None:
    """Record every request that passes CLIProxyAPI: what is there, then what comes.

    Without PATH the log is found by itself; - reads standard input, as in
    `docker logs -f cliproxy | proxypal watch -`. Tokens and cost come from the proxy's usage
    queue, read beside the log if its management key is given, and alone if there is no log. The
    log of a proxy on another machine is read over HTTP: --cliproxy URL --remote-log.
    Prints a line per request; on a terminal a long backlog is shown as a progress bar instead.
    It can be stopped and started at any time: nothing is counted twice, and nothing is lost as
    long as the proxy keeps it (usage records: `proxypal setup cliproxy` says how long).
    """
    offset = clock.offset_of(log_zone)
    with opened(data_dir) as store:
        queue = queue_settings(url, key_file, store)
        if isinstance(queue, str):
            say(queue)
        remote = remote_log_settings(queue, log_zone, is_wanted=remote_log)
        collect_garbage_rarely()
        screen = WatchScreen(clock.offset_of(store.settings().zone), as_json=as_json, once=once)
        stop = threading.Event()
        stop_in_order(stop.set)
        try:
            watch(
                store,
                paths,
                offset=offset,
                once=once,
                stop=stop,
                report=screen.show,
                queue=None if isinstance(queue, str) else queue,
                remote=remote,
            )
        finally:
            screen.close()
        rejected = f", {counted(screen.rejected, 'line')} not understood" if screen.rejected else ""
        before = f", {grouped(screen.before)} had been counted before" if screen.before else ""
        say(f"{counted(screen.recorded, 'request')} recorded{before}{rejected}.")
