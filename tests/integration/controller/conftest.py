"""The sandbox's API server of the generation ``classic``, with the driver's custom resources."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from dra_sandbox.apiserver.server import ApiServer, HttpFront

from tests.integration.controller.controller_process import ControllerProcess
from tests.integration.controller.over_http import OverHttp, install_custom_resources, write_kubeconfig
from tests.property.negotiation.classic_api import DRIVER_NAMESPACE
from tests.property.negotiation.cluster_side import ClusterSide


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Iterator[Path]:
    front = HttpFront(ApiServer(generation="classic"))
    path = tmp_path / "kubeconfig"
    write_kubeconfig(path, front.start())
    yield path
    front.stop()


@pytest.fixture
def side(kubeconfig: Path) -> ClusterSide:
    """Everybody but the driver's controller, with the node ``node-a`` of four GPUs."""
    api = OverHttp(kubeconfig)
    install_custom_resources(api)
    api.make_namespace(DRIVER_NAMESPACE)
    made = ClusterSide(api)
    made.node_comes("node-a")
    return made


@pytest.fixture
def controller(kubeconfig: Path, side: ClusterSide) -> Iterator[ControllerProcess]:  # noqa: ARG001  a node first
    process = ControllerProcess(kubeconfig)
    yield process
    process.end()
