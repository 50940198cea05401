"""The proxy's management key, as it is given to us: by a file or the environment.

Must not enter: anything that stores, logs or shows it. `reveal()` is called where it is sent.
"""

from collections.abc import Mapping
from pathlib import Path

from proxypal.errors import UnreadableInput, WrongUsage

KEY_VARIABLES = ("PROXYPAL_MANAGEMENT_KEY", "MANAGEMENT_PASSWORD")
"""Ours, then the variable that gives the proxy itself its key."""

_MAX_BYTES = 4096


class ManagementKey:
    """A secret that does not show itself: not in a repr, a format, a traceback or a pickle."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The key in plain text, for sending."""
        return self._text

    def __repr__(self) -> str:
        return "ManagementKey(hidden)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ManagementKey) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> str:
        raise TypeError("a management key is not written anywhere")


class KeySource:
    """Where the key comes from. A file is read again when asked, so that it can be put right."""

    def __init__(self, file: Path | None, environment: Mapping[str, str]) -> None:
        self._file = file
        self._environment = environment
        self._read: tuple[tuple[int, int, int], ManagementKey] | None = None

    @property
    def is_given(self) -> bool:
        """Whether the user named a key at all."""
        return self._file is not None or any(map(self._environment.get, KEY_VARIABLES))

    def current(self) -> ManagementKey:
        """The key as it is now.

        Raises:
            UnreadableInput: the file cannot be read, is empty, or holds more than a line.
            WrongUsage: neither a file nor a variable gives one.
        """
        if self._file is not None:
            return self._of_file(self._file)
        for name in KEY_VARIABLES:
            if self._environment.get(name):
                return _checked(self._environment[name], f"the variable {name}")
        raise WrongUsage(
            "The usage queue needs the proxy's management key: give --management-key-file FILE "
            "or set PROXYPAL_MANAGEMENT_KEY."
        )

    def _of_file(self, file: Path) -> ManagementKey:
        try:
            stat = file.stat()
            state = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if self._read is None or self._read[0] != state:
                with file.open("rb") as opened:
                    body = opened.read(_MAX_BYTES)
                self._read = (state, _checked(body.decode("utf-8-sig", "replace"), str(file)))
        except OSError as error:
            raise UnreadableInput(file, error.strerror or "it is not readable") from error
        return self._read[1]


def _checked(text: str, place: str) -> ManagementKey:
    key = text.strip()
    if not key:
        raise UnreadableInput(place, "there is no management key in it")
    if not key.isprintable() or len(key) >= _MAX_BYTES:
        raise UnreadableInput(place, "it holds more than a management key on a line of its own")
    return ManagementKey(key)
