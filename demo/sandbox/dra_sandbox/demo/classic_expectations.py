"""What the examples under demo/examples-classic have to show, all of them at once."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

from dra_sandbox.demo.expectations import Container, Expectation, Group, faults

_EXPORTED = re.compile(r"(?:export|declare -x) ([A-Za-z_][A-Za-z0-9_]*)=(.*)")  # as sh and as bash print it
GPU = re.compile(r"GPU_DEVICE_\d+")

_ALL = (
    Expectation(
        name="gpu-test1",
        shows="two pods, a claim from a template and so a GPU of its own for each",
        groups=(Group(containers=(("pod0", "ctr0"),)), Group(containers=(("pod1", "ctr0"),))),
    ),
    Expectation(
        name="gpu-test2",
        shows="one pod, two containers that share a claim and so a GPU",
        groups=(Group(containers=(("pod0", "ctr0"), ("pod0", "ctr1"))),),
    ),
    Expectation(
        name="gpu-test3",
        shows="two pods that share a claim which stands by itself",
        groups=(Group(containers=(("pod0", "ctr0"), ("pod1", "ctr0"))),),
    ),
    Expectation(
        name="gpu-test4",
        shows="one pod whose claim asks for four GPUs, by parameters of the driver's own kind",
        groups=(Group(containers=(("pod0", "ctr0"),), gpus=4),),
    ),
)
CLASSIC_EXPECTATIONS: Mapping[str, Expectation] = {item.name: item for item in _ALL}


def exported(output: str) -> Mapping[str, str]:
    """The variables that a container printed with ``export``."""
    found = (_EXPORTED.fullmatch(line) for line in output.splitlines())
    return {match[1]: "".join(shlex.split(match[2])) for match in found if match}


def told(output: str) -> tuple[str, ...]:
    """What ``grep -E 'DRA_RESOURCE_DRIVER_NAME|GPU_DEVICE'`` would leave of the output."""
    return tuple(line for line in output.splitlines() if "DRA_RESOURCE_DRIVER_NAME" in line or "GPU_DEVICE" in line)


def gpus_seen(output: str) -> frozenset[str]:
    """UUIDs of the GPUs that a container sees."""
    return frozenset(value for name, value in exported(output).items() if GPU.fullmatch(name))


def classic_faults(outputs: Mapping[str, Mapping[Container, str]]) -> tuple[str, ...]:
    """What is not as it should be, in words: in each example, and between examples, which share no GPU.

    Args:
        outputs: By example: what each container printed.
    """
    found: list[str] = []
    owners: dict[str, str] = {}
    for name, printed in outputs.items():
        plain = {
            place: "\n".join(f"{key}={value}" for key, value in exported(text).items())
            for place, text in printed.items()
        }
        found += [f"{name}: {fault}" for fault in faults(CLASSIC_EXPECTATIONS[name], plain)]
        for uuid in frozenset().union(*map(gpus_seen, printed.values())):
            if owners.setdefault(uuid, name) != name:
                found.append(f"{name}: sees {uuid}, which {owners[uuid]} has")
    return tuple(found)
