"""An API server of its own for each test, which a second run finds empty too, and the real kubectl in front of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from dra_core.snapshot.json_value import JsonObject
from dra_sandbox.apiserver.server import ApiServer, HttpFront

PATIENCE = 100
"""Seconds for one kubectl; a loaded machine takes long for anything."""
KUBECTL = os.environ.get("KUBECTL") or shutil.which("kubectl") or ""
"""The one on PATH, or the one that the variable names: kubectl of any version."""


class Kubectl:
    """kubectl with a configuration, a home and a cache of its own."""

    def __init__(self, url: str, home: Path) -> None:
        self.home = home
        config: JsonObject = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "sandbox", "cluster": {"server": url}}],
            "users": [{"name": "admin", "user": {}}],
            "contexts": [{"name": "sandbox", "context": {"cluster": "sandbox", "user": "admin"}}],
            "current-context": "sandbox",
        }
        (home / "config").write_text(yaml.safe_dump(config))
        self.environment = {**os.environ, "HOME": str(home), "KUBECONFIG": str(home / "config")}

    def run(self, *arguments: str, given: JsonObject | str = "") -> subprocess.CompletedProcess[str]:
        text = given if isinstance(given, str) else yaml.safe_dump(given)
        return subprocess.run(
            [KUBECTL, *arguments], env=self.environment, input=text, capture_output=True, text=True, timeout=PATIENCE
        )

    def __call__(self, *arguments: str, given: JsonObject | str = "") -> str:
        """What kubectl prints; it must succeed."""
        done = self.run(*arguments, given=given)
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout

    def fails(self, *arguments: str, given: JsonObject | str = "") -> str:
        """What kubectl says when it fails; it must fail."""
        done = self.run(*arguments, given=given)
        assert done.returncode != 0, f"kubectl {' '.join(arguments)} succeeded: {done.stdout}"
        return done.stderr

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """A kubectl that goes on running; whoever starts it ends it."""
        return subprocess.Popen([KUBECTL, *arguments], env=self.environment, stdout=subprocess.PIPE, text=True)


@pytest.fixture
def server() -> ApiServer:
    return ApiServer()


@pytest.fixture
def url(server: ApiServer) -> Iterator[str]:
    front = HttpFront(server)
    yield front.start()
    front.stop()


@pytest.fixture
def kubectl(url: str) -> Iterator[Kubectl]:
    if not KUBECTL:
        pytest.skip("there is no kubectl on PATH")
    with tempfile.TemporaryDirectory() as home:
        yield Kubectl(url, Path(home))
