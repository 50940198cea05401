import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from proxypal.records.key_labels import KeyLabels
from proxypal.service.fingerprint_key import FILE_NAME, fingerprint_key


def test_it_is_made_once_and_read_ever_after(tmp_path: Path) -> None:
    """A key has one label for as long as the data directory lives."""
    made = fingerprint_key(tmp_path / "new")
    assert made.warning is None
    assert len(made.secret) == 32
    assert fingerprint_key(tmp_path / "new") == made
    assert fingerprint_key(tmp_path / "other").secret != made.secret
    assert made.labels.api_key("abc") == KeyLabels(made.secret).api_key("abc")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    """Nobody else on the machine can try keys against labels."""
    fingerprint_key(tmp_path)
    assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o600


def test_threads_that_start_together_agree(tmp_path: Path) -> None:
    """Two watchers started at once give a key the same label."""
    start = threading.Barrier(8)
    found = []

    def read() -> None:
        start.wait()
        found.append(fingerprint_key(tmp_path))

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({key.secret for key in found}) == 1
    assert {key.warning for key in found} == {None}


def test_processes_that_start_together_agree(tmp_path: Path) -> None:
    """So do two processes, also over a file that only half was written of."""
    (tmp_path / FILE_NAME).write_bytes(b"0123")
    program = (
        "import sys; from pathlib import Path\n"
        "from proxypal.service.fingerprint_key import fingerprint_key\n"
        "sys.stdin.read(1); print(fingerprint_key(Path(sys.argv[1])).secret.hex())"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in running:
        assert process.stdin is not None
        process.stdin.write("x")
        process.stdin.flush()
    assert len({process.communicate()[0] for process in running}) == 1


@pytest.mark.parametrize("content", [b"", b"0123", b"x" * 64, b"\xff" * 64, b"ab" * 32 + b"more"])
def test_a_damaged_file_is_made_anew_and_said(tmp_path: Path, content: bytes) -> None:
    """Labels that change do not change in silence."""
    (tmp_path / FILE_NAME).write_bytes(content)
    made = fingerprint_key(tmp_path)
    assert made.warning is not None
    assert FILE_NAME in made.warning
    assert fingerprint_key(tmp_path) == (made.secret, None)


def test_without_a_place_to_write_it_lives_in_memory(tmp_path: Path) -> None:
    """Recording goes on where no file can be made, and the user is told what that means."""
    (tmp_path / "file").write_bytes(b"")
    held = fingerprint_key(tmp_path / "file")
    assert len(held.secret) == 32
    assert held.warning is not None
    assert "other labels" in held.warning
    assert str(tmp_path) in held.warning
    (tmp_path / FILE_NAME).mkdir()
    assert fingerprint_key(tmp_path).warning is not None
