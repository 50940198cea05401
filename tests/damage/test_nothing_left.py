"""`clear --forget`: afterwards no byte of a request is anywhere in the data directory."""

import shutil
from pathlib import Path

import msgspec

from harming import rewrite
from law import open_store, payloads_in, reopen, request, requests
from ledger import facts_to_import
from proxypal.records.request import RequestLog
from proxypal.store import Store
from proxypal.store.values import SourceBatch
from telling import Log, told
from two_sources import SIGN, attempt, attempts, lines

NEEDLES = (b"distinctive", b"unmistakable", b"inimitable")


def secret(number: int) -> RequestLog:
    """A request that can be recognised wherever a part of it lies."""
    return msgspec.structs.replace(
        request(number),
        id=f"distinctive-{number}",
        path=f"/v1/unmistakable/{number}/messages",
        request_id=f"inimitable{number:08}",
    )


def secrets(first: int, count: int) -> list[RequestLog]:
    return [secret(number) for number in range(first, first + count)]


def found_in(directory: Path) -> list[str]:
    """The files in which something of a request is to be read."""
    return [
        f"{path.relative_to(directory)}: {needle.decode()}"
        for path in sorted(directory.rglob("*"))
        if path.is_file()
        for needle in NEEDLES
        if needle in path.read_bytes()
    ]


def live(directory: Path) -> None:
    """Everything that leaves copies: trimming, a log, Clear, Import, files set aside, crashes."""
    with open_store(directory) as store:
        store.record(secrets(0, 900))
        store.clear_request_history()
        store.record(secrets(900, 50))
        batch = SourceBatch(
            source="log", start=None, generation=0, state=b"{}", requests=secrets(950, 50)
        )
        store.record_batch(batch)
        store.import_facts(facts_to_import(secrets(1000, 20)), fingerprint="an old file")
        store.reset_aggregate_stats()
        store.record(secrets(1020, 30))
    rewrite(directory / "history.json")
    with open_store(directory) as store:
        store.record(secrets(1050, 30))
    shutil.copy(directory / "history.json", directory / ".history.json.1.tmp")
    shutil.copytree(
        next((directory / "backups").glob("*-clear")), directory / "backups" / ".cut-off-clear.tmp"
    )
    shutil.copytree(
        next((directory / "backups").glob("*-clear")), directory / "backups" / "never-listed"
    )


def forget_and_look(store: Store, directory: Path, at_least: int = 9) -> None:
    before = store.get_aggregate()
    assert len(found_in(directory)) >= at_least
    assert store.clear_request_history(forget=True) is None
    store.publish()
    assert store.get_aggregate() == before
    assert store.get_request_history().requests == []


def test_nothing_is_left_of_the_requests(tmp_path: Path) -> None:
    """After forgetting, no file holds anything of a request; the totals are what they were."""
    directory = tmp_path / "data"
    live(directory)
    with open_store(directory) as store:
        forget_and_look(store, directory)
        assert sorted(b.kind for b in store.list_backups()) == ["reset"]
    assert found_in(directory) == []
    found = reopen(directory)
    assert found.warnings == []
    assert found.books["totalRequests"] == 60
    with open_store(directory) as store:
        store.restore(store.list_backups()[0].name)
        assert store.get_usage_stats().total_requests == 1080
        assert store.record([secret(1079)]).duplicates == [0], "it is still known as counted"


def test_nothing_is_left_while_others_use_the_store(tmp_path: Path) -> None:
    """Forgetting leaves nothing, also while another store goes on, before either is closed."""
    directory = tmp_path / "data"
    live(directory)
    with open_store(directory) as store, open_store(directory) as other:
        other.record(requests(2000, 3))
        forget_and_look(store, directory)
        other.record(requests(2003, 3))
        assert other.get_usage_stats().total_requests == 66
        image = tmp_path / "image"
        shutil.copytree(directory, image)
    assert found_in(image) == []
    assert found_in(directory) == []
    assert reopen(directory).books["totalRequests"] == 66


def test_nothing_is_left_of_what_a_crash_left(tmp_path: Path) -> None:
    """Forgetting reaches what a killed process left in its WAL as well."""
    directory, image = tmp_path / "data", tmp_path / "image"
    live(directory)
    with open_store(directory) as store:
        store.record(secrets(1080, 700))
        shutil.copytree(directory, image)
    with open_store(image) as store:
        forget_and_look(store, image)
    assert found_in(image) == []


def hear(directory: Path, image: Path) -> None:
    """All that leaves copies of what a queue says; `image` is what a crash leaves of it."""
    with open_store(directory) as store:
        told(store, *attempts(0, 60), unread=[b"%s nobody understands" % SIGN])
        Log(store).says(*lines(0, 30))
        store.clear_request_history()
        told(store, *attempts(60, 60), unread=[SIGN * 50] * 40)
        store.reset_aggregate_stats()
        told(store, *attempts(120, 300))
    rewrite(directory / "history.json")
    with open_store(directory) as store:
        told(store, *attempts(420, 302), unread=[SIGN])
        shutil.copytree(directory, image)


def test_nothing_is_left_of_what_the_queue_said(tmp_path: Path) -> None:
    """After forgetting, no payload is anywhere, understood or not; no number has changed.

    Labels of keys stay where totals by key need them, and nowhere else.
    """
    directory, image = tmp_path / "data", tmp_path / "image"
    hear(directory, image)
    for here in (directory, image):
        with open_store(here) as store:
            queues = store.queues()
            forget_and_look(store, here, at_least=1)
            assert store.queues() == queues
            assert found_in(here) == []
            told(store, attempt(722))  # the second of a request that was forgotten
        assert found_in(here) == []
        assert "history.json" not in {path.name for path in files_with(here, b"XYZ#3f9a1c")}
        assert payloads_in(here) == {}
        assert reopen(here).books["totalRequests"] == 402


def files_with(directory: Path, needle: bytes) -> list[Path]:
    return [p for p in directory.rglob("*") if p.is_file() and needle in p.read_bytes()]
