"""A node with its directories, an API server, a kubelet, and plugins as processes."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import pytest

from tests.integration.kubeletplugin.kubelet_side import KubeletSide
from tests.integration.kubeletplugin.little_api import LittleApi
from tests.integration.kubeletplugin.plugin_process import NodeDirectories, PluginProcess


class StartPlugin(Protocol):
    def __call__(
        self,
        *flags: str,
        environment: Mapping[str, str] = ...,
        kubeconfig: Path | None = ...,
        program: Sequence[str] = ...,
    ) -> PluginProcess: ...


@pytest.fixture
def node() -> Iterator[NodeDirectories]:
    # pytest's own temporary directories have names that are too long for sockets.
    root = Path(tempfile.mkdtemp(prefix="dra-"))
    yield NodeDirectories(root)
    shutil.rmtree(root)


@pytest.fixture
def api() -> Iterator[LittleApi]:
    with LittleApi() as server:
        yield server


@pytest.fixture
def kubelet(node: NodeDirectories) -> Iterator[KubeletSide]:
    with KubeletSide(node.registry) as side:
        yield side


@pytest.fixture
def start(node: NodeDirectories, api: LittleApi) -> Iterator[StartPlugin]:
    """Starts plugins; whatever is left of them is ended."""
    processes: list[PluginProcess] = []

    def start_plugin(
        *flags: str,
        environment: Mapping[str, str] = {},
        kubeconfig: Path | None = None,
        program: Sequence[str] = ("-m", "dra_kubeletplugin"),
    ) -> PluginProcess:
        access = kubeconfig or api.kubeconfig(node.root / "kubeconfig")
        processes.append(PluginProcess(node, access, flags, environment, program))
        return processes[-1]

    yield start_plugin
    for process in processes:
        process.end()


@pytest.fixture
def plugin(start: StartPlugin, kubelet: KubeletSide) -> PluginProcess:
    """A plugin that is registered."""
    process = start()
    kubelet.wait_for_plugin()
    return process
