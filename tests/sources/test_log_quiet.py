from pathlib import Path

from proxypal.sources.log_files import signature_of
from proxypal.sources.log_quiet import Quiet, QuietFiles


def found(path: Path) -> Quiet:
    signature = signature_of(path)
    assert signature is not None
    return Quiet(signature, b"first", 1)


def test_a_file_is_left_alone_after_two_equal_looks(tmp_path: Path) -> None:
    """One look is not enough: a file can change again within its time stamp's resolution."""
    path = tmp_path / "main.log.1"
    path.write_bytes(b"x\n")
    files = QuietFiles()
    assert files.get(path) is None
    assert not files.add(path, found(path), has_read=True)
    assert files.get(path) is None
    assert files.add(path, found(path), has_read=False)
    assert files.get(path) == found(path)


def test_a_changed_file_is_looked_at_again(tmp_path: Path) -> None:
    """Growth, replacement or deletion end the peace."""
    path = tmp_path / "main.log.1"
    path.write_bytes(b"x\n")
    files = QuietFiles()
    for _ in range(3):
        files.add(path, found(path), has_read=False)
    path.write_bytes(b"x\ny\n")
    assert files.get(path) is None
    assert not files.add(path, found(path), has_read=False)
    path.unlink()
    assert files.get(path) is None
