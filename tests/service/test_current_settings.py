from pathlib import Path

from proxypal.service.current_settings import CurrentSettings
from proxypal.service.settings_file import FILE_NAME


def test_an_edit_is_seen_at_once(tmp_path: Path) -> None:
    """A name given to a key shows without a restart, and goes when the file does."""
    settings = CurrentSettings(tmp_path)
    assert settings().names == {}
    (tmp_path / FILE_NAME).write_text('[names]\n"sk-…0XYZ" = "laptop"\n', encoding="utf-8")
    assert settings().names == {"sk-…0XYZ": "laptop"}
    (tmp_path / FILE_NAME).unlink()
    assert settings().names == {}


def test_an_unchanged_file_is_not_read_again(tmp_path: Path) -> None:
    """Every page asks for the settings; that costs a look at the file, not reading it."""
    (tmp_path / FILE_NAME).write_text('[names]\n"a" = "b"\n', encoding="utf-8")
    settings = CurrentSettings(tmp_path)
    assert settings() is settings()


def test_a_slip_of_the_pen_is_told(tmp_path: Path) -> None:
    """A broken file leaves nothing of the old settings, and a sentence about it."""
    settings = CurrentSettings(tmp_path)
    (tmp_path / FILE_NAME).write_text("[names", encoding="utf-8")
    assert "not TOML" in settings().problems[0]
