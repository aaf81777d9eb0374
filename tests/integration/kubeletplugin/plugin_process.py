"""The plugin as a process of its own, as a DaemonSet's pod runs it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.integration.kubeletplugin.waiting import DEADLINE_SECONDS
from tests.integration.program_process import ProgramProcess

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


class PluginProcess(ProgramProcess):
    """On a node of these directories."""

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
        super().__init__([*program, *flags], {**inherited, **own, **environment}, DEADLINE_SECONDS)
