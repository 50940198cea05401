"""What the proxy means when it does not answer with records."""

import pytest

from proxypal.errors import QueueBanned, QueueError, QueueRefused, QueueUnreachable
from proxypal.sources.queue_refusals import is_unknown_command, is_unknown_key, understand_refusal

URL = "http://127.0.0.1:8317"


@pytest.mark.parametrize(
    ("text", "status", "kind"),
    [
        ("invalid management key", 0, QueueRefused),
        ("ERR invalid management key", 0, QueueRefused),
        ("missing management key", 401, QueueRefused),
        ("remote management disabled", 403, QueueRefused),
        ("Authentication required.", 0, QueueRefused),
        ("wrong number of arguments for 'auth' command", 0, QueueRefused),
        ("", 401, QueueRefused),
        ("", 403, QueueRefused),
        ("", 404, QueueUnreachable),
        ("redis usage output disabled in home mode", 0, QueueUnreachable),
        ("RESP AUTH disabled; use mTLS", 0, QueueUnreachable),
        ("", 502, QueueUnreachable),
    ],
)
def test_each_refusal_is_known(text: str, status: int, kind: type[QueueError]) -> None:
    """A key that is not accepted is told from a queue that is not there."""
    error = understand_refusal(URL, text, status)
    assert type(error) is kind
    assert URL in str(error)


@pytest.mark.parametrize(
    ("wait", "minimum_ms", "maximum_ms"),
    [
        ("30m0s", 1_800_000, 1_802_000),
        ("29m59s", 1_799_000, 1_801_000),
        ("7s", 7_000, 9_000),
        ("400ms", 400, 2_000),
        ("a while", 1_800_000, 1_802_000),
    ],
)
def test_a_ban_lasts_as_long_as_it_says(wait: str, minimum_ms: int, maximum_ms: int) -> None:
    """Never an attempt before its end, and 30 minutes where the time is not understood."""
    said = f"IP banned due to too many failed attempts. Try again in {wait}"
    for status in (0, 403):
        error = understand_refusal(URL, said, status)
        assert isinstance(error, QueueBanned)
        assert minimum_ms <= error.retry_in_ms <= maximum_ms


def test_a_long_answer_is_cut() -> None:
    """A page of HTML does not fill the screen."""
    assert len(str(understand_refusal(URL, "<html>\n" * 10_000, 500))) < 400


def test_old_versions_are_told_by_what_they_do_not_know() -> None:
    """SUBSCRIBE before v7.0.7; another name of the queue."""
    assert is_unknown_command("unknown command 'subscribe'")
    assert not is_unknown_command("invalid management key")
    assert is_unknown_key("unsupported channel 'usage'")
