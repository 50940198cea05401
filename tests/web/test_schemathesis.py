"""The API against its own description, by schemathesis: data as described, and data that is not.

Every call is asked with what the document allows and with what it forbids; each answer must have
a status, a media type and a body that the document tells of, and what is forbidden is refused.
"""

import os
import subprocess
import sys
from pathlib import Path

from builders import a_request
from programs import python_path
from web_running import running_server

HERE = Path(__file__).parent
CONFIG = HERE.parent / "data" / "schemathesis.toml"


def test_schemathesis_finds_nothing(tmp_path: Path) -> None:
    """Whatever is sent, the answer is one that the OpenAPI document tells of."""
    with running_server(tmp_path / "data", requests=[a_request(id="one")]) as server:
        found = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG)),
                *("run", f"{server.url}/api/openapi.json"),
                # A stream does not end; tests/web/test_events.py reads it.
                *("--exclude-path", "/api/events", "--warnings", "off"),
            ],
            cwd=tmp_path,
            env={
                **os.environ,
                "PYTHONPATH": python_path(HERE),
                "SCHEMATHESIS_HOOKS": "schemathesis_recording",
            },
            capture_output=True,
            text=True,
            check=False,
        )
    assert found.returncode == 0, found.stdout + found.stderr
