"""`settings.toml` as it is now: read again when it changed.

Must not enter: what the settings say (`settings_file`).
"""

import threading
from pathlib import Path

from proxypal.service.settings_file import FILE_NAME, Settings, read_settings

_Stamp = tuple[int, int, int] | None


class CurrentSettings:
    """The settings of a data directory; call it to get them, from any thread. Never raises."""

    def __init__(self, data_directory: Path) -> None:
        self._directory = data_directory
        self._lock = threading.Lock()
        self._stamp: _Stamp = None
        self._settings: Settings | None = None

    def __call__(self) -> Settings:
        """The settings as the file says them now."""
        with self._lock:
            stamp = self._look()
            if self._settings is None or stamp != self._stamp:
                self._settings, self._stamp = read_settings(self._directory), stamp
            return self._settings

    def _look(self) -> _Stamp:
        try:
            found = (self._directory / FILE_NAME).stat()
        except OSError:
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns
