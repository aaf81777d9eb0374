"""The command line: every flag has its twin in the environment, as the chart's DaemonSet sets it."""

from __future__ import annotations

import re
import signal
import sys
import threading
from pathlib import Path

import click

from dra_kubeletplugin.connect import connect
from dra_kubeletplugin.logs import log_to_stderr
from dra_kubeletplugin.plugin import LostError, run
from dra_kubeletplugin.settings import Settings, StartError

LONGEST_DRIVER_NAME = 63
"""resource.k8s.io/v1, ResourceSliceSpec.driver."""

_DNS_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


@click.command(
    context_settings={"show_default": True, "max_content_width": 100},
    epilog="Exit codes: 0 after SIGTERM or SIGINT; 1 if it cannot run or go on (one line on stderr says why); "
    "2 wrong flags.",
)
@click.option("--node-name", envvar="NODE_NAME", required=True, show_envvar=True,
              help="The node; also the name of its pool of devices.")  # fmt: skip
@click.option("--pod-uid", envvar="POD_UID", default="", show_envvar=True, show_default=False,
              help="UID of the plugin's own pod. Given, the sockets carry it in their names, and an old and a new "
              "plugin can run side by side during an update (kubelet 1.33 or newer).")  # fmt: skip
@click.option("--driver-name", envvar="DRIVER_NAME", default="", show_envvar=True, show_default="<profile>.example.com",
              help="Name of the driver in ResourceSlices and claims.")  # fmt: skip
@click.option("--device-profile", envvar="DEVICE_PROFILE", default="gpu", show_envvar=True,
              type=click.Choice(["gpu"]), help="The kind of mock devices.")  # fmt: skip
@click.option("--num-devices", envvar="NUM_DEVICES", default=8, show_envvar=True, type=click.IntRange(min=0),
              help="How many GPUs there are.")  # fmt: skip
@click.option("--gpu-partitions", envvar="GPU_PARTITIONS", default=0, show_envvar=True, type=click.IntRange(0, 40),
              help="How many partitions each GPU can be cut into; 0: GPUs are whole.")  # fmt: skip
@click.option("--gpu-allow-multiple-allocations", envvar="GPU_ALLOW_MULTIPLE_ALLOCATIONS", default=False, type=bool,
              is_flag=False, flag_value=True, show_envvar=True,
              help="Several claims may each have a share of one GPU.")  # fmt: skip
@click.option("--binding-conditions", envvar="BINDING_CONDITIONS", default=False, type=bool, is_flag=False,
              flag_value=True, show_envvar=True,
              help="Pods wait until a controller has reported their GPU ready.")  # fmt: skip
@click.option("--cdi-root", envvar="CDI_ROOT", default="/var/run/cdi", show_envvar=True,
              type=click.Path(path_type=Path), help="Where the container runtime looks for CDI files.")  # fmt: skip
@click.option("--kubelet-registrar-directory-path", "registrar_directory", envvar="KUBELET_REGISTRAR_DIRECTORY_PATH",
              default="/var/lib/kubelet/plugins_registry", show_envvar=True, type=click.Path(path_type=Path),
              help="Where the kubelet looks for registration sockets.")  # fmt: skip
@click.option("--kubelet-plugins-directory-path", "plugins_directory", envvar="KUBELET_PLUGINS_DIRECTORY_PATH",
              default="/var/lib/kubelet/plugins", show_envvar=True, type=click.Path(path_type=Path),
              help="Where plugins keep their sockets and state; this one in <path>/<driver name>.")  # fmt: skip
@click.option("--unhealthy-directory", envvar="UNHEALTHY_DIRECTORY", default=None, show_envvar=True,
              show_default="<plugins directory>/<driver name>/unhealthy", type=click.Path(path_type=Path),
              help="A file in it named like a device, e.g. gpu-3, makes that device unhealthy; its text is shown in "
              "the pod's status. Remove the file, and the device is healthy again.")  # fmt: skip
@click.option("--healthcheck-port", envvar="HEALTHCHECK_PORT", default=-1, show_envvar=True,
              type=click.IntRange(-1, 65535), help="TCP port of the gRPC health service (services '' and 'liveness'); "
              "-1: none, 0: any free one.")  # fmt: skip
@click.option("--metrics-port", envvar="METRICS_PORT", default=-1, show_envvar=True, type=click.IntRange(-1, 65535),
              help="TCP port of the Prometheus metrics at /metrics; -1: none, 0: any free one.")  # fmt: skip
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
    pod_uid: str,
    driver_name: str,
    device_profile: str,
    num_devices: int,
    gpu_partitions: int,
    gpu_allow_multiple_allocations: bool,
    binding_conditions: bool,
    cdi_root: Path,
    registrar_directory: Path,
    plugins_directory: Path,
    unhealthy_directory: Path | None,
    healthcheck_port: int,
    metrics_port: int,
    kubeconfig: Path | None,
    log_level: str,
    log_format: str,
) -> None:
    """Serve a node's mock GPUs to pods: the kubelet plugin of a driver for Dynamic Resource Allocation (DRA).

    It publishes the devices in ResourceSlices, for the scheduler to allocate; registers with the kubelet; prepares the
    claims of pods that are about to start (a CDI file for each, from which the container runtime sets environment
    variables) and unprepares them at the end; and reports the health of its devices.

    It keeps what is prepared in <plugins directory>/<driver name>/checkpoint.json, and finds its way back after
    a crash, an update or a reboot of the node. On SIGTERM it ends the calls in progress and leaves slices and prepared
    claims as they are, for the plugin that comes next.

    Try it on the embedded cluster: make demo.
    """
    driver_name = driver_name or f"{device_profile}.example.com"
    if len(driver_name) > LONGEST_DRIVER_NAME or not _DNS_SUBDOMAIN.fullmatch(driver_name):
        raise click.BadParameter(
            f"{driver_name!r} is not a DNS name of at most {LONGEST_DRIVER_NAME} characters, such as gpu.example.com",
            param_hint="--driver-name",
        )
    settings = Settings(
        node_name=node_name,
        pod_uid=pod_uid,
        driver_name=driver_name,
        num_devices=num_devices,
        gpu_partitions=gpu_partitions,
        gpu_allow_multiple_allocations=gpu_allow_multiple_allocations,
        binding_conditions=binding_conditions,
        # gRPC and the kubelet take absolute paths only.
        cdi_root=cdi_root.absolute(),
        registrar_directory=registrar_directory.absolute(),
        plugins_directory=plugins_directory.absolute(),
        unhealthy_directory=unhealthy_directory,
        healthcheck_port=healthcheck_port,
        metrics_port=metrics_port,
        kubeconfig=kubeconfig,
    )
    log = log_to_stderr(log_level, log_format, driver=driver_name, node=node_name)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, lambda *_: stop.set())
    try:
        run(settings, connect(kubeconfig), stop, log)
    except (StartError, LostError) as error:
        click.echo(f"dra-kubeletplugin: {error}", err=True)
        sys.exit(1)
