"""What one of us learnt of the key, the other one knows."""

from proxypal.service.login_memory import LoginMemory
from proxypal.sources.management_key import ManagementKey


def test_a_refused_key_stays_refused_until_there_is_another() -> None:
    """The same text is the same key, however often it is read again."""
    logins = LoginMemory()
    assert not logins.is_refused(ManagementKey("wrong"))
    logins.refuse(ManagementKey("wrong"))
    assert logins.is_refused(ManagementKey("wrong"))
    assert not logins.is_refused(ManagementKey("right"))


def test_the_longest_ban_counts() -> None:
    """A shorter one that is told later ends nothing earlier."""
    logins = LoginMemory()
    logins.ban(2_000)
    logins.ban(1_000)
    assert logins.banned_until_ms == 2_000
