"""What CDI's library refuses to load, found before the file is written (CDI SPEC.md; container-device-interface)."""

from __future__ import annotations

import re
from collections import Counter

from dra_core.cdi.container_edits import ContainerEdits
from dra_core.cdi.spec import CdiSpec
from dra_core.refusal import Fault, Refusal, Refusals

_VENDOR_OR_CLASS = re.compile(r"[A-Za-z]([A-Za-z0-9_.-]*[A-Za-z0-9])?")
_DEVICE_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.:-]*[A-Za-z0-9])?")
_NODE_TYPES = ("", "b", "c", "u", "p")
_HOOK_NAMES = ("prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop")


def faults_of_spec(spec: CdiSpec) -> Refusals:
    """Everything because of which a runtime would not load the spec; nothing if it would."""
    faults: list[Refusal] = []
    vendor, _, class_name = spec.kind.partition("/")
    for what, name in (("vendor", vendor), ("class", class_name)):
        if not _VENDOR_OR_CLASS.fullmatch(name):
            faults.append(_fault("kind", f'"{name}" is no CDI {what} name', "letters, digits, _ - . ; a letter first"))
    if not spec.devices:
        faults.append(_fault("devices", "there is no device", "leave the file out"))
    for name, count in Counter(device.name for device in spec.devices).items():
        if count > 1:
            faults.append(_fault("devices", f'{count} devices are named "{name}"', "device names are unique in a file"))
    for position, device in enumerate(spec.devices):
        path = f"devices[{position}]"
        if not _DEVICE_NAME.fullmatch(device.name):
            faults.append(
                _fault(f"{path}.name", f'"{device.name}" is no CDI device name', "letters, digits, _ - . : inside")
            )
        if device.container_edits.empty:
            faults.append(_fault(f"{path}.containerEdits", "the device changes nothing", "leave the device out"))
        faults += _edits_faults(device.container_edits, f"{path}.containerEdits")
    faults += _edits_faults(spec.container_edits, "containerEdits")
    return tuple(faults)


def _edits_faults(edits: ContainerEdits, path: str) -> list[Refusal]:
    faults: list[Refusal] = []
    for i, variable in enumerate(edits.env):
        if variable.find("=") < 1:
            faults.append(_fault(f"{path}.env[{i}]", f'"{variable}" is not NAME=value', "set both"))
    for i, node in enumerate(edits.device_nodes):
        if not node.path:
            faults.append(_fault(f"{path}.deviceNodes[{i}].path", "the path is empty", "name the device node"))
        if node.type not in _NODE_TYPES:
            faults.append(_fault(f"{path}.deviceNodes[{i}].type", f'"{node.type}" is no type', "one of b, c, u, p"))
        if not set(node.permissions) <= set("rwm"):
            faults.append(
                _fault(f"{path}.deviceNodes[{i}].permissions", f'"{node.permissions}" is not understood', "of r, w, m")
            )
    for i, mount in enumerate(edits.mounts):
        if not mount.host_path or not mount.container_path:
            faults.append(_fault(f"{path}.mounts[{i}]", "a path is empty", "set hostPath and containerPath"))
    for i, hook in enumerate(edits.hooks):
        if hook.hook_name not in _HOOK_NAMES:
            faults.append(
                _fault(f"{path}.hooks[{i}].hookName", f'"{hook.hook_name}" is no hook', f"{', '.join(_HOOK_NAMES)}")
            )
        if not hook.path:
            faults.append(_fault(f"{path}.hooks[{i}].path", "the path is empty", "name the program"))
    return faults


def _fault(path: str, seen: str, hint: str) -> Refusal:
    return Refusal(code="InvalidCdiSpec", fault=Fault.DRIVER, path=path, seen=seen, hint=hint)
