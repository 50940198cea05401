"""Control of the data: Clear History, Reset Analytics, their undo, and imports.

Each makes a backup first and answers with it; `POST /api/restore` with its name undoes it. Must
not enter: asking whether one is sure, which is the page's.
"""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from starlette.responses import Response

from proxypal.clock import offset_of
from proxypal.records.request import shorten
from proxypal.service.fingerprint_key import fingerprint_key
from proxypal.service.import_report import ImportReport
from proxypal.service.importing import Importer
from proxypal.store.values import Backup
from proxypal.web.endpoints import Answer, Call, Endpoint, Parameter
from proxypal.web.http_errors import ErrorBody, ErrorText, error_response
from proxypal.web.json_answers import (
    JSON,
    json_answer,
    media_type_of,
    read_body,
)
from proxypal.web.query_string import Given, given

FILE = "application/octet-stream"

_NAME_CHARS = 100
_IMPORT = (
    Parameter("name", "What the file is called; its contents decide what it is."),
    Parameter("dryRun", "Only say what would be added.", bool),
    Parameter("logZone", "Time zone that a log is written in, such as UTC; else the machine's."),
)


class _Body(msgspec.Struct, kw_only=True, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What is said in a body; a misspelt key must not be an order unheard."""


class ClearGiven(_Body, kw_only=True, frozen=True):
    """With `forget`: leave no copy anywhere, also in older backups; this cannot be undone."""

    forget: bool = False


class ResetGiven(_Body, kw_only=True, frozen=True):
    """Nothing is to be said."""


class RestoreGiven(_Body, kw_only=True, frozen=True):
    """The `name` of a backup, as `GET /api/backups` lists it."""

    name: str


class ClearAnswer(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """`cleared` so many requests are gone from the history. Without a backup there is no undo."""

    cleared: int
    backup: Backup | None


class ResetAnswer(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """`reset` so many requests are gone from the all-time analytics."""

    reset: int
    backup: Backup


class RestoreAnswer(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """What was undone."""

    backup: Backup


class ImportAnswer(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """What became of the file; `backup` undoes it, null where nothing was added."""

    report: ImportReport
    backup: Backup | None


class ImportRefused(ImportAnswer, kw_only=True, frozen=True, rename="camel"):
    """Nothing of the file can be taken; so says the report."""

    error: ErrorText


def clear(call: Call) -> Response:
    """Empty the recent history; the all-time analytics stay."""

    def act(said: ClearGiven) -> ClearAnswer:
        store = call.services.store
        before = store.get_usage_stats(series=False).history_count
        backup = store.clear_request_history(forget=said.forget)
        return ClearAnswer(cleared=before if backup is None else backup.rows, backup=backup)

    return _said(call, ClearGiven, act)


def reset(call: Call) -> Response:
    """Start the all-time analytics anew; the recent history stays."""

    def act(_: ResetGiven) -> ResetAnswer:
        backup = call.services.store.reset_aggregate_stats()
        return ResetAnswer(reset=backup.requests, backup=backup)

    return _said(call, ResetGiven, act)


def restore(call: Call) -> Response:
    """Undo what made a backup, keeping what came after."""

    def act(said: RestoreGiven) -> RestoreAnswer:
        return RestoreAnswer(backup=call.services.store.restore(said.name))

    return _said(call, RestoreGiven, act)


def _said(call: Call, kind: type[Any], act: Callable[[Any], msgspec.Struct]) -> Response:
    given(call, ())
    # A form of another site can post text, but no JSON without being asked first.
    if media_type_of(call) != JSON:
        return error_response(
            call.request, 415, f"Send Content-Type: {JSON}; without options the body is {{}}."
        )
    return json_answer(act(read_body(call, kind)))


def import_file(call: Call) -> Response:
    """Add what an uploaded file holds, or say what that would come to."""
    found = given(call, _IMPORT)
    if media_type_of(call) != FILE:
        return error_response(call.request, 415, f"Send the file as {FILE}.")
    assert call.file is not None  # noqa: S101 - the endpoint takes a file
    report = _imported(call, call.file, found)
    backup = next(
        (one for one in call.services.store.list_backups() if one.name == report.backup), None
    )
    if report.outcome == "refused":
        said = ErrorText(message=f"{report.path} was not imported: {report.reason}.")
        return json_answer(ImportRefused(report=report, backup=backup, error=said), 422)
    return json_answer(ImportAnswer(report=report, backup=backup))


def _imported(call: Call, file: Path, found: Given) -> ImportReport:
    from proxypal.service.pricing import Pricing  # noqa: PLC0415 - the price list, at the first need

    is_preview = found.flag("dryRun")
    store = call.services.store
    log_offset = offset_of(found.one("logZone"))
    prices = Pricing.of(store, store.path)
    if is_preview:  # only looking at a file must not write, not even a price to be remembered
        prices = Pricing(prices.settings, cached=store.cached)
    importer = Importer(
        store,
        log_offset,
        _silent,
        is_preview=is_preview,
        labels=fingerprint_key(store.path).labels,
        prices=prices,
    )
    name = _file_name(found.one("name"))
    with tempfile.TemporaryDirectory(dir=file.parent) as folder:
        named = Path(folder) / name
        named.hardlink_to(file)
        (report,) = importer.run([named])
    return _without(report, f"{folder}/", name)


def _silent(done_bytes: int, total_bytes: int) -> None:
    """Nobody watches the progress."""


def _file_name(said: str | None) -> str:
    """A name that cannot leave its folder and says nothing that a report must not show."""
    last = (said or "").replace("\\", "/").rpartition("/")[2]
    kept = "".join(one if one.isprintable() and one not in '<>:"|?*' else "_" for one in last)
    return shorten(kept.strip(". "), _NAME_CHARS).encode("utf-8", "replace").decode() or "upload"


def _without(report: ImportReport, folder: str, name: str) -> ImportReport:
    """The report without the place the file was put in meanwhile."""

    def cleaned(texts: Sequence[str]) -> list[str]:
        return [text.replace(folder, "") for text in texts]

    return msgspec.structs.replace(
        report, path=name, notes=cleaned(report.notes), skipped=cleaned(report.skipped)
    )


def _endpoint(path: str, summary: str, **more: Any) -> Endpoint:  # noqa: ANN401 - fields of `Endpoint`
    return Endpoint(method="POST", path=path, summary=summary, **more)


ENDPOINTS = (
    _endpoint(
        "/api/history/clear",
        "Clear History: empty the recent requests; the all-time analytics stay.",
        handle=clear,
        body=ClearGiven,
        answers={200: Answer("Cleared; the backup undoes it.", ClearAnswer)},
    ),
    _endpoint(
        "/api/analytics/reset",
        "Reset Analytics: start the totals anew; the recent requests stay.",
        handle=reset,
        body=ResetGiven,
        answers={200: Answer("Reset; the backup undoes it.", ResetAnswer)},
    ),
    _endpoint(
        "/api/restore",
        "Undo a clear, reset, import or re-pricing; what came after is kept.",
        handle=restore,
        body=RestoreGiven,
        answers={
            200: Answer("Undone.", RestoreAnswer),
            404: Answer("There is no such backup.", ErrorBody),
            409: Answer("It was undone before; twice would count it twice.", ErrorBody),
        },
    ),
    _endpoint(
        "/api/import",
        "Import a file: everything `proxypal import` takes; the same twice adds nothing.",
        handle=import_file,
        parameters=_IMPORT,
        takes_file=True,
        answers={
            200: Answer("What was added, or would be.", ImportAnswer),
            409: Answer("Another process kept changing what it overlaps with.", ErrorBody),
            422: Answer("Nothing of the file can be taken.", ImportRefused),
        },
    ),
)
