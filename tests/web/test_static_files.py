from pathlib import Path

from proxypal.web.app import STATIC
from web_running import running_server


def test_a_style_sheet_is_asked_for_again_and_not_sent_again(tmp_path: Path) -> None:
    """A browser keeps our files, and after an update it has the new ones at once."""
    with running_server(tmp_path) as server:
        first = server.get("/static/plain.css")
        assert (first.status, first.headers["cache-control"]) == (200, "no-cache")
        assert first.headers["content-type"].startswith("text/css")
        assert first.body == (STATIC / "plain.css").read_bytes()
        again = server.get("/static/plain.css", {"If-None-Match": first.headers["etag"]})
        assert (again.status, again.body) == (304, b"")


def test_only_files_of_ours_are_sent(tmp_path: Path) -> None:
    """Neither directories nor anything beside the folder can be read."""
    with running_server(tmp_path) as server:
        for path in ("", "/", "/..", "/../app.py", "/%2e%2e/app.py", "/%00", "/" + "a" * 5000):
            assert server.get(f"/static{path}").status == 404
        assert server.post("/static/plain.css", {}).status == 405


def test_scripts_have_a_type_browsers_run(tmp_path: Path) -> None:
    """With `nosniff` a module of another type than JavaScript would not run, on any system."""
    scripts = sorted(path.name for path in STATIC.glob("*.js"))
    with running_server(tmp_path) as server:
        for name in scripts:
            found = server.get(f"/static/{name}")
            assert found.headers["content-type"].startswith("text/javascript")
