"""Every error a person can meet, in one tree. Nothing here imports anything of ours.

ProxypalError
├── WrongUsage                 the command or call cannot mean anything
├── UnreadableInput            a file or stream given to us is not what it should be
├── LogNotFound                no proxy log where we looked
├── BackupNotFound             no backup of that name
├── AlreadyUndone              that backup was restored before
├── ServiceTrouble             the system's service manager does not do it, or there is none
├── CannotListen               the web server cannot take its address
├── QueueError                 the proxy's usage queue gives nothing
│   ├── QueueUnreachable       no connection, or what answers is no usage queue
│   ├── QueueRefused           the management key is not accepted; asking again makes it worse
│   └── QueueBanned            too many failed logins; the proxy says for how long
└── StoreError
    ├── StoreBusy              another process holds the database
    ├── StorageFull            no space left, and the memory bound is reached
    ├── CannotWrite            permission, read-only file system, I/O error
    ├── DamagedDatabase        the database cannot be read (recovery starts here)
    ├── NewerDatabase          written by a later version of proxypal
    ├── ImportOutdated         the store changed while a file was read that it bears on
    └── StoreClosed            used after close()

Constructors take facts and write the sentence: what happened, to which file, what to do now.
"""

from pathlib import Path
from typing import Literal


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


class ServiceTrouble(ProxypalError):
    """Nothing runs in the background; the message says why, or what to do instead."""


USAGE_QUEUE = "Usage queue"


class CannotListen(ProxypalError):
    """The web server cannot listen where it should."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        self.host = host
        self.port = port
        self.reason = reason
        super().__init__(
            f"Cannot listen at {host}, port {port}: {reason}. "
            "End that program, or choose another address with --port and --host."
        )


class QueueError(ProxypalError):
    """The proxy's usage queue, or `what` else its management API tells, gives nothing.

    No message holds a management key.
    """

    def __init__(self, url: str, reason: str, advice: str, what: str = USAGE_QUEUE) -> None:
        self.url = url
        self.reason = reason
        super().__init__(f"{what} at {url}: {reason}. {advice}")


class QueueUnreachable(QueueError):
    """No connection, a broken one, or an answer that no usage queue gives.

    `how`: `down`, nobody listens there; `closed`, the other side ended the connection after all
    it had to say; `answered`, with an error; `broken`, anything else. `speaks_otherwise`: not
    RESP, so it may speak HTTP.
    """

    def __init__(
        self,
        url: str,
        reason: str,
        how: Literal["broken", "down", "closed", "answered"] = "broken",
        *,
        speaks_otherwise: bool = False,
        what: str = USAGE_QUEUE,
    ) -> None:
        self.how = how
        self.speaks_otherwise = speaks_otherwise
        super().__init__(
            url, reason, "Check that CLIProxyAPI runs there and has a management key set.", what
        )


class QueueRefused(QueueError):
    """The proxy does not accept the key. Five refusals ban us for 30 minutes: do not repeat."""

    def __init__(self, url: str, reason: str, what: str = USAGE_QUEUE) -> None:
        super().__init__(
            url,
            reason,
            "It is not asked again with this key; give the plain key of the proxy's "
            "remote-management.secret-key by --management-key-file or PROXYPAL_MANAGEMENT_KEY.",
            what,
        )


class QueueBanned(QueueError):
    """The proxy bans this address after failed logins, even with the right key."""

    def __init__(self, url: str, retry_in_ms: int, what: str = USAGE_QUEUE) -> None:
        self.retry_in_ms = retry_in_ms
        super().__init__(
            url,
            "this address is banned after too many failed logins",
            f"Nothing is tried for {retry_in_ms // 60_000 + 1} minutes; until then find the "
            "program that uses a wrong management key.",
            what,
        )


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


_FAILING = "The disk may be failing: see the system's log, and copy the data elsewhere."
_WAYS_OUT = (
    ("Too many open files", "Let programs that have many files open end, or raise `ulimit -n`."),
    ("I/O error", _FAILING),
    ("Input/output error", _FAILING),
)
"""What a reason calls for, by words of it; else it is a matter of rights."""

_RIGHTS = "Check its owner and permissions, or choose another place with --data-dir."


class CannotWrite(StoreError):
    """The data directory is not writable: permission, read-only file system, I/O error."""

    def __init__(self, path: Path, reason: str, held: int = 0) -> None:
        self.reason = reason
        self.held = held
        way_out = next((advice for words, advice in _WAYS_OUT if words in reason), _RIGHTS)
        super().__init__(f"Cannot write {path}: {reason}.{_held(held)} {way_out}")


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


class ImportOutdated(StoreError):
    """What was known of the store when a file was read is not so any more; read it again."""

    def __init__(self) -> None:
        super().__init__(
            "Another process kept changing what this file overlaps with. Nothing of it was "
            "imported; import it again when the other one is done."
        )


class StoreClosed(StoreError):
    """The store was used after close()."""

    def __init__(self) -> None:
        super().__init__("The store is closed. Open it again with Store(path).")
