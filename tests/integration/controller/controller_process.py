"""The controller as a process of its own, as a Deployment's pod runs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from dra_core.snapshot.json_value import JsonObject, text_at

from tests.integration.controller.over_http import DEADLINE_SECONDS
from tests.property.negotiation.classic_api import DRIVER_NAMESPACE


class ControllerProcess:
    """Starts it; ``stop`` or ``kill`` ends it. Its log is read all the time."""

    def __init__(self, kubeconfig: Path, flags: Sequence[str] = ()) -> None:
        own = {"NAMESPACE": DRIVER_NAMESPACE, "KUBECONFIG": str(kubeconfig), "HTTP_PORT": "0"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "dra_controller", *flags],
            env={**os.environ, **own},
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: list[str] = []
        self._news = threading.Condition()
        self._ended = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_for(self, event: str) -> JsonObject:
        """The log's first line of this kind; fails when the process ends before."""
        with self._news:
            there = self._news.wait_for(lambda: bool(self._events(event)) or self._ended, DEADLINE_SECONDS)
            found = self._events(event)
        assert there, f"no {event!r} in the log: {self.lines}"
        assert found, f"no {event!r} in the log: {self.lines}"
        return found[0]

    def ask(self, path: str) -> tuple[int, str]:
        """An answer of its HTTP port."""
        port = self.wait_for("probes and metrics are served")["port"]
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=DEADLINE_SECONDS) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            with refused:  # Python 3.14 warns of one that is left open
                return refused.code, refused.read().decode()

    def stop(self) -> int:
        """As a pod is stopped; its exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self._wait()

    def wait(self) -> int:
        """Until it ends by itself; its exit code."""
        return self._wait()

    def kill(self) -> None:
        """As a node is lost."""
        self._process.kill()
        self._wait()

    def end(self) -> None:
        """Whatever state it is in."""
        if self._process.poll() is None:
            self._process.kill()
        self._wait()
        assert self._process.stderr is not None
        self._process.stderr.close()

    def _wait(self) -> int:
        code = self._process.wait(DEADLINE_SECONDS)
        self._reader.join(DEADLINE_SECONDS)
        return code

    def _events(self, event: str) -> list[JsonObject]:
        found: list[JsonObject] = [json.loads(line) for line in self.lines if line.startswith("{")]
        return [value for value in found if text_at(value, "event") == event]

    def _read(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            with self._news:
                self.lines.append(line.rstrip())
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()
