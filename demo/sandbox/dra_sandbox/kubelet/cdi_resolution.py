"""Container Device Interface: from the spec files of a node and the ids of a container to the edits of that container.

As a runtime does it (CNCF CDI specification 1.x): directories in rising priority, files of a directory equal; a device
that two files of equal priority define is a conflict and cannot be used; a file with a fault is left out as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec
from dra_core.snapshot.json_value import Json, JsonObject, list_at, object_at, text_at
from returns.result import Failure, Result, Success

from dra_sandbox.world.objects import objects_at

VERSIONS = frozenset({"0.3.0", "0.4.0", "0.5.0", "0.6.0", "0.7.0", "0.8.0", "1.0.0", "1.1.0"})
VENDOR = re.compile(r"[A-Za-z]([A-Za-z0-9_.-]*[A-Za-z0-9])?")
CLASS = re.compile(r"[A-Za-z]([A-Za-z0-9_-]*[A-Za-z0-9])?")
DEVICE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.:-]*[A-Za-z0-9])?")
HOOKS = frozenset({"prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"})


class SpecFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it was read: its content, or why it could not be read."""

    path: str
    priority: int
    content: Json = None
    unreadable: str = ""


class Edits(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a container. Only ``env`` has an effect on a plain process; the others are recorded."""

    env: Mapping[str, str] = {}
    device_nodes: tuple[JsonObject, ...] = ()
    mounts: tuple[JsonObject, ...] = ()
    hooks: tuple[JsonObject, ...] = ()
    additional_gids: tuple[int, ...] = ()


class _Device(msgspec.Struct, frozen=True, kw_only=True):
    path: str
    priority: int
    global_edits: JsonObject
    own_edits: JsonObject


class Devices(msgspec.Struct, frozen=True):
    """All devices of a node by qualified name, the names in conflict, and the faults of the files."""

    by_id: Mapping[str, _Device] = {}
    conflicts: frozenset[str] = frozenset()
    faults: tuple[str, ...] = ()


def read_devices(files: tuple[SpecFile, ...]) -> Devices:
    """Put the spec files of all directories together."""
    by_id: dict[str, _Device] = {}
    conflicts: dict[str, int] = {}
    faults: list[str] = []
    for file in sorted(files, key=lambda item: (item.priority, item.path)):
        wrong = [file.unreadable] if file.unreadable else spec_faults(file.content)
        if wrong:
            faults += [f"{file.path}: {fault}" for fault in wrong]
            continue
        for device in objects_at(file.content, "devices"):
            name = f"{text_at(file.content, 'kind')}={text_at(device, 'name')}"
            known = by_id.get(name)
            if known is not None and known.priority == file.priority:
                conflicts[name] = file.priority
                faults.append(f"{file.path}: device {name} is also defined in {known.path}")
                continue
            by_id[name] = _Device(
                path=file.path,
                priority=file.priority,
                global_edits=object_at(file.content, "containerEdits"),
                own_edits=object_at(device, "containerEdits"),
            )
    held = frozenset(name for name, priority in conflicts.items() if by_id[name].priority == priority)
    return Devices(by_id, held, tuple(faults))


def resolve(devices: Devices, ids: tuple[str, ...]) -> Result[Edits, str]:
    """The edits for a container that gets these devices, or the runtime's complaint."""
    missing = sorted({name for name in ids if name not in devices.by_id or name in devices.conflicts})
    if missing:
        return Failure(f"CDI device injection failed: unresolvable CDI devices {', '.join(missing)}")
    edits: list[JsonObject] = []
    specs: set[str] = set()
    for name in ids:
        device = devices.by_id[name]
        if device.path not in specs:
            specs.add(device.path)
            edits.append(device.global_edits)
        edits.append(device.own_edits)
    return Success(_merged(edits))


def _merged(edits: list[JsonObject]) -> Edits:
    env: dict[str, str] = {}
    for item in edits:
        for line in list_at(item, "env"):
            key, _, value = str(line).partition("=")
            env[key] = value
    return Edits(
        env=env,
        device_nodes=tuple(node for item in edits for node in objects_at(item, "deviceNodes")),
        mounts=tuple(mount for item in edits for mount in objects_at(item, "mounts")),
        hooks=tuple(hook for item in edits for hook in objects_at(item, "hooks")),
        additional_gids=tuple(gid for item in edits for gid in list_at(item, "additionalGids") if isinstance(gid, int)),
    )


def spec_faults(spec: Json) -> list[str]:
    """What is wrong with a CDI spec; empty if nothing is."""
    if not isinstance(spec, Mapping):
        return ["the file does not hold a CDI spec object"]
    faults: list[str] = []
    version = text_at(spec, "cdiVersion").removeprefix("v")
    if version not in VERSIONS:
        faults.append(f"cdiVersion {text_at(spec, 'cdiVersion')!r} is not a known version")
    vendor, slash, device_class = text_at(spec, "kind").partition("/")
    if not slash or not VENDOR.fullmatch(vendor) or not CLASS.fullmatch(device_class):
        faults.append(f"kind {text_at(spec, 'kind')!r} is not of the form vendor/class")
    faults += _edit_faults("containerEdits", object_at(spec, "containerEdits"))
    devices = objects_at(spec, "devices")
    if not devices:
        faults.append("devices is empty")
    names: set[str] = set()
    for index, device in enumerate(devices):
        name = text_at(device, "name")
        if not DEVICE.fullmatch(name):
            faults.append(f"devices[{index}].name {name!r} is not a device name")
        if name in names:
            faults.append(f"devices[{index}].name {name!r} is there twice")
        names.add(name)
        edits = object_at(device, "containerEdits")
        if not any(edits.values()):
            faults.append(f"devices[{index}].containerEdits is empty: a device has to change something")
        faults += _edit_faults(f"devices[{index}].containerEdits", edits)
    return faults


def _edit_faults(path: str, edits: JsonObject) -> list[str]:
    faults = [
        f"{path}.env[{index}] {line!r} is not of the form NAME=value"
        for index, line in enumerate(list_at(edits, "env"))
        if not isinstance(line, str) or line.find("=") < 1
    ]
    faults += [
        f"{path}.deviceNodes[{index}] has no path"
        for index, node in enumerate(objects_at(edits, "deviceNodes"))
        if not text_at(node, "path")
    ]
    faults += [
        f"{path}.mounts[{index}] needs hostPath and containerPath"
        for index, mount in enumerate(objects_at(edits, "mounts"))
        if not text_at(mount, "hostPath") or not text_at(mount, "containerPath")
    ]
    faults += [
        f"{path}.hooks[{index}] needs a path and one of the hook names {', '.join(sorted(HOOKS))}"
        for index, hook in enumerate(objects_at(edits, "hooks"))
        if text_at(hook, "hookName") not in HOOKS or not text_at(hook, "path")
    ]
    return faults
