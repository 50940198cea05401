"""The store as a command opens it: what the store has to say is told as it says it.

Must not enter: what a single command asks of the store.
"""

import os
from pathlib import Path

from proxypal.cli.output import say
from proxypal.store import Store


def opened(data_dir: Path) -> Store:
    """The store of `data_dir`; its warnings go to stderr, now and until it is closed.

    Raises:
        StoreError: it cannot be opened.
    """
    return Store(data_dir, on_warning=tell_warning)


def opened_to_read(data_dir: Path) -> Store:
    """The same for a command that only shows something.

    It is opened for writing all the same if it can be: what is damaged is put right, what is old
    is migrated. Where nothing can be written, what is there is read.

    Raises:
        StoreError: it cannot be opened.
    """
    is_sealed = data_dir.is_dir() and not os.access(data_dir, os.W_OK)
    return Store(data_dir, read_only=is_sealed, on_warning=tell_warning)


def tell_warning(warning: str) -> None:
    """Say a warning of the store, from any thread."""
    say(f"proxypal: {warning}")
