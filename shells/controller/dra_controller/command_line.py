"""The command line: every flag has its twin in the environment, as the chart's Deployment sets it."""

from __future__ import annotations

import secrets
import signal
import socket
import sys
import threading
from pathlib import Path

import click
from dra_apiserver import WANTED_GENERATIONS, ApiServer, WantedGeneration, connect
from dra_core.refusal import Refusal
from dra_core.snapshot.driver_name import driver_name_fault
from dra_logs import Form, Level, log_to_stderr
from dra_logs.flags import log_flags
from returns.result import Failure

from dra_controller.controller import LostError, run
from dra_controller.settings import Settings, StartError


@click.command(
    context_settings={"show_default": True, "max_content_width": 100},
    epilog="Exit codes: 0 after SIGTERM or SIGINT; 1 if it cannot run or go on (one line on stderr says why); "
    "2 wrong flags.",
)
@click.option("--api-generation", envvar="API_GENERATION", default="auto", show_envvar=True,
              type=click.Choice(WANTED_GENERATIONS), help="Classic: it allocates (resource.k8s.io/v1alpha2). Modern: "
              "the scheduler allocates, it shows (v1). auto: what the API server serves, modern first.")  # fmt: skip
@click.option("--driver-name", envvar="DRIVER_NAME", default="", show_envvar=True,
              show_default="classic: gpu.resource.example.com, modern: gpu.example.com",
              help="Name of the driver in classes, slices and claims.")  # fmt: skip
@click.option("--namespace", envvar="NAMESPACE", default="default", show_envvar=True,
              help="Where the NodeAllocationStates and the lease are.")  # fmt: skip
@click.option("--workers", envvar="WORKERS", default=4, show_envvar=True, type=click.IntRange(1, 100),
              help="How many claims and pods are looked at at a time.")  # fmt: skip
@click.option("--resync-seconds", envvar="RESYNC_SECONDS", default=30.0, show_envvar=True,
              type=click.FloatRange(min=1), help="How often to look at everything, and to clean up.")  # fmt: skip
@click.option("--leader-election", envvar="LEADER_ELECTION", default=True, type=bool, show_envvar=True,
              help="Of several controllers one works, and the others wait.")  # fmt: skip
@click.option("--binding-conditions", envvar="BINDING_CONDITIONS", default=False, type=bool, is_flag=False,
              flag_value=True, show_envvar=True, help="Report allocated devices that have binding conditions ready, so "
              "that their pods go on (modern only).")  # fmt: skip
@click.option("--identity", envvar="POD_NAME", default="", show_envvar=True, show_default="<host>-<random>",
              help="Who holds the lease.")  # fmt: skip
@click.option("--http-port", envvar="HTTP_PORT", default=-1, show_envvar=True, type=click.IntRange(-1, 65535),
              help="TCP port of /healthz, /readyz and /metrics; -1: none, 0: any free one.")  # fmt: skip
@click.option("--kubeconfig", envvar="KUBECONFIG", default=None, show_envvar=True,
              show_default="the pod's ServiceAccount", type=click.Path(path_type=Path),
              help="How to reach the API server from outside a pod.")  # fmt: skip
@log_flags
def main(
    *,
    api_generation: WantedGeneration,
    driver_name: str,
    namespace: str,
    workers: int,
    resync_seconds: float,
    leader_election: bool,
    binding_conditions: bool,
    identity: str,
    http_port: int,
    kubeconfig: Path | None,
    log_level: Level,
    log_format: Form,
) -> None:
    """The driver's controller for Dynamic Resource Allocation (DRA): what is where stands in NodeAllocationStates.

    Where claims are classic (resource.k8s.io/v1alpha2, Kubernetes 1.30) it allocates them: it tells the scheduler which
    nodes do not do for a pod's claims, allocates on the node that the scheduler selects, allocates at once what is to
    be had at once, and takes devices back when claims end. The kubelet plugin makes the states and prepares by them.

    Where claims are modern (v1, Kubernetes 1.34 and later) the scheduler allocates, and it shows that: each node's
    state says which devices are published, and which claims, for which pods, have them.

    kubectl get nas -n <namespace>; kubectl describe nas/<node>.

    Any number of them may run; it is safe for two to work at the same time.
    """
    fault = driver_name_fault(driver_name)
    if driver_name and fault:
        raise click.BadParameter(f"{fault}, such as gpu.resource.example.com", param_hint="--driver-name")
    settings = Settings(
        api_generation=api_generation,
        driver_name=driver_name,
        namespace=namespace,
        workers=workers,
        resync_seconds=resync_seconds,
        leader_election=leader_election,
        binding_conditions=binding_conditions,
        identity=identity or f"{socket.gethostname()}-{secrets.token_hex(4)}",
        http_port=http_port,
        kubeconfig=kubeconfig,
    )
    log = log_to_stderr(log_level, log_format)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, lambda *_: stop.set())
    try:
        run(settings, _connect(kubeconfig), stop, log)
    except (StartError, LostError) as error:
        click.echo(f"dra-controller: {error}", err=True)
        sys.exit(1)


def _connect(kubeconfig: Path | None) -> ApiServer:
    server = connect(kubeconfig, "dra-controller")
    if isinstance(server, Failure):
        refused: Refusal = server.failure()
        raise StartError(refused.sentence)
    return server.unwrap()
