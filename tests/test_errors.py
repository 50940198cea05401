"""Every error a person can meet: one tree, and sentences that say what to do."""

import inspect
from pathlib import Path

import pytest

from proxypal import errors
from proxypal.errors import (
    AlreadyUndone,
    BackupNotFound,
    CannotListen,
    CannotWrite,
    DamagedDatabase,
    ImportOutdated,
    LogNotFound,
    NewerDatabase,
    ProxypalError,
    QueueBanned,
    QueueError,
    QueueRefused,
    QueueUnreachable,
    ServiceTrouble,
    StorageFull,
    StoreBusy,
    StoreClosed,
    StoreError,
    UnreadableInput,
    WrongUsage,
)

PATH = Path("/data/proxypal.db")

EXAMPLES: list[tuple[ProxypalError, list[str]]] = [
    (WrongUsage("Say it so."), ["Say it so."]),
    (UnreadableInput(PATH, "it is empty"), [str(PATH), "it is empty"]),
    (LogNotFound([PATH]), [str(PATH), "logging-to-file", "debug", "proxypal watch"]),
    (BackupNotFound("yesterday", PATH), ["yesterday", str(PATH), "proxypal restore"]),
    (AlreadyUndone("n"), ["n", "already restored"]),
    (ServiceTrouble("It is refused."), ["It is refused."]),
    (CannotListen("::1", 8318, "it is taken"), ["::1", "8318", "it is taken", "--port"]),
    (StoreBusy(PATH, 60), [str(PATH), "60 s", "try again"]),
    (StorageFull(PATH), ["Storage full", str(PATH), "Free some space"]),
    (StorageFull(PATH, 7), ["Storage full", "7"]),
    (CannotWrite(PATH, "read-only"), [str(PATH), "read-only", "permissions", "--data-dir"]),
    (CannotWrite(PATH, "read-only", 7), ["7"]),
    (CannotWrite(PATH, "Too many open files"), [str(PATH), "ulimit -n", "end"]),
    (CannotWrite(PATH, "Input/output error"), [str(PATH), "disk may be failing", "copy the data"]),
    (CannotWrite(PATH, "disk I/O error (SQLITE_IOERR_FSYNC)", 7), ["7", "disk may be failing"]),
    (DamagedDatabase(PATH, "torn"), [str(PATH), "torn", "rebuild"]),
    (NewerDatabase(PATH, 3, 1), [str(PATH), "3", "1", "Update proxypal"]),
    (ImportOutdated(), ["Another process", "Nothing of it was imported", "import it again"]),
    (QueueError("http://x", "it is odd", "Look."), ["http://x", "it is odd", "Look."]),
    (QueueUnreachable("http://x", "gone"), ["http://x", "gone", "CLIProxyAPI", "management key"]),
    (QueueUnreachable("http://x", "gone", what="Log"), ["Log at http://x"]),
    (QueueRefused("http://x", "no"), ["http://x", "not asked again", "--management-key-file"]),
    (QueueBanned("http://x", 90_000), ["http://x", "banned", "2 minutes", "wrong management key"]),
    (StoreClosed(), ["closed", "Open it again"]),
]


@pytest.mark.parametrize(("error", "words"), EXAMPLES, ids=lambda value: type(value).__name__)
def test_an_error_says_what_happened_and_what_to_do(error: ProxypalError, words: list[str]) -> None:
    """The sentence names the file, the reason and the way out, and ends like a sentence."""
    for word in words:
        assert word in str(error)
    assert str(error)[0].isupper() or str(error).startswith(("/", "n "))
    assert str(error).endswith((".", ")."))


def test_every_error_has_an_example_here() -> None:
    """No error is added without a sentence that was read."""
    known = {type(error) for error, _ in EXAMPLES} | {ProxypalError, StoreError}
    assert known == {
        found
        for _, found in inspect.getmembers(errors, inspect.isclass)
        if issubclass(found, ProxypalError)
    }


@pytest.mark.parametrize(("error", "words"), EXAMPLES, ids=lambda value: type(value).__name__)
def test_one_except_catches_all(error: ProxypalError, words: list[str]) -> None:
    """Whoever calls us can catch everything we raise on purpose by one name."""
    assert words
    assert isinstance(error, ProxypalError)
    assert type(error).__doc__


def test_troubles_of_the_store_have_a_name_of_their_own() -> None:
    """A store that is busy, full, closed or damaged is told from a wrong question."""
    for found in (StoreBusy, StorageFull, CannotWrite, DamagedDatabase, NewerDatabase, StoreClosed):
        assert issubclass(found, StoreError)
    for question in (BackupNotFound, AlreadyUndone, WrongUsage):
        assert not issubclass(question, StoreError)
