"""Every error a person can meet, in one tree. Nothing here imports anything of ours.

ProxypalError
├── WrongUsage                 the command or call cannot mean anything
├── UnreadableInput            a file or stream given to us is not what it should be
├── LogNotFound                no proxy log where we looked
├── BackupNotFound             no backup of that name
├── AlreadyUndone              that backup was restored before
└── StoreError
    ├── StoreBusy              another process holds the database
    ├── StorageFull            no space left, and the memory bound is reached
    ├── CannotWrite            permission, read-only file system, I/O error
    ├── DamagedDatabase        the database cannot be read (recovery starts here)
    ├── NewerDatabase          written by a later version of proxypal
    └── StoreClosed            used after close()

Constructors take facts and write the sentence: what happened, to which file, what to do now.
"""

from pathlib import Path


class ProxypalError(Exception):
    """Root of every error proxypal raises on purpose."""


class WrongUsage(ProxypalError):
    """The request contradicts itself; the message says how to say it right."""


class UnreadableInput(ProxypalError):
    """A file or stream given by the user cannot be read as what it should be."""

    def __init__(self, path: Path | str, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"Cannot read {path}: {reason}.")


class LogNotFound(ProxypalError):
    """No proxy log in any of the places looked at."""

    def __init__(self, places: list[Path]) -> None:
        self.places = places
        looked = "\n".join(f"  {place}" for place in places)
        super().__init__(
            f"No CLIProxyAPI log found. Looked at:\n{looked}\n"
            "Set `logging-to-file: true` and `debug: true` in CLIProxyAPI's config.yaml "
            "(`proxypal setup cliproxy` checks it), or name the log: `proxypal watch PATH`."
        )


class BackupNotFound(ProxypalError):
    """The named backup does not exist."""

    def __init__(self, name: str, directory: Path) -> None:
        self.name = name
        super().__init__(
            f"No backup named {name!r} in {directory}. `proxypal restore` lists what there is."
        )


class AlreadyUndone(ProxypalError):
    """Each backup can be restored once."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"{name} was already restored; restoring it twice would count it twice.")


class StoreError(ProxypalError):
    """The store could not do what was asked; nothing was half done."""


class StoreBusy(StoreError):
    """Another process kept the database locked for longer than we wait."""

    def __init__(self, path: Path, waited_s: float) -> None:
        super().__init__(
            f"{path} is held by another process (waited {waited_s:.0f} s). "
            "Nothing was written; try again when it is done."
        )


def _held(count: int) -> str:
    """Only memory has them: whoever ends the process now loses them."""
    return f" Requests held in memory, not durable: {count}." if count else ""


class StorageFull(StoreError):
    """No space left on the device that holds the data directory."""

    def __init__(self, path: Path, held: int = 0) -> None:
        self.held = held
        super().__init__(f"Storage full: cannot write {path}.{_held(held)} Free some space.")


class CannotWrite(StoreError):
    """The data directory is not writable: permission, read-only file system, I/O error."""

    def __init__(self, path: Path, reason: str, held: int = 0) -> None:
        self.reason = reason
        self.held = held
        super().__init__(
            f"Cannot write {path}: {reason}.{_held(held)} Check its owner and permissions, "
            "or choose another place with --data-dir."
        )


class DamagedDatabase(StoreError):
    """The database file is not readable as one; opening the store rebuilds it."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path} is damaged: {reason}. Open the store again to rebuild it.")


class NewerDatabase(StoreError):
    """The database was written by a later version of proxypal."""

    def __init__(self, path: Path, found: int, known: int) -> None:
        super().__init__(
            f"{path} has format {found}, this proxypal knows up to {known}. "
            "Update proxypal; nothing was changed."
        )


class StoreClosed(StoreError):
    """The store was used after close()."""

    def __init__(self) -> None:
        super().__init__("The store is closed. Open it again with Store(path).")
