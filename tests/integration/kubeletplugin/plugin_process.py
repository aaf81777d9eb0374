"""The plugin as a process of its own, as a DaemonSet's pod runs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from dra_core.snapshot.json_value import Json, JsonObject, text_at

from tests.integration.kubeletplugin.waiting import DEADLINE_SECONDS

DRIVER = "gpu.example.com"
NODE = "node-1"


class NodeDirectories:
    """A node's directories below one with a short name: paths of sockets may have 107 bytes."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.registry = root / "plugins_registry"
        self.plugins = root / "plugins"
        self.cdi = root / "cdi"
        for directory in (self.registry, self.plugins, self.cdi):
            directory.mkdir()

    def data(self, driver: str = DRIVER) -> Path:
        return self.plugins / driver

    @property
    def checkpoint(self) -> Path:
        return self.data() / "checkpoint.json"

    def cdi_files(self) -> set[str]:
        """Names of CDI files of claims."""
        return {path.name for path in self.cdi.iterdir() if not path.name.endswith("_common.json")}

    def sockets(self) -> set[Path]:
        return {path for path in self.root.rglob("*") if path.is_socket()}


class PluginProcess:
    """Starts it; ``stop`` or ``kill`` ends it. Its log is read all the time."""

    def __init__(
        self,
        node: NodeDirectories,
        kubeconfig: Path,
        flags: Sequence[str] = (),
        environment: Mapping[str, str] = {},
        program: Sequence[str] = ("-m", "dra_kubeletplugin"),
    ) -> None:
        own = {
            "NODE_NAME": NODE,
            "KUBECONFIG": str(kubeconfig),
            "CDI_ROOT": str(node.cdi),
            "KUBELET_REGISTRAR_DIRECTORY_PATH": str(node.registry),
            "KUBELET_PLUGINS_DIRECTORY_PATH": str(node.plugins),
        }
        # What this process tells its own gRPC is not for the plugin.
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("GRPC_")}
        self._process = subprocess.Popen(
            [sys.executable, *program, *flags],
            env={**inherited, **own, **environment},
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: list[str] = []
        self._news = threading.Condition()
        self._ended = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def events(self, event: str) -> list[JsonObject]:
        """The log's lines of this kind."""
        with self._news:
            lines = list(self.lines)
        found = [value for value in map(_object, lines) if text_at(value, "event") == event]
        return [value for value in found if isinstance(value, Mapping)]

    def wait_for(self, event: str, count: int = 1) -> JsonObject:
        """The log's line of this kind, or the ``count``-th of them; fails when the process ends before."""
        with self._news:
            there = self._news.wait_for(lambda: self.log_count(event) >= count or self._ended, DEADLINE_SECONDS)
        found = self.events(event)
        assert there and len(found) >= count, f"no {event!r} ({count}) in the log: {self.lines}"  # noqa: PT018  one message for both
        return found[count - 1]

    def log_count(self, event: str) -> int:
        return sum(text_at(_object(line), "event") == event for line in self.lines)

    def port(self, event: str) -> int:
        """The port that the log tells."""
        port = self.wait_for(event)["port"]
        assert isinstance(port, int)
        return port

    def stop(self) -> int:
        """As a pod is stopped; its exit code."""
        self.signal(signal.SIGTERM)
        return self.wait()

    def kill(self) -> None:
        self._process.kill()
        self.wait()

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def wait(self) -> int:
        """Until it ends; its exit code."""
        code = self._process.wait(DEADLINE_SECONDS)
        self._reader.join(DEADLINE_SECONDS)
        return code

    def end(self) -> None:
        """Whatever state it is in."""
        if self._process.poll() is None:
            self._process.kill()
        self.wait()
        assert self._process.stderr is not None
        self._process.stderr.close()

    def _read(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            with self._news:
                self.lines.append(line.rstrip("\n"))
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()


def _object(line: str) -> Json:
    try:
        value: Json = json.loads(line)
    except ValueError:
        return None
    return value
