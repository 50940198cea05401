"""`Store`: the local implementation of `RequestStore`, over one data directory."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

import msgspec

from proxypal.clock import Clock, now_ms, offset_of
from proxypal.data_directory import data_directory, original_directory
from proxypal.errors import CannotWrite, StorageFull, StoreError, WrongUsage
from proxypal.records.imported import ImportedFacts, Recognition
from proxypal.records.request import RequestLog
from proxypal.store import actions, leases, revising, sourcing
from proxypal.store.answering import Answers
from proxypal.store.engine import Engine
from proxypal.store.holding import Intake, PriceRequests
from proxypal.store.recording import trim_history
from proxypal.store.recovery import Opener
from proxypal.store.state import Change, write_progress, write_state
from proxypal.store.undoing import undo
from proxypal.store.values import (
    Backup,
    Finding,
    QueueBatch,
    QueueOutcome,
    Recorded,
    SourceBatch,
    SourceOutcome,
    StoreSettings,
)

if TYPE_CHECKING:  # they are needed by a re-pricing only, and cost every start
    from proxypal.records.repriced import Priceable, Repricing

T = TypeVar("T")


class Store(Answers):
    """The split store: `proxypal.db`, published as `history.json` and `aggregate.json`.

    Opening creates, migrates, rebuilds or publishes again whatever is needed; `warnings` says in
    sentences what was found. On a directory that cannot be written, what is there can be read
    and `record` holds requests in memory until it can.

    Args:
        path: the data directory; None for the user's own (`PROXYPAL_HOME`, ~/.config/proxypal).
        zone: IANA zone of the day and hour labels from now on; None keeps the store's setting,
            which is the machine's zone unless it was set.
        history_limit: how many recent requests to keep; None keeps the store's setting (500).
        read_only: never write anything, not even a missing file.
        legacy: a directory whose old files are migrated if `path` holds nothing; None for the
            original app's own on macOS when `path` is the user's own, otherwise nothing.
        clock: Unix milliseconds.
        on_warning: told each new warning as it arises, from any thread.

    Raises:
        CannotWrite, StorageFull: nothing could be opened, not even for reading.
        NewerDatabase: the store was made by a later proxypal.
    """

    def __init__(  # noqa: PLR0913 - all but the path are keywords with defaults
        self,
        path: Path | str | None = None,
        *,
        zone: str | None = None,
        history_limit: int | None = None,
        read_only: bool = False,
        legacy: Path | None = None,
        clock: Clock = now_ms,
        on_warning: Callable[[str], None] | None = None,
    ) -> None:
        self.path = data_directory() if path is None else Path(path)
        self.warnings: list[str] = []
        self._tell = on_warning
        self._token = os.urandom(4).hex()
        settings = StoreSettings(zone=zone, history_limit=history_limit or 500)
        if legacy is None and self.path == data_directory():
            legacy = original_directory()
        opener = Opener(self.path, settings, clock, legacy)
        self._engine = self._open(opener, clock, read_only=read_only)
        self._intake = Intake(self._engine, clock, self._warn)
        if not self._engine.read_only:
            try:
                self.configure(zone=zone, history_limit=history_limit)
            except BaseException:
                self._engine.close()
                raise

    def _open(self, opener: Opener, clock: Clock, *, read_only: bool) -> Engine:
        if read_only:
            return Engine(opener, clock, self._warn, read_only=True)
        try:
            return Engine(opener, clock, self._warn)
        except (CannotWrite, StorageFull) as error:
            try:
                engine = Engine(opener, clock, self._warn, read_only=True)
            except CannotWrite:
                raise error from None  # it knows why no store can be made there
            engine.trouble = error
            self._warn(f"{error} Reading what is there; new requests are held in memory.")
            return engine

    def _warn(self, warning: str) -> None:
        self.warnings.append(warning)
        if self._tell is not None:
            self._tell(warning)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # -- recording

    def record(self, requests: Iterable[RequestLog]) -> Recorded:
        """See `RequestStore.record`.

        Raises:
            StorageFull, CannotWrite: not writable, and the memory bound is reached; nothing of
                this batch was kept.
            StoreBusy: another process held the database too long; nothing was kept.
        """
        return self._intake.record(requests)

    def price_with(self, price: PriceRequests | None) -> None:
        """Give pushed requests that have tokens and no cost their price from now on.

        `Pricing.of(store, store.path).price_requests` knows the prices of most models; without
        it such requests are counted as unpriced.
        """
        self._intake.price = price

    @property
    def held(self) -> int:
        """How many pushed requests wait in memory for the disk; they are not durable yet."""
        return self._intake.held

    @property
    def write_trouble(self) -> StoreError | None:
        """Why nothing can be written now, as far as was tried; None if it can."""
        return self._intake.trouble

    def record_batch(self, batch: SourceBatch) -> SourceOutcome:
        """See `RequestStore.record_batch`."""
        return self._intake.record_batch(batch)

    def record_attempts(self, batch: QueueBatch) -> QueueOutcome:
        """See `RequestStore.record_attempts`."""
        return self._intake.record_attempts(batch)

    def keep_cached(self, name: str, body: bytes) -> None:
        """See `RequestStore.keep_cached`."""

        def act(change: Change) -> None:
            change.connection.execute("INSERT OR REPLACE INTO caches VALUES (?, ?)", (name, body))

        self._engine.write(act, changes_facts=False)

    def revise(self, request_id: str, changes: Mapping[str, Any]) -> bool:
        """See `RequestStore.revise`."""

        def act(change: Change) -> bool:
            found = revising.revise(change, self._engine.recording, request_id, changes)
            change.state.sequence += 1
            write_progress(change.connection, change.state)
            return found

        return self._engine.write(act)

    # -- sources

    def acquire_lease(self, source: str, duration_ms: int) -> bool:
        """See `RequestStore.acquire_lease`."""
        return self._engine.write(
            lambda change: leases.acquire(
                change.connection, source, self._owner(), duration_ms, change.now_ms
            ),
            changes_facts=False,
        )

    def _owner(self) -> str:
        return leases.owner_name(os.getpid(), self._token)

    def release_lease(self, source: str) -> None:
        """See `RequestStore.release_lease`."""
        self._engine.write(
            lambda change: leases.release(change.connection, source, self._owner()),
            changes_facts=False,
        )

    # -- control

    def configure(
        self,
        *,
        zone: str | None = None,
        history_limit: int | None = None,
        breakdown_months: int | None = None,
    ) -> None:
        """Change settings of the data; None leaves one as it is. Labels already given stay.

        `breakdown_months` is how many whole months before this one keep their breakdown, 0 for
        all; older ones are dropped, a backup each time.

        Raises:
            WrongUsage: no such zone, or a negative number.
        """
        if history_limit is not None and history_limit < 0:
            raise WrongUsage(f"A history of {history_limit} requests cannot be; 0 keeps none.")
        if breakdown_months is not None and breakdown_months < 0:
            raise WrongUsage(f"{breakdown_months} months cannot be kept; 0 keeps all.")
        wanted = {"zone": zone, "history_limit": history_limit}
        changes: dict[str, Any] = {n: value for n, value in wanted.items() if value is not None}
        if breakdown_months is not None:
            changes["breakdown_months"] = breakdown_months or None
        current = self.settings()
        if all(getattr(current, name) == value for name, value in changes.items()):
            return

        offset_of(zone)  # an unknown zone is refused before anything changes

        def act(change: Change) -> None:
            before = change.state.settings
            change.state.settings = msgspec.structs.replace(before, **changes)
            # Rows beyond the old limit are let go lazily; a larger one must not show them again.
            limit = min(before.history_limit, change.state.settings.history_limit)
            trim_history(change.connection, limit)
            change.state.sequence += 1
            write_state(change.connection, change.state)

        self._engine.write(act)
        self._engine.use_zone(self.settings().zone)
        if breakdown_months:
            self._engine.breakdown.now()

    def clear_request_history(self, *, forget: bool = False) -> Backup | None:
        """See `RequestStore.clear_request_history`. None if there was nothing to put aside."""
        if forget:
            from proxypal.store import forgetting  # noqa: PLC0415 - rarely needed

            self._published(forgetting.forget_rows)
            forgetting.scrub(self._engine)
            return None
        return self._published(actions.clear_history)

    def reset_aggregate_stats(self) -> Backup:
        """See `RequestStore.reset_aggregate_stats`."""
        return self._published(actions.reset_totals)

    def import_facts(
        self, facts: ImportedFacts, *, fingerprint: str, note: str = "", parts: Sequence[str] = ()
    ) -> Backup | None:
        """See `RequestStore.import_facts`."""
        imported = actions.Import(facts, "import", fingerprint, note, parts=parts)
        return self._published(lambda change: actions.import_facts(change, imported))

    def drop_breakdown(self, months: Sequence[str]) -> Backup:
        """See `RequestStore.drop_breakdown`."""
        from proxypal.store.dropping import drop_months  # noqa: PLC0415 - rarely needed

        return self._published(lambda change: drop_months(change, months))

    def restore(self, name: str) -> Backup:
        """See `RequestStore.restore`."""
        return self._published(lambda change: undo(change, name))

    def priceable(self) -> "Priceable":
        """See `RequestStore.priceable`."""
        from proxypal.store.repricing import read_priceable  # noqa: PLC0415 - rarely needed

        return self._engine.read(lambda c: read_priceable(c, self._engine.recording.hours))

    def reprice(self, repricing: "Repricing", note: str = "") -> Backup | None:
        """See `RequestStore.reprice`."""
        from proxypal.store.repricing import reprice  # noqa: PLC0415 - rarely needed

        hours = self._engine.recording.hours
        return self._published(lambda change: reprice(change, hours, repricing, note))

    def _published(self, act: Callable[[Change], T]) -> T:
        """Act, let outdated backups go, publish, and only then say that it is done."""

        def act_and_prune(change: Change) -> T:
            result = act(change)
            sourcing.prune_backups(change)
            return result

        result = self._engine.write(act_and_prune)
        try:
            self._engine.publish()
        except (StorageFull, CannotWrite) as error:
            # The change itself is durable; the files follow when they can be written.
            self._warn(str(error))
        self._engine.breakdown.now()
        return result

    # -- care

    def check(self, *, repair: bool = False) -> Sequence[Finding]:
        """See `RequestStore.check`."""
        from proxypal.store.checking import check_store  # noqa: PLC0415 - `doctor` only

        return check_store(self._engine, repair=repair)

    def publish(self) -> None:
        """See `RequestStore.publish`."""
        self._engine.publish()

    def close(self) -> None:
        """Publish what is unpublished and release everything. Idempotent.

        Raises:
            StorageFull, CannotWrite: requests held in memory could not be written; they are lost
                with this process, and counted in the message.
        """
        self._intake.close()

    def recognition(self) -> Recognition:
        """See `RequestStore.recognition`."""
        from proxypal.store.recognising import StoreRecognition  # noqa: PLC0415 - imports only

        return StoreRecognition(self._engine)
