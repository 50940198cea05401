"""A server in the foreground: it says where it is, opens the page, and is ended by a signal.

Must not enter: what is served.
"""

import gc
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from types import FrameType

import click

from proxypal.cli.output import say

_NEW_OBJECTS = 50_000


def stop_in_order(stop: Callable[[], None]) -> None:
    """Let SIGINT and SIGTERM call `stop`, in a thread of its own; a second one ends us at once."""

    def end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - signal's signature
        signal.signal(number, signal.SIG_DFL)
        # Not here: the handler may have interrupted the very lock that stopping needs.
        threading.Thread(target=stop).start()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)


def tell_started(address: str, what: str, *, opens_browser: bool) -> None:
    """The address on stdout, `what` is there on stderr, and the page where somebody sees it."""
    click.echo(address)
    sys.stdout.flush()
    say(f"{what} at this address; Ctrl-C ends it.")
    if opens_browser and has_desktop(os.environ, sys.platform, is_terminal=sys.stderr.isatty()):
        _open_browser(address)


def has_desktop(environment: Mapping[str, str], platform: str, *, is_terminal: bool) -> bool:
    """Whether somebody sits before a screen that a browser can open on.

    `platform` is `sys.platform`; `is_terminal`: the program was started by hand.
    """
    if not is_terminal or environment.get("SSH_CONNECTION") or environment.get("CI"):
        return False
    if platform in ("win32", "darwin"):
        return True
    return bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))


def _open_browser(address: str) -> None:
    import webbrowser  # noqa: PLC0415 - on a desktop only

    # Some browsers keep the call until they are closed.
    threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()


def collect_garbage_rarely() -> None:
    """For a process that records without end: what is made for a batch goes with it, in no cycle.

    Looking through all that lives after every 700 new objects costs a long backlog a seventh more.
    """
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, 20, 100)
