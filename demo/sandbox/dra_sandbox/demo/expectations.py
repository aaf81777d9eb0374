"""What the examples under demo/examples have to show: data, and a check of what their containers printed.

Used by the demo on the sandbox and by the end-to-end tests on real clusters.

    wanted = EXPECTATIONS["four-gpus"]
    complaints = faults(wanted, {("pod0", "ctr0"): what_that_container_printed})
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

GPU = re.compile(r"GPU_DEVICE_(\d+(?:_PARTITION_\d+|_FULL)?)")
Container = tuple[str, str]
"""Pod and container."""


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Containers that see the same GPUs.

    Attributes:
        containers: Which ones.
        gpus: How many GPUs each of them sees; None: at least one, as many as there are.
        each_gpu: What ``GPU_DEVICE_<ID>_<key>`` is for each of the GPUs.
        environment: Other variables that all of them have.
        exclusive: Whether no other group sees one of these GPUs (not so with admin access).
    """

    containers: tuple[Container, ...]
    gpus: int | None = 1
    each_gpu: Mapping[str, str] = {}
    environment: Mapping[str, str] = {}
    exclusive: bool = True


class Expectation(msgspec.Struct, frozen=True, kw_only=True):
    """One example: namespace and folder have its name."""

    name: str
    shows: str
    groups: tuple[Group, ...]

    @property
    def containers(self) -> tuple[Container, ...]:
        """All containers whose output counts, in order."""
        return tuple(container for group in self.groups for container in group.containers)

    @property
    def pods(self) -> tuple[str, ...]:
        """All pods, each once."""
        return tuple(dict.fromkeys(pod for pod, _ in self.containers))


DEFAULT_SHARING = {"SHARING_STRATEGY": "TimeSlicing", "TIMESLICE_INTERVAL": "Default"}

_ALL = (
    Expectation(
        name="basic-resourceclaimtemplate",
        shows="two pods, one GPU each",
        groups=(Group(containers=(("pod0", "ctr0"),)), Group(containers=(("pod1", "ctr0"),))),
    ),
    Expectation(
        name="basic-multiple-requests",
        shows="one container, two requests, two GPUs",
        groups=(Group(containers=(("pod0", "ctr0"),), gpus=2),),
    ),
    Expectation(
        name="basic-shared-claim-across-containers",
        shows="two containers of one pod share a GPU",
        groups=(Group(containers=(("pod0", "ctr0"), ("pod0", "ctr1")), each_gpu=DEFAULT_SHARING),),
    ),
    Expectation(
        name="basic-shared-claim-across-pods",
        shows="two pods share a GPU",
        groups=(Group(containers=(("pod0", "ctr0"), ("pod1", "ctr0")), each_gpu=DEFAULT_SHARING),),
    ),
    Expectation(
        name="four-gpus",
        shows="one pod, four GPUs",
        groups=(Group(containers=(("pod0", "ctr0"),), gpus=4),),
    ),
    Expectation(
        name="basic-resourceclaim-opaque-config",
        shows="GPUs configured by the claim: time slicing, space partitioning",
        groups=(
            Group(
                containers=(("pod0", "ts-ctr0"), ("pod0", "ts-ctr1")),
                each_gpu={"SHARING_STRATEGY": "TimeSlicing", "TIMESLICE_INTERVAL": "Long"},
            ),
            Group(
                containers=(("pod0", "sp-ctr0"), ("pod0", "sp-ctr1")),
                each_gpu={"SHARING_STRATEGY": "SpacePartitioning", "PARTITION_COUNT": "10"},
            ),
        ),
    ),
    Expectation(
        name="cel-selector",
        shows="a GPU chosen by model and memory",
        groups=(Group(containers=(("pod0", "ctr0"),)),),
    ),
    Expectation(
        name="initcontainer-shared-gpu",
        shows="init container and container share a GPU",
        groups=(Group(containers=(("pod0", "init0"), ("pod0", "ctr0"))),),
    ),
    Expectation(
        name="admin-access",
        shows="a monitor sees all GPUs, in use or not",
        groups=(
            Group(containers=(("pod0", "ctr0"),), environment={"DRA_ADMIN_ACCESS": "false"}),
            Group(containers=(("pod1", "ctr0"),), gpus=None, environment={"DRA_ADMIN_ACCESS": "true"}, exclusive=False),
        ),
    ),
)
EXPECTATIONS: Mapping[str, Expectation] = {item.name: item for item in _ALL}


def environment_of(output: str) -> Mapping[str, str]:
    """The variables that a container printed with ``env``."""
    lines = (line.partition("=") for line in output.splitlines())
    return {key: value for key, separator, value in lines if separator}


def gpus_of(environment: Mapping[str, str]) -> Mapping[str, str]:
    """The GPUs that a container sees: ID in the variables' names → UUID, or node and device name where it has none."""
    node = environment.get("KUBERNETES_NODE_NAME", "")
    return {
        match[1]: environment.get(f"{name}_UUID") or f"{node}/{value}"
        for name, value in environment.items()
        if (match := GPU.fullmatch(name))
    }


def faults(wanted: Expectation, outputs: Mapping[Container, str]) -> tuple[str, ...]:
    """What is not as it should be, in words; nothing if all is well.

    Args:
        wanted: The example.
        outputs: What each container printed.
    """
    environments = {container: environment_of(text) for container, text in outputs.items()}
    found: list[str] = []
    seen: list[tuple[Group, frozenset[str]]] = []
    for group in wanted.groups:
        union: frozenset[str] = frozenset()
        for container in group.containers:
            where = "/".join(container)
            if container not in environments:
                found.append(f"{where}: there is no output")
                continue
            environment = environments[container]
            gpus = gpus_of(environment)
            found += [f"{where}: {problem}" for problem in _count_faults(group, gpus)]
            found += [f"{where}: {problem}" for problem in _value_faults(group, gpus, environment)]
            if union and frozenset(gpus.values()) != union:
                found.append(f"{where}: sees other GPUs than {'/'.join(group.containers[0])}, which shares its claim")
            union = union or frozenset(gpus.values())
        for other, theirs in seen:
            if group.exclusive and other.exclusive and theirs & union:
                both = f"{'/'.join(other.containers[0])} and {'/'.join(group.containers[0])}"
                found.append(f"{both} see the same GPU {', '.join(sorted(theirs & union))}, but have a claim each")
        seen.append((group, union))
    return tuple(found)


def _count_faults(group: Group, gpus: Mapping[str, str]) -> list[str]:
    distinct = len(set(gpus.values()))
    if group.gpus is None:
        return [] if distinct else ["sees no GPU"]
    return [] if distinct == group.gpus else [f"sees {distinct} GPUs, {group.gpus} are expected"]


def _value_faults(group: Group, gpus: Mapping[str, str], environment: Mapping[str, str]) -> list[str]:
    wanted = {f"GPU_DEVICE_{gpu}_{key}": value for gpu in gpus for key, value in group.each_gpu.items()}
    wanted |= group.environment
    return [
        f"{name} is {environment.get(name, 'not set')!s}, {value} is expected"
        for name, value in wanted.items()
        if environment.get(name) != value
    ]
