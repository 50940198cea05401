"""The store as a command opens it: what the store has to say is told as it says it.

Must not enter: what a single command asks of the store.
"""

from pathlib import Path

from proxypal.cli.output import say
from proxypal.store import Store


def opened(data_dir: Path, *, read_only: bool = False) -> Store:
    """The store of `data_dir`; its warnings go to stderr, now and until it is closed.

    Commands that only show something open it for writing all the same: what is damaged is put
    right, what is old is migrated. Where nothing can be written they read what is there.

    Raises:
        StoreError: it cannot be opened.
    """
    return Store(data_dir, read_only=read_only, on_warning=tell_warning)


def tell_warning(warning: str) -> None:
    """Say a warning of the store, from any thread."""
    say(f"proxypal: {warning}")
