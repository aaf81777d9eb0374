"""``python -m dra_kubeletplugin.classic``: the plugin on Kubernetes 1.30."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

os.environ.setdefault("GRPC_VERBOSITY", "ERROR")  # before gRPC is loaded: its notes are not this program's log

import click
from dra_apiserver import Access, ApiServer, access_by_kubeconfig, access_in_pod
from dra_core.refusal import Refusal
from returns.result import Failure, Result

from dra_kubeletplugin.classic_plugin import run_classic
from dra_kubeletplugin.logs import log_to_stderr
from dra_kubeletplugin.settings import Settings, StartError


@click.command(context_settings={"show_default": True, "max_content_width": 100})
@click.option("--node-name", envvar="NODE_NAME", required=True, show_envvar=True, help="The node.")
@click.option("--namespace", envvar="NAMESPACE", default="default", show_envvar=True,
              help="Where the NodeAllocationState is.")  # fmt: skip
@click.option("--driver-name", envvar="DRIVER_NAME", default="gpu.resource.example.com", show_envvar=True,
              help="Name of the driver in ResourceClasses and claims.")  # fmt: skip
@click.option("--num-devices", envvar="NUM_DEVICES", default=8, show_envvar=True, type=click.IntRange(min=0),
              help="How many GPUs there are.")  # fmt: skip
@click.option("--cdi-root", envvar="CDI_ROOT", default="/var/run/cdi", show_envvar=True,
              type=click.Path(path_type=Path), help="Where the container runtime looks for CDI files.")  # fmt: skip
@click.option("--kubelet-registrar-directory-path", "registrar_directory", envvar="KUBELET_REGISTRAR_DIRECTORY_PATH",
              default="/var/lib/kubelet/plugins_registry", show_envvar=True, type=click.Path(path_type=Path),
              help="Where the kubelet looks for registration sockets.")  # fmt: skip
@click.option("--kubelet-plugins-directory-path", "plugins_directory", envvar="KUBELET_PLUGINS_DIRECTORY_PATH",
              default="/var/lib/kubelet/plugins", show_envvar=True, type=click.Path(path_type=Path),
              help="Where plugins keep their sockets and state.")  # fmt: skip
@click.option("--kubeconfig", envvar="KUBECONFIG", default=None, show_envvar=True,
              show_default="the pod's ServiceAccount", type=click.Path(path_type=Path),
              help="How to reach the API server from outside a pod.")  # fmt: skip
@click.option("--log-level", envvar="LOG_LEVEL", default="info", show_envvar=True,
              type=click.Choice(["debug", "info", "warning", "error"]), help="What is logged.")  # fmt: skip
@click.option("--log-format", envvar="LOG_FORMAT", default="json", show_envvar=True,
              type=click.Choice(["json", "console"]), help="JSON for machines, console for people.")  # fmt: skip
def main(
    *,
    node_name: str,
    namespace: str,
    driver_name: str,
    num_devices: int,
    cdi_root: Path,
    registrar_directory: Path,
    plugins_directory: Path,
    kubeconfig: Path | None,
    log_level: str,
    log_format: str,
) -> None:
    """Serve a node's mock GPUs to pods of Kubernetes 1.30, whose claims the driver's controller allocates.

    It tells the node's devices, and which claims are prepared, in the NodeAllocationState named like the node; kubectl
    describe nas/<node> shows it. On SIGTERM it says NotReady there.
    """
    settings = Settings(
        node_name=node_name,
        pod_uid="",
        driver_name=driver_name,
        cdi_root=cdi_root.absolute(),
        registrar_directory=registrar_directory.absolute(),
        plugins_directory=plugins_directory.absolute(),
        healthcheck_port=-1,
        metrics_port=-1,
        kubeconfig=kubeconfig,
        log_level=log_level,
        log_format=log_format,
    )
    log = log_to_stderr(log_level, log_format, driver=driver_name, node=node_name)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    access: Result[Access, Refusal]
    access = access_in_pod(os.environ) if kubeconfig is None else access_by_kubeconfig([kubeconfig])
    try:
        if isinstance(access, Failure):
            refused: Refusal = access.failure()
            raise StartError(refused.sentence)
        run_classic(num_devices, settings, ApiServer(access.unwrap(), "dra-kubeletplugin"), namespace, stop, log)
    except StartError as error:
        click.echo(f"dra-kubeletplugin: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
