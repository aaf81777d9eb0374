"""The command line of the example driver: mock devices."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec
from dra_core.profiles import GpuProfile, Profile
from dra_core.profiles.classic_gpu import ClassicGpuProfile
from dra_core.profiles.cpu import CpuProfile
from dra_core.profiles.gpu import MAX_PARTITIONS
from dra_core.profiles.net import NetProfile

from dra_kubeletplugin.health_files import HealthFiles
from dra_kubeletplugin.options import plugin_options
from dra_kubeletplugin.serve import serve
from dra_kubeletplugin.settings import Settings


@click.command(
    context_settings={"show_default": True, "max_content_width": 100},
    epilog="Exit codes: 0 after SIGTERM or SIGINT; 1 if it cannot run or go on (one line on stderr says why); "
    "2 wrong flags.",
)
@plugin_options
@click.option("--device-profile", envvar="DEVICE_PROFILE", default="gpu", show_envvar=True,
              type=click.Choice(["gpu", "net", "cpu"]), help="The kind of mock devices: GPUs, network cards with "
              "bandwidth to share, NUMA nodes with CPUs to share.")  # fmt: skip
@click.option("--num-devices", envvar="NUM_DEVICES", default=8, show_envvar=True, type=click.IntRange(min=0),
              help="How many devices there are.")  # fmt: skip
@click.option("--gpu-partitions", envvar="GPU_PARTITIONS", default=0, show_envvar=True,
              type=click.IntRange(0, MAX_PARTITIONS),
              help="How many partitions each GPU can be cut into; 0: GPUs are whole.")  # fmt: skip
@click.option("--gpu-allow-multiple-allocations", envvar="GPU_ALLOW_MULTIPLE_ALLOCATIONS", default=False, type=bool,
              is_flag=False, flag_value=True, show_envvar=True,
              help="Several claims may each have a share of one GPU.")  # fmt: skip
@click.option("--binding-conditions", envvar="BINDING_CONDITIONS", default=False, type=bool, is_flag=False,
              flag_value=True, show_envvar=True,
              help="Pods wait until a controller has reported their GPU ready.")  # fmt: skip
@click.option("--unhealthy-directory", envvar="UNHEALTHY_DIRECTORY", default=None, show_envvar=True,
              show_default="<plugins directory>/<driver name>/unhealthy", type=click.Path(path_type=Path),
              help="A file in it named like a device, e.g. gpu-3, makes that device unhealthy; its text is shown in "
              "the pod's status. Remove the file, and the device is healthy again.")  # fmt: skip
def command(
    settings: Settings,
    *,
    device_profile: str,
    num_devices: int,
    gpu_partitions: int,
    gpu_allow_multiple_allocations: bool,
    binding_conditions: bool,
    unhealthy_directory: Path | None,
) -> None:
    """Serve a node's mock devices to pods: the kubelet plugin of a driver for Dynamic Resource Allocation (DRA).

    It publishes the devices in ResourceSlices, for the scheduler to allocate; registers with the kubelet; prepares the
    claims of pods that are about to start (a CDI file for each, from which the container runtime sets environment
    variables) and unprepares them at the end; and reports the health of its devices.

    It keeps what is prepared in <plugins directory>/<driver name>/checkpoint.json, and finds its way back after
    a crash, an update or a reboot of the node. On SIGTERM it ends the calls in progress and leaves slices and prepared
    claims as they are, for the plugin that comes next.

    Try it on the embedded cluster: make demo.
    """
    whole = GpuProfile(count=num_devices)
    gpus = msgspec.structs.replace(
        whole,
        partitions=gpu_partitions,
        multiple_allocations=gpu_allow_multiple_allocations,
        binding_conditions=binding_conditions,
    )
    if device_profile != "gpu" and gpus != whole:
        raise click.UsageError(
            f"--gpu-… and --binding-conditions are for GPUs, and --device-profile is {device_profile}"
        )
    # Classic DRA knows whole GPUs only, each for one claim.
    classic = ClassicGpuProfile(count=num_devices) if gpus == whole else None
    profiles: dict[str, tuple[Profile, Profile | None]] = {
        "gpu": (gpus, classic),
        "net": (NetProfile(count=num_devices), None),
        "cpu": (CpuProfile(count=num_devices), None),
    }
    profile, in_classic = profiles[device_profile]
    serve(profile, settings, HealthFiles(unhealthy_directory), in_classic)
