"""`proxypal history`: the recent requests, newest at the bottom, and those that come."""

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from types import FrameType

import click
import msgspec

from proxypal import clock
from proxypal.cli.opening import opened_to_read
from proxypal.cli.options import in_data_directory, json_option
from proxypal.cli.output import is_plain, say
from proxypal.cli.rendering_requests import request_line
from proxypal.cli.rendering_text import counted, grouped
from proxypal.records.labels import Offset
from proxypal.records.request import RequestLog, encode_request
from proxypal.store.protocol import RequestStore

_POLL_S = 0.5
"""Another process's request is seen within a second."""

_Wanted = Callable[[RequestLog], bool]


@click.command("history")
@click.option(
    "--limit", "-n", type=click.IntRange(min=0), help="Only the newest N.  [default: all kept]"
)
@click.option("--follow", "-f", is_flag=True, help="Go on with what comes, until Ctrl-C.")
@click.option("--failed", is_flag=True, help="Only requests that did not succeed.")
@click.option("--model", metavar="NAME", help="Only this model; * stands for anything.")
@json_option
@in_data_directory
def command(  # noqa: PLR0913 - one per option
    *,
    limit: int | None,
    follow: bool,
    failed: bool,
    model: str | None,
    as_json: bool,
    data_dir: Path,
) -> None:
    """Show the recent requests, newest at the bottom.

    With --json: one array of requests as history.json holds them; with --follow a request per
    line.
    """

    def wanted(request: RequestLog) -> bool:
        if failed and request.is_success:
            return False
        return model is None or fnmatchcase(request.model.lower(), model.lower())

    with opened_to_read(data_dir) as store:
        offset = clock.offset_of(store.settings().zone)
        kept = store.get_request_history().requests
        shown = [request for request in kept if wanted(request)]
        if limit is not None:
            shown = shown[max(0, len(shown) - limit) :]
        if follow:
            interrupt = _Interrupt()
            _print_lines(shown, offset, as_json=as_json)
            for arrived in _arriving(store, kept, interrupt):
                _print_lines(filter(wanted, arrived), offset, as_json=as_json)
        elif as_json:
            rows = b",".join(encode_request(request) for request in shown)
            click.echo(msgspec.json.format(b"[" + rows + b"]", indent=2))
        else:
            _draw(shown, offset, data_dir, kept=len(kept))


class _Interrupt:
    """Ctrl-C, noticed between two looks: raised anywhere, it can get lost where nobody listens.

    A second one ends the process at once.
    """

    def __init__(self) -> None:
        self._has_come = False
        signal.signal(signal.SIGINT, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - signal's signature
        signal.signal(number, signal.SIG_DFL)
        self._has_come = True

    def check(self) -> None:
        """End the command if it has come."""
        if self._has_come:
            raise KeyboardInterrupt


def _arriving(
    store: RequestStore, before: Sequence[RequestLog], interrupt: _Interrupt
) -> Iterator[Sequence[RequestLog]]:
    """What history holds that it did not hold a moment ago, again and again until Ctrl-C."""
    seen = Counter(map(_identity, before))
    while True:
        interrupt.check()
        time.sleep(_POLL_S)
        interrupt.check()
        now = store.get_request_history().requests
        rows = Counter(map(_identity, now))
        fresh = rows - seen
        if seen and len(now) == fresh.total() >= seen.total():
            say("More requests came at once than the history keeps: some are not shown.")
        seen = rows
        yield [request for request in now if _identity(request) in fresh]


def _identity(request: RequestLog) -> tuple[str, int]:
    # Not the whole row: tokens that arrive later do not make it another request.
    return request.id, request.timestamp


def _print_lines(requests: Iterable[RequestLog], offset: Offset, *, as_json: bool) -> None:
    coloured = not is_plain()
    for request in requests:
        if as_json:
            click.echo(encode_request(request))
        else:
            click.echo(request_line(request, offset, coloured=coloured))


def _draw(requests: Sequence[RequestLog], offset: Offset, data_dir: Path, *, kept: int) -> None:
    from proxypal.cli.rendering_console import show  # noqa: PLC0415 - `rich` only when drawing
    from proxypal.cli.rendering_requests import request_table  # noqa: PLC0415 - the same
    from proxypal.service.settings_file import read_settings  # noqa: PLC0415 - for names only

    if requests:
        keys = {request.api_key for request in requests if request.api_key}
        names = read_settings(data_dir).shown_apart(keys)
        show(request_table(requests, offset, {key: names.get(key, key) for key in keys}))
    if not kept:
        say("No requests yet. `proxypal watch` records them from the proxy's log.")
    elif len(requests) < kept:
        say(f"{grouped(len(requests))} of {counted(kept, 'request')} kept.")
