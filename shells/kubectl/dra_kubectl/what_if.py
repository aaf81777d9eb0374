"""The ``what-if`` options, which any subcommand that looks at a cluster takes."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

import click
from dra_core.planning import (
    AddNodes,
    Devices,
    Drain,
    Edit,
    FailDevices,
    RemoveNode,
    Repartition,
    TaintDevices,
    TaintNode,
    UntaintDevices,
    UntaintNode,
    Without,
)

from dra_kubectl.kinds import KINDS

# Option → its metavar, how many values, and its help. The order of the options is the order of the edits.
OPTIONS: Sequence[tuple[str, str, int, str]] = (
    ("--without", "KIND/NAME", 1, "What if a claim, pod, workload (with its pods), template, class or rule were gone."),
    ("--remove-node", "NODE", 1, "What if the node were gone, with its devices; its pods wait again."),
    ("--drain", "NODE", 1, "What if the node were cordoned, and its pods but a DaemonSet's waited again."),
    ("--device-failure", "POOL/DEVICE", 1, "What if the device were gone; who uses it waits again."),
    (
        "--repartition",
        "POOL/SET=PARTS",
        1,
        "What if a device were cut into equal parts (SET: its counter set).",
    ),
    ("--taint", "TARGET TAINT", 2, "What if a node, or POOL/DEVICE, had the taint key[=value]:effect."),
    ("--untaint", "TARGET KEY", 2, "What if a node, or POOL/DEVICE, had no taint of that key."),
    ("--add-node", "like=NODE[xCOUNT]", 1, "What if there were more nodes like this one, in order and empty."),
)

_LIKE = re.compile(r"like=(?P<node>[^×*]+?)(?:[×*x](?P<count>[1-9][0-9]{0,4}))?")
_TAINT = re.compile(r"(?P<key>[^=:]+)(?:=(?P<value>[^:]*))?:(?P<effect>[A-Za-z]+)")


_CUT = re.compile(r"(?P<pool>.+)/(?P<set>[^/=]+)=(?P<parts>[1-9][0-9]?)")


class NotAnEditError(ValueError):
    """An option's value that cannot be read; the text is for people."""


def edits_of(
    given: Sequence[tuple[str, Sequence[tuple[str, ...]]]], namespace: str, nodes: Collection[str] = ()
) -> list[Edit]:
    """The edits that the options' values say.

    Args:
        given: Values by option.
        namespace: Of what is named without one.
        nodes: The names that there are: a node may be called box-x2, which is no two of box-.

    Raises:
        NotAnEditError: at a value that cannot be read.
    """
    return [_edit(option, values, namespace, nodes) for option, many in given for values in many]


def _edit(option: str, values: tuple[str, ...], namespace: str, nodes: Collection[str]) -> Edit:
    first = values[0]
    match option:
        case "--add-node":
            if first.removeprefix("like=") in nodes and first.startswith("like="):
                return AddNodes(like=first.removeprefix("like="))
            like = _LIKE.fullmatch(first)
            if like is None:
                raise NotAnEditError(f"--add-node {first}: write it as like=NODE or like=NODEx20")
            return AddNodes(like=like["node"], count=int(like["count"] or 1))
        case "--remove-node":
            return RemoveNode(node=first)
        case "--drain":
            return Drain(node=first)
        case "--device-failure":
            return FailDevices(devices=_devices(option, first))
        case "--repartition":
            cut = _CUT.fullmatch(first)
            if cut is None:
                raise NotAnEditError(f"--repartition {first}: write it as POOL/COUNTERSET=PARTS, e.g. node-1/gpu-0=4")
            return Repartition(pool=cut["pool"], counter_set=cut["set"], parts=int(cut["parts"]))
        case "--without":
            kind, slash, name = first.partition("/")
            space, inner, own = name.partition("/")
            known = {**KINDS, "template": "ResourceClaimTemplate", "class": "DeviceClass", "rule": "DeviceTaintRule"}
            if not slash or kind.lower() not in known:
                instead = "; for nodes there is --remove-node" if kind.lower() in ("node", "nodes", "no") else ""
                raise NotAnEditError(
                    f"--without {first}: write it as KIND/NAME or KIND/NAMESPACE/NAME, e.g. claim/mine; kinds are "
                    f"claim, pod, deployment and the like, template, class and rule{instead}"
                )
            place = (space, own) if inner else (namespace, name)
            return Without(kind=known[kind.lower()], namespace=place[0], name=place[1])
        case "--taint":
            taint = _TAINT.fullmatch(values[1])
            effects = ("NoSchedule", "NoExecute", "None" if "/" in first else "PreferNoSchedule")
            if taint is None or taint["effect"] not in effects:
                raise NotAnEditError(
                    f"--taint {first} {values[1]}: write the taint as key=value:EFFECT, with the effect "
                    f"{effects[0]}, {effects[1]} or {effects[2]}"
                )
            key, value, effect = taint["key"], taint["value"] or "", taint["effect"]
            if "/" in first:
                return TaintDevices(devices=_devices(option, first), key=key, value=value, effect=effect)
            return TaintNode(node=first, key=key, value=value, effect=effect)
        case _:
            if "/" in first:
                return UntaintDevices(devices=_devices(option, first), key=values[1])
            return UntaintNode(node=first, key=values[1])


def _devices(option: str, text: str) -> Devices:
    parts = text.split("/")
    if len(parts) == 2:
        return Devices(pool=parts[0], device=parts[1])
    if len(parts) >= 3:  # pool names may have slashes of their own
        return Devices(driver=parts[0], pool="/".join(parts[1:-1]), device=parts[-1])
    raise NotAnEditError(f"{option} {text}: write it as POOL/DEVICE or DRIVER/POOL/DEVICE; * is any")


def remembered(context: click.Context, parameter: click.Parameter, value: Sequence[tuple[str, ...] | str]) -> None:
    """Keep an option's values for ``edits_of``, as tuples."""
    values = [item if isinstance(item, tuple) else (item,) for item in value]
    context.meta.setdefault(__name__, {})[parameter.opts[0]] = values


def given_edits(namespace: str, nodes: Collection[str]) -> list[Edit]:
    """The edits of the command line, in the order of OPTIONS."""
    kept = click.get_current_context().meta.get(__name__, {})
    return edits_of([(option, kept.get(option, ())) for option, *_ in OPTIONS], namespace, nodes)
