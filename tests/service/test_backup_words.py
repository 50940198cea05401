"""Backups in words."""

from typing import get_args

import pytest

from proxypal.service.backup_words import words_of
from proxypal.store.values import Backup, BackupKind


@pytest.mark.parametrize("kind", get_args(BackupKind))
def test_each_kind_says_what_its_undo_does(kind: BackupKind) -> None:
    """Whoever looks at a backup reads what made it, and what comes back with which numbers."""
    backup = Backup(name="x", kind=kind, created_at=0, requests=1_234, rows=1)
    words = words_of(backup)
    assert words.made_by
    assert "1,234 requests" in words.undo or "1 request " in words.undo
    assert words.undo.endswith(".")
