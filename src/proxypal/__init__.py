"""Never forgets and never miscounts what passes your LLM proxy.

    from proxypal import RequestLog, Store

    with Store() as store:
        store.record([RequestLog(model="gpt-5", path="/v1/responses", status=200)])
        print(store.get_usage_stats().total_requests)

Everything in `__all__` is public. Names are imported when they are first used, so that
`import proxypal` costs nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from proxypal.data_directory import get_aggregate_path, get_history_path
    from proxypal.errors import (
        AlreadyUndone,
        BackupNotFound,
        CannotWrite,
        DamagedDatabase,
        NewerDatabase,
        ProxypalError,
        StorageFull,
        StoreBusy,
        StoreClosed,
        StoreError,
    )
    from proxypal.records.aggregate import (
        Aggregate,
        CostPoint,
        ModelStats,
        ModelUsage,
        ProviderUsage,
        RequestHistory,
        TimeSeriesPoint,
        UsageStats,
    )
    from proxypal.records.counters import Counters
    from proxypal.records.request import RequestLog
    from proxypal.records.usage_answer import Answer
    from proxypal.records.usage_query import QueryWords
    from proxypal.service.pricing import Pricing
    from proxypal.store import Store
    from proxypal.store.protocol import RequestStore
    from proxypal.store.values import Backup, Finding, Recorded, Rejection, UsageRow

__version__ = "0.1.0"

_HOMES: dict[str, tuple[str, ...]] = {
    "proxypal.data_directory": ("get_aggregate_path", "get_history_path"),
    "proxypal.errors": (
        "AlreadyUndone",
        "BackupNotFound",
        "CannotWrite",
        "DamagedDatabase",
        "NewerDatabase",
        "ProxypalError",
        "StorageFull",
        "StoreBusy",
        "StoreClosed",
        "StoreError",
    ),
    "proxypal.records.aggregate": (
        "Aggregate",
        "CostPoint",
        "ModelStats",
        "ModelUsage",
        "ProviderUsage",
        "RequestHistory",
        "TimeSeriesPoint",
        "UsageStats",
    ),
    "proxypal.records.counters": ("Counters",),
    "proxypal.records.request": ("RequestLog",),
    "proxypal.records.usage_answer": ("Answer",),
    "proxypal.records.usage_query": ("QueryWords",),
    "proxypal.service.pricing": ("Pricing",),
    "proxypal.store": ("Store",),
    "proxypal.store.protocol": ("RequestStore",),
    "proxypal.store.values": ("Backup", "Finding", "Recorded", "Rejection", "UsageRow"),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [  # noqa: RUF022 - in the order one meets them
    "Store",
    "RequestStore",
    "RequestLog",
    "RequestHistory",
    "Aggregate",
    "UsageStats",
    "ModelStats",
    "ModelUsage",
    "ProviderUsage",
    "TimeSeriesPoint",
    "CostPoint",
    "Recorded",
    "Rejection",
    "Backup",
    "Finding",
    "QueryWords",
    "Answer",
    "UsageRow",
    "Counters",
    "Pricing",
    "get_history_path",
    "get_aggregate_path",
    "ProxypalError",
    "StoreError",
    "StoreBusy",
    "StorageFull",
    "CannotWrite",
    "DamagedDatabase",
    "NewerDatabase",
    "StoreClosed",
    "BackupNotFound",
    "AlreadyUndone",
    "__version__",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module's attribute can be anything
    module = _HOME_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(module), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
