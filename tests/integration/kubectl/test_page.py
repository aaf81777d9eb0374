"""The HTML page in a real browser: what it draws, and what its filter and its buttons do."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner
from dra_kubectl.__main__ import main

ROOT = Path(__file__).parents[3]
CLUSTER = ROOT / "docs" / "offline-planning" / "cluster.json"
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

pytestmark = pytest.mark.skipif(BROWSER is None, reason="there is no Chromium here")


def dom(folder: Path, page: str, then: str = "") -> str:
    """The page's elements after its scripts and ``then`` ran."""
    path = folder / "page.html"
    path.write_text(page.replace("</body>", f"<script>{then}</script></body>"), encoding="utf-8")
    assert BROWSER is not None
    done = subprocess.run(
        [
            BROWSER,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            f"--user-data-dir={folder / 'profile'}",
            "--dump-dom",
            path.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=100,
    )
    body = done.stdout.partition("<body>")[2].partition('<script type="application/json"')[0]
    assert body, done.stderr[-2000:]
    return body


def page(*arguments: str) -> str:
    return CliRunner().invoke(main, [*arguments, "-f", str(CLUSTER), "-o", "html"], catch_exceptions=False).stdout


def states(body: str) -> list[str]:
    return re.findall(r'class="device (\w+)', body)


def test_every_device_is_drawn_in_the_colour_of_its_use(tmp_path: Path) -> None:
    body = dom(tmp_path, page("status"))
    assert states(body) == ["InUse", "InUse", "Free", "InUse", "InUse", "Free"]
    assert body.count("tainted") > 0
    assert "team/waiting fits on none of 3 nodes" in body
    assert "tolerate gpu.example.com/unhealthy=true:NoSchedule in request gpu: node-2 fits" in body


def test_the_filter_keeps_what_matches(tmp_path: Path) -> None:
    typing = (
        "const box = document.getElementById('filter');"
        "box.value = 'run-3'; box.dispatchEvent(new Event('input'));"
        "document.querySelector('.device').click();"
    )
    body = dom(tmp_path, page("status"), typing)
    assert states(body) == ["InUse"]
    assert "claim team/run-3-gpu-abcde, request gpu by run-3" in body.partition('id="detail"')[2]


def test_a_state_can_be_chosen(tmp_path: Path) -> None:
    body = dom(tmp_path, page("explain"), "document.querySelector('.state').click();")
    assert states(body) == ["Free", "Free"]


def test_names_cannot_break_out_of_the_data(tmp_path: Path) -> None:
    evil = "</script><script>document.title='broken'</script>"
    text = CLUSTER.read_text(encoding="utf-8").replace('"run-3"', f'"{evil}"')
    path = tmp_path / "cluster.json"
    path.write_text(text, encoding="utf-8")
    made = CliRunner().invoke(main, ["status", "-f", str(path), "-o", "html"], catch_exceptions=False).stdout
    assert "document.title='broken'</script>" not in made
    assert len(states(dom(tmp_path, made))) == 6
