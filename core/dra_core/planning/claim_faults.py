"""What is wrong with a pod's claims before any device is looked at, all at once.

The classes that requests name, their expressions, opaque parameters of drakit's own drivers, admin access. What only
shows on a device (an expression that fails there) shows in the evaluation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec
from returns.result import Failure

from dra_core.planning.cluster import Cluster
from dra_core.planning.pod_claims import ADMIN_ACCESS_LABEL, PodClaim, close_name
from dra_core.refusal import Fault, Refusal, Refusals
from dra_core.sharing import read_gpu_config
from dra_core.sharing.gpu_config import GPU_CONFIG_API_VERSION
from dra_core.snapshot.device_class import DeviceSelector, OpaqueDeviceConfiguration
from dra_core.snapshot.json_value import text_at
from dra_core.snapshot.resource_claim import DeviceSubRequest, ExactDeviceRequest

GPU_DRIVER = "gpu.example.com"
NOT_CHECKED = "NotChecked"


def faults_of_claim(cluster: Cluster, item: PodClaim) -> Refusals:
    """All faults of a claim's spec; paths begin with the object that says it."""
    prefix = f"{item.written.text}: {'spec.spec' if item.written.kind == 'ResourceClaimTemplate' else 'spec'}"
    devices = item.claim.spec.devices
    faults: list[Refusal] = []
    classes: dict[str, str] = {}
    for i, request in enumerate(devices.requests):
        path = f"{prefix}.devices.requests[{i}]"
        if request.exactly is not None:
            faults += _of_request(cluster, item, request.exactly, f"{path}.exactly", classes)
        for number, alternative in enumerate(request.first_available):
            faults += _of_request(cluster, item, alternative, f"{path}.firstAvailable[{number}]", classes)
    for i, configuration in enumerate(devices.config):
        if configuration.opaque is not None:
            faults += opaque_faults(configuration.opaque, f"{prefix}.devices.config[{i}].opaque", Fault.USER)
    for name in classes:
        faults += faults_of_class(cluster, name)
    return tuple(faults)


def faults_of_class(cluster: Cluster, name: str) -> Refusals:
    """Expressions and opaque parameters of a class; paths name it."""
    device_class = cluster.classes[name]
    path = f"DeviceClass {name}: spec"
    faults = list(_of_selectors(cluster, device_class.spec.selectors, path, Fault.ADMINISTRATOR))
    for i, configuration in enumerate(device_class.spec.config):
        if configuration.opaque is not None:
            faults += opaque_faults(configuration.opaque, f"{path}.config[{i}].opaque", Fault.ADMINISTRATOR)
    return tuple(faults)


def _of_request(
    cluster: Cluster,
    item: PodClaim,
    request: ExactDeviceRequest | DeviceSubRequest,
    path: str,
    classes: dict[str, str],
) -> Iterator[Refusal]:
    name = request.device_class_name
    if name in cluster.classes:
        classes[name] = name
    else:
        close = close_name(name, cluster.classes)
        known = sorted(cluster.classes)
        hint = f'did you mean "{close}"?' if close else f"there are {', '.join(known[:5]) or 'no classes at all'}"
        yield Refusal(
            code="ClassMissing",
            fault=Fault.USER,
            path=f"{path}.deviceClassName",
            seen=f'DeviceClass "{name}" does not exist',
            hint=hint,
        )
    yield from _of_selectors(cluster, request.selectors, path, Fault.USER)
    for i, derived in enumerate(request.derived_attributes):
        failure = cluster.questions.compiles(derived.expression)
        if failure is not None:
            place = f"{path}.derivedAttributes[{i}].expression"
            yield _not_compiling(place, derived.expression, failure.text, Fault.USER)
    if isinstance(request, ExactDeviceRequest) and request.admin_access:
        labels = {space.metadata.name: space.metadata.labels for space in cluster.snapshot.namespaces}
        namespace = item.claim.metadata.namespace
        if namespace in labels and labels[namespace].get(ADMIN_ACCESS_LABEL) != "true":
            yield Refusal(
                code="AdminAccessForbidden",
                fault=Fault.USER,
                path=f"{path}.adminAccess",
                seen=f"admin access is only for namespaces with the label {ADMIN_ACCESS_LABEL}=true",
                hint=f"have an administrator label namespace {namespace}",
            )


def _of_selectors(
    cluster: Cluster, selectors: tuple[DeviceSelector, ...], path: str, fault: Fault
) -> Iterator[Refusal]:
    for i, selector in enumerate(selectors):
        if selector.cel is None:
            continue
        failure = cluster.questions.selector(selector.cel.expression)
        if failure is not None:
            yield _not_compiling(f"{path}.selectors[{i}].cel.expression", selector.cel.expression, failure.text, fault)


_COMPILER = re.compile(r"ERROR: <input>:(?P<line>\d+):(?P<column>\d+): (?P<what>[^\n]*)")
_EXPECTING = re.compile(r" expecting \{.*")  # every token that there is: nobody reads on


def _not_compiling(path: str, expression: str, text: str, fault: Fault) -> Refusal:
    found = _COMPILER.search(text)
    what = text
    if found is not None:
        line = f"line {found['line']}, " if "\n" in expression else ""
        what = f"{_EXPECTING.sub('', found['what'])} ({line}character {found['column']})"
    return Refusal(
        code="ExpressionNotCompiling",
        fault=fault,
        path=path,
        seen=f"the expression does not compile: {what}",
        hint="see the CEL reference of Kubernetes for what may be used on a device",
    )


def not_checked(opaque: OpaqueDeviceConfiguration, path: str) -> Refusal | None:
    """A remark on parameters that only their driver understands; None where ``opaque_faults`` knows them."""
    if _is_ours(opaque) or not isinstance(opaque.parameters, Mapping):
        return None
    return Refusal(
        code=NOT_CHECKED,
        fault=Fault.ENVIRONMENT,
        path=f"{path}.parameters",
        seen=f"not checked: only driver {opaque.driver} knows what they may say",
    )


def unchecked_in_claim(cluster: Cluster, item: PodClaim) -> Iterator[Refusal]:
    """Parameters of a claim, and of the classes it asks for, that nobody here can check."""
    devices = item.claim.spec.devices
    inner = "spec.spec" if item.written.kind == "ResourceClaimTemplate" else "spec"
    found = [
        (configuration.opaque, f"{item.written.text}: {inner}.devices.config[{i}].opaque")
        for i, configuration in enumerate(devices.config)
    ]
    names = dict.fromkeys(
        part.device_class_name
        for request in devices.requests
        for part in (request.exactly, *request.first_available)
        if part is not None
    )
    for name in names:
        device_class = cluster.classes.get(name)
        for i, of_class in enumerate(device_class.spec.config if device_class is not None else ()):
            found.append((of_class.opaque, f"DeviceClass {name}: spec.config[{i}].opaque"))
    for opaque, path in found:
        remark = not_checked(opaque, path) if opaque is not None else None
        if remark is not None:
            yield remark


def _is_ours(opaque: OpaqueDeviceConfiguration) -> bool:
    return text_at(opaque.parameters, "apiVersion") == GPU_CONFIG_API_VERSION or opaque.driver == GPU_DRIVER


def opaque_faults(opaque: OpaqueDeviceConfiguration, path: str, fault: Fault) -> Refusals:
    """What drakit's own drivers refuse in opaque parameters; nothing is known about other drivers'."""
    parameters = opaque.parameters
    if not isinstance(parameters, Mapping):
        return (
            Refusal(
                code="ParametersNotAnObject",
                fault=fault,
                path=f"{path}.parameters",
                seen="opaque parameters must be an object",
                hint="see the driver's documentation",
            ),
        )
    if not _is_ours(opaque):
        return ()
    read = read_gpu_config(parameters)
    if not isinstance(read, Failure):
        return ()
    refusals: Refusals = read.failure()
    return tuple(msgspec.structs.replace(refusal.below(f"{path}.parameters"), fault=fault) for refusal in refusals)
