"""What the proxy said to our management key: shared by all that log in with it at one proxy.

Five failed logins ban this machine for 30 minutes, so a key that one of us was refused with is
tried by none of us. Must not enter: connections.
"""

from proxypal.sources.management_key import ManagementKey


class LoginMemory:
    """The key refused last, and until when nothing may be tried. Any thread."""

    def __init__(self) -> None:
        self.banned_until_ms = 0
        self._refused: ManagementKey | None = None

    def refuse(self, key: ManagementKey) -> None:
        """This key is not tried again."""
        self._refused = key

    def is_refused(self, key: ManagementKey) -> bool:
        """Whether it was refused, and none since."""
        return key == self._refused

    def ban(self, until_ms: int) -> None:
        """Nothing is tried before then, Unix milliseconds."""
        self.banned_until_ms = max(self.banned_until_ms, until_ms)
