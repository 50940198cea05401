"""Where requests are kept. This package alone knows SQLite and the data files.

The law of the store:

    A recorded request is in the all-time analytics exactly once and in the recent history until
    500 newer ones have come, whatever the moment of a crash, however many processes record at
    once. Lose any one file and no number changes: a lost or foreign `history.json` or
    `aggregate.json` is published again from the database; a lost or damaged database is rebuilt
    from the two files (at most the last second of requests, and it says so).
"""

from proxypal.store.local import Store
from proxypal.store.protocol import RequestStore

__all__ = ["RequestStore", "Store"]
