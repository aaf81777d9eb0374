"""The flags that every driver's plugin has; each has its twin in the environment, as the chart's DaemonSet sets it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Concatenate, ParamSpec

import click
from dra_apiserver import WANTED_GENERATIONS, WantedGeneration
from dra_core.snapshot.driver_name import driver_name_fault
from dra_logs import Form, Level
from dra_logs.flags import log_flags

from dra_kubeletplugin.settings import Settings

Own = ParamSpec("Own")


def plugin_options(function: Callable[Concatenate[Settings, Own], None]) -> Callable[..., None]:  # type: ignore[explicit-any]  # click calls it by names
    """For a click command: adds these flags, and hands them over as ``Settings``, before the command's own."""

    @functools.wraps(function)
    def command(
        node_name: str,
        pod_uid: str,
        namespace: str,
        api_generation: WantedGeneration,
        driver_name: str,
        cdi_root: Path,
        device_metadata: bool,
        registrar_directory: Path,
        plugins_directory: Path,
        healthcheck_port: int,
        metrics_port: int,
        kubeconfig: Path | None,
        log_level: Level,
        log_format: Form,
        *own: Own.args,
        **more: Own.kwargs,
    ) -> None:
        settings = Settings(
            node_name=node_name,
            pod_uid=pod_uid,
            namespace=namespace,
            api_generation=api_generation,
            driver_name=driver_name,
            # gRPC and the kubelet take absolute paths only.
            cdi_root=cdi_root.absolute(),
            device_metadata=device_metadata,
            registrar_directory=registrar_directory.absolute(),
            plugins_directory=plugins_directory.absolute(),
            healthcheck_port=healthcheck_port,
            metrics_port=metrics_port,
            kubeconfig=kubeconfig,
            log_level=log_level,
            log_format=log_format,
        )
        function(settings, *own, **more)

    return functools.reduce(lambda decorated, option: option(decorated), reversed(_OPTIONS), log_flags(command))


def _driver_name(_: click.Context, parameter: click.Parameter, value: str) -> str:
    fault = driver_name_fault(value)
    if value and fault:
        raise click.BadParameter(f"{fault}, such as gpu.example.com", param=parameter)
    return value


_OPTIONS = (
    click.option("--node-name", envvar="NODE_NAME", required=True, show_envvar=True,
                 help="The node; also the name of its pool of devices."),
    click.option("--pod-uid", envvar="POD_UID", default="", show_envvar=True, show_default=False,
                 help="UID of the plugin's own pod. Given, the sockets carry it in their names, and an old and a new "
                 "plugin can run side by side during an update (a kubelet before 1.33 calls the new one when the old "
                 "one has ended)."),
    click.option("--namespace", envvar="NAMESPACE", default="default", show_envvar=True,
                 help="Where the node's NodeAllocationState is."),
    click.option("--api-generation", envvar="API_GENERATION", default="auto", show_envvar=True,
                 type=click.Choice(WANTED_GENERATIONS), help="The generation of DRA to speak. modern: the scheduler "
                 "allocates, from ResourceSlices (Kubernetes 1.34 or newer). classic: a controller allocates, from "
                 "NodeAllocationStates (resource.k8s.io/v1alpha2, Kubernetes 1.30). auto: what the API server serves, "
                 "which is asked once, at the start."),
    click.option("--driver-name", envvar="DRIVER_NAME", default="", show_envvar=True, callback=_driver_name,
                 show_default="<profile>.example.com; classic: <profile>.resource.example.com",
                 help="Name of the driver in claims, and in ResourceSlices or ResourceClasses."),
    click.option("--cdi-root", envvar="CDI_ROOT", default="/var/run/cdi", show_envvar=True,
                 type=click.Path(path_type=Path), help="Where the container runtime looks for CDI files."),
    click.option("--device-metadata", envvar="DEVICE_METADATA", default=False, type=bool, is_flag=False,
                 flag_value=True, show_envvar=True,
                 help="Give each container files that describe its devices, below "
                 "/var/run/kubernetes.io/dra-device-attributes (metadata.resource.k8s.io/v1beta1)."),
    click.option("--kubelet-registrar-directory-path", "registrar_directory",
                 envvar="KUBELET_REGISTRAR_DIRECTORY_PATH", default="/var/lib/kubelet/plugins_registry",
                 show_envvar=True, type=click.Path(path_type=Path),
                 help="Where the kubelet looks for registration sockets."),
    click.option("--kubelet-plugins-directory-path", "plugins_directory", envvar="KUBELET_PLUGINS_DIRECTORY_PATH",
                 default="/var/lib/kubelet/plugins", show_envvar=True, type=click.Path(path_type=Path),
                 help="Where plugins keep their sockets and state; this one in <path>/<driver name>."),
    click.option("--healthcheck-port", envvar="HEALTHCHECK_PORT", default=-1, show_envvar=True,
                 type=click.IntRange(-1, 65535), help="TCP port of the gRPC health service (services '' and "
                 "'liveness'); -1: none, 0: any free one."),
    click.option("--metrics-port", envvar="METRICS_PORT", default=-1, show_envvar=True,
                 type=click.IntRange(-1, 65535),
                 help="TCP port of the Prometheus metrics at /metrics; -1: none, 0: any free one."),
    click.option("--kubeconfig", envvar="KUBECONFIG", default=None, show_envvar=True,
                 show_default="the pod's ServiceAccount", type=click.Path(path_type=Path),
                 help="How to reach the API server from outside a pod."),
)  # fmt: skip
