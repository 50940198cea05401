"""A server in the foreground says where it is and is ended in order."""

import os
import signal
import subprocess
import sys

import pytest

from proxypal.cli.foreground import has_desktop, tell_started


@pytest.mark.parametrize(
    ("variables", "platform", "is_terminal", "expected"),
    [
        ({"DISPLAY": ":0"}, "linux", True, True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True, True),
        ({}, "linux", True, False),
        ({}, "darwin", True, True),
        ({}, "win32", True, True),
        ({"DISPLAY": ":0"}, "linux", False, False),
        ({"DISPLAY": "localhost:10", "SSH_CONNECTION": "1 2 3 4"}, "linux", True, False),
        ({"CI": "true"}, "darwin", True, False),
    ],
)
def test_a_browser_is_opened_only_where_somebody_sees_it(
    variables: dict[str, str], platform: str, is_terminal: bool, expected: bool
) -> None:
    """Neither over SSH nor in CI nor under a service does a browser pop up."""
    assert has_desktop(variables, platform, is_terminal=is_terminal) is expected


def test_the_address_is_data_and_the_rest_is_talk(capsys: pytest.CaptureFixture[str]) -> None:
    """A script reads the address from stdout, a person the sentence from stderr."""
    tell_started("http://127.0.0.1:8318", "proxypal serves its pages", opens_browser=False)
    shown = capsys.readouterr()
    assert shown.out == "http://127.0.0.1:8318\n"
    assert shown.err == "proxypal serves its pages at this address; Ctrl-C ends it.\n"


STOPPED = """
import sys, threading
from proxypal.cli.foreground import stop_in_order
stop = threading.Event()
stop_in_order(stop.set)
print("ready", flush=True)
while not stop.wait(0.1):
    pass
if sys.argv[1] == "slow":
    print("ending", flush=True)
    threading.Event().wait()
print("ended in order")
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_order_and_a_second_one_at_once(number: signal.Signals) -> None:
    """Ctrl-C lets what is begun be finished; impatient people are obeyed."""
    for manner, code in (("quick", 0), ("slow", -number)):
        process = subprocess.Popen(
            [sys.executable, "-c", STOPPED, manner], stdout=subprocess.PIPE, env=os.environ
        )
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(number)
        if manner == "slow":
            assert process.stdout.readline() == b"ending\n"
            process.send_signal(number)
        assert process.wait(10) == code
        process.stdout.close()
