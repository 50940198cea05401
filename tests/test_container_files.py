"""The container: its files are right, and what it runs runs without rights."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml  # type: ignore[import-untyped]  # it ships no types

from proxypal.cli.commands.serve import command as serve
from running import PROGRAM, environment

ROOT = Path(__file__).parents[1]
UNPRIVILEGED = 65_534


def instructions() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile, in order."""
    lines = [line.strip() for line in (ROOT / "Dockerfile").read_text().splitlines()]
    told = [line.partition(" ") for line in lines if line and not line.startswith("#")]
    return [(name, rest.strip()) for name, _, rest in told]


def last(name: str) -> str:
    """What the last instruction of a name says: it is the one that counts."""
    return [rest for found, rest in instructions() if found == name][-1]


def parsed(words: list[str]) -> click.Context:
    """The options of a `proxypal serve ...`, as the program itself reads them."""
    assert words[0] == "serve"
    return serve.make_context("serve", words[1:])


def compose() -> Any:
    return yaml.safe_load((ROOT / "compose.example.yaml").read_text())


def test_the_image_is_made_of_instructions_that_exist() -> None:
    """Every line is an instruction, and files that are copied are there and not left out."""
    known = {"FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "VOLUME", "EXPOSE", "STOPSIGNAL"}
    known |= {"HEALTHCHECK", "ENTRYPOINT", "CMD"}
    assert {name for name, _ in instructions()} <= known
    taken = (ROOT / ".dockerignore").read_text().splitlines()
    for name, rest in instructions():
        if name == "COPY" and not rest.startswith("--from"):
            for source in rest.split()[:-1]:
                assert (ROOT / source).exists()
                assert f"!{source.removeprefix('./')}" in taken


def test_the_image_runs_as_nobody_with_its_data_in_a_volume() -> None:
    """No root, one volume that is the data directory, and the program's own options."""
    user, _, group = last("USER").partition(":")
    assert int(user) > 0 < int(group)
    assert last("VOLUME") == "/data"
    assert "PROXYPAL_HOME=/data" in last("ENV").split()
    assert json.loads(last("ENTRYPOINT")) == ["proxypal"]
    context = parsed(json.loads(last("CMD")))
    assert context.params["host"] == "0.0.0.0"
    assert str(context.params["port"]) == last("EXPOSE")


def test_the_compose_example_fits_the_program_and_the_image() -> None:
    """Its command is understood, its secret is a file, and what it mounts and names is declared."""
    file = compose()
    ours, proxy = file["services"]["proxypal"], file["services"]["cli-proxy-api"]
    context = parsed(ours["command"])
    (secret,) = ours["secrets"]
    assert str(context.params["key_file"]) == f"/run/secrets/{secret}"
    assert set(file["secrets"][secret]) == {"file"}
    assert context.params["url"] == "http://cli-proxy-api:8317"
    assert context.params["remote_log"]
    assert f"127.0.0.1:{last('EXPOSE')}:{last('EXPOSE')}" in ours["ports"]
    volumes = [one.partition(":")[0] for one in [*ours["volumes"], *proxy["volumes"]]]
    assert {one for one in volumes if "/" not in one} == set(file["volumes"])
    assert f"proxypal-data:{last('VOLUME')}" in ours["volumes"]


@pytest.fixture
def running() -> Iterator[tuple["subprocess.Popen[str]", str, Path]]:
    """What the image runs, without a container: as a user without rights, at a free port."""
    command = [*PROGRAM, *json.loads(last("CMD")), "--port=0"]
    with tempfile.TemporaryDirectory() as folder:  # where everybody may pass, unlike tmp_path
        data = Path(folder)
        if os.geteuid() == 0:
            setpriv = shutil.which("setpriv")
            if setpriv is None:
                pytest.skip("root, and nothing to give its rights away with")
            user = f"--reuid={UNPRIVILEGED}", f"--regid={UNPRIVILEGED}", "--clear-groups"
            command = [setpriv, *user, *command]
            os.chown(data, UNPRIVILEGED, UNPRIVILEGED)
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(data, PROXYPAL_HOME=folder),
            cwd="/",
        )
        assert process.stdout is not None
        yield process, process.stdout.readline().strip(), data
        process.kill()
        process.communicate(timeout=20)


def test_what_the_image_runs_is_healthy_and_wants_a_token(
    running: tuple["subprocess.Popen[str]", str, Path],
) -> None:
    """The health check passes, data is for who shows the token of the volume, SIGTERM ends it."""
    process, url, data = running
    assert url.startswith("http://127.0.0.1:"), process.communicate(timeout=20)
    check = json.loads(last("HEALTHCHECK").partition("CMD ")[2])
    code = check[2].replace(f"http://127.0.0.1:{last('EXPOSE')}", url)
    assert code != check[2]
    healthy = subprocess.run([sys.executable, *check[1:2], code], timeout=20, check=False)
    assert healthy.returncode == 0
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{url}/api/stats", timeout=10)
    refused.value.close()
    assert refused.value.code == 401
    token = (data / "access.token").read_text().strip()
    asked = urllib.request.Request(f"{url}/api/stats", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(asked, timeout=10) as answer:
        assert answer.status == 200
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
