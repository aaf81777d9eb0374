"""All faults of objects against the API's rules and limits, and against each other, each with its place.

findings = lint_documents(documents, CelLanguage())
[finding.sentence for finding in findings]
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from dra_core.allocation.selectors import Language, Questions
from dra_core.planning import lint_values as values
from dra_core.planning.claim_faults import not_checked
from dra_core.planning.cluster_snapshot import ClusterSnapshot, name_of
from dra_core.planning.kinds import Record
from dra_core.planning.lint_claims import claim_faults, class_faults, rule_faults, template_faults
from dra_core.planning.lint_slices import pool_faults, slice_faults
from dra_core.planning.pod_claims import ADMIN_ACCESS_LABEL, close_name
from dra_core.planning.reading import Document, Located, Origin, Reading, read_what_can_be_read, snapshot_of
from dra_core.planning.waiting import template_of
from dra_core.refusal import Refusal
from dra_core.snapshot.device_class import OpaqueDeviceConfiguration
from dra_core.snapshot.pod import PodSpec
from dra_core.snapshot.resource_claim import DeviceSubRequest, ExactDeviceRequest, ResourceClaimSpec
from dra_core.snapshot.resource_slice import ResourceSlice
from dra_core.snapshot.versions import path_in
from dra_core.snapshot.workload import CronJob


def lint_documents(
    documents: Iterable[Document], language: Language, *, namespace: str = "default"
) -> tuple[Located, ...]:
    """Everything that is wrong, in the order of reading.

    That is what cannot be read, what the API server would refuse, and what names something that is not there, as far as
    the documents are complete enough to tell.
    """
    reading, unreadable = read_what_can_be_read(documents, namespace=namespace)
    found = [*unreadable, *reading.unknown]
    questions = Questions(language)
    for snapshot, origins in _as_read(reading):
        for record, refusal in _all_faults(snapshot, questions):
            origin = origins.get(name_of(record))
            if origin is not None:
                found.append(_located(origin, record, refusal))
    order = {id(item): number for number, item in enumerate(found)}
    return tuple(sorted(found, key=lambda item: (item.source, item.document, item.item or 0, order[id(item)])))


def unchecked_parameters(documents: Iterable[Document], *, namespace: str = "default") -> tuple[Located, ...]:
    """Opaque parameters that only their driver could check; no faults."""
    reading, _ = read_what_can_be_read(documents, namespace=namespace)
    snapshot = reading.snapshot
    written: list[tuple[Record, OpaqueDeviceConfiguration | None, str]] = []
    for device_class in snapshot.classes:
        written += [(device_class, item.opaque, f"spec.config[{i}]") for i, item in enumerate(device_class.spec.config)]
    for claim in snapshot.claims:
        configurations = enumerate(claim.spec.devices.config)
        written += [(claim, item.opaque, f"spec.devices.config[{i}]") for i, item in configurations]
    for template in snapshot.templates:
        configurations = enumerate(template.spec.spec.devices.config)
        written += [(template, item.opaque, f"spec.spec.devices.config[{i}]") for i, item in configurations]
    return tuple(
        _located(reading.origins[name_of(record)], record, remark)
        for record, opaque, path in written
        if opaque is not None and (remark := not_checked(opaque, f"{path}.opaque")) is not None
    )


def _as_read(reading: Reading) -> Iterator[tuple[ClusterSnapshot, Mapping[tuple[str, str, str], Origin]]]:
    """The snapshot with the origins of its objects, then, where objects came again later, as it was with earlier ones.

    Overlays hold objects of the same name: each is looked at, beside the others as they came last.
    """
    yield reading.snapshot, reading.origins
    earlier = reading.replaced
    while earlier:
        layer: dict[tuple[str, str, str], tuple[Record, Origin]] = {}
        rest: list[tuple[Record, Origin]] = []
        for record, origin in earlier:
            if layer.setdefault(name_of(record), (record, origin))[0] is not record:
                rest.append((record, origin))
        replaced = snapshot_of(record for record, _ in layer.values())
        yield reading.snapshot.joined(replaced), {key: origin for key, (_, origin) in layer.items()}
        earlier = tuple(rest)


def _located(origin: Origin, record: Record, refusal: Refusal) -> Located:
    metadata = record.metadata
    where = f"{metadata.namespace}/{metadata.name}" if metadata.namespace else metadata.name
    return Located(
        source=origin.source,
        document=origin.document,
        item=origin.item,
        object=f"{record.kind} {where}",
        refusal=msgspec.structs.replace(refusal, path=path_in(origin.version, record.kind, refusal.path)),
    )


def _all_faults(snapshot: ClusterSnapshot, questions: Questions) -> Iterator[tuple[Record, Refusal]]:
    pools: dict[tuple[str, str], list[ResourceSlice]] = {}
    for part in snapshot.slices:
        yield from ((part, refusal) for refusal in slice_faults(part))
        pools.setdefault((part.spec.driver, part.spec.pool.name), []).append(part)
    for slices in pools.values():
        yield from pool_faults(slices)
    for device_class in snapshot.classes:
        yield from ((device_class, refusal) for refusal in class_faults(device_class, questions))
    for rule in snapshot.taint_rules:
        yield from ((rule, refusal) for refusal in rule_faults(rule))
    for claim in snapshot.claims:
        yield from ((claim, refusal) for refusal in claim_faults(claim, questions))
        names = _names(snapshot, claim.spec, claim.metadata.namespace, "spec")
        yield from ((claim, refusal) for refusal in names)
    for template in snapshot.templates:
        yield from ((template, refusal) for refusal in template_faults(template, questions))
        names = _names(snapshot, template.spec.spec, template.metadata.namespace, "spec.spec")
        yield from ((template, refusal) for refusal in names)
    known = _Known(snapshot)
    for pod in snapshot.pods:
        found = _pod_faults(known, pod.spec, pod.metadata.namespace, "spec", not pod.spec.node_name)
        yield from ((pod, refusal) for refusal in found)
    for workload in snapshot.workloads:
        spec = template_of(workload).spec
        path = "spec.jobTemplate.spec.template.spec" if isinstance(workload, CronJob) else "spec.template.spec"
        found = _pod_faults(known, spec, workload.metadata.namespace, path, True)
        yield from ((workload, refusal) for refusal in found)


def _names(snapshot: ClusterSnapshot, spec: ResourceClaimSpec, namespace: str, path: str) -> Iterator[Refusal]:
    """Classes that are missing among those there are, and admin access without the namespace's label."""
    known = [item.metadata.name for item in snapshot.classes]
    labels = {item.metadata.name: item.metadata.labels for item in snapshot.namespaces}
    for i, request in enumerate(spec.devices.requests):
        where = f"{path}.devices.requests[{i}]"
        items: list[tuple[str, ExactDeviceRequest | DeviceSubRequest]] = [
            (f"{where}.firstAvailable[{k}]", item) for k, item in enumerate(request.first_available)
        ]
        if request.exactly is not None:
            items.append((f"{where}.exactly", request.exactly))
        for place, item in items:
            name = item.device_class_name
            if known and name and name not in known:
                close = close_name(name, known)
                hint = f'did you mean "{close}"?' if close else f"there are {', '.join(sorted(known)[:5])}"
                yield values.wrong(
                    f"{place}.deviceClassName", f'DeviceClass "{name}" does not exist', hint, "ClassMissing"
                )
        admin = request.exactly is not None and request.exactly.admin_access
        if admin and namespace in labels and labels[namespace].get(ADMIN_ACCESS_LABEL) != "true":
            yield values.wrong(
                f"{where}.exactly.adminAccess",
                f"namespace {namespace} has no label {ADMIN_ACCESS_LABEL}=true",
                "have an administrator label it",
                "AdminAccessForbidden",
            )


def _pod_faults(known: _Known, spec: PodSpec, namespace: str, path: str, waiting: bool) -> Iterator[Refusal]:
    """Claims of a pod: each entry names one thing, containers name entries, and what is named exists."""
    entries = [entry.name for entry in spec.resource_claims]
    yield from values.twice(entries, f"{path}.resourceClaims")
    claims, templates = known.claims.get(namespace, frozenset()), known.templates.get(namespace, frozenset())
    for i, entry in enumerate(spec.resource_claims):
        where = f"{path}.resourceClaims[{i}]"
        yield from values.dns_label(entry.name, f"{where}.name")
        named = (entry.resource_claim_name, entry.resource_claim_template_name)
        if sum(name is not None for name in named) != 1:
            yield values.wrong(where, "set exactly one of resourceClaimName and resourceClaimTemplateName")
        for name, names, field, kind in (
            (named[0], claims, "resourceClaimName", "ResourceClaim"),
            (named[1], templates, "resourceClaimTemplateName", "ResourceClaimTemplate"),
        ):
            if waiting and name is not None and name not in names and known.complete:
                close = close_name(name, names)
                hint = f'did you mean "{close}"?' if close else "it is not among the given objects"
                seen = f'{kind} "{name}" does not exist in namespace {namespace}'
                yield values.wrong(f"{where}.{field}", seen, hint, f"{kind.removeprefix('Resource')}Missing")
    for field, containers in (("initContainers", spec.init_containers), ("containers", spec.containers)):
        for i, container in enumerate(containers):
            for k, used in enumerate(container.resources.claims):
                if used.name not in entries:
                    where = f"{path}.{field}[{i}].resources.claims[{k}].name"
                    hint = f"there are {', '.join(entries) or 'none'}"
                    yield values.wrong(where, f'the pod has no claim "{used.name}"', hint, "UnknownClaim")


class _Known:
    """Names of claims and templates by namespace; complete if there are any, as pods may rely on other files."""

    def __init__(self, snapshot: ClusterSnapshot) -> None:
        self.claims = _by_namespace(snapshot.claims)
        self.templates = _by_namespace(snapshot.templates)
        self.complete = bool(self.claims or self.templates)


def _by_namespace(records: Sequence[Record]) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for item in records:
        found.setdefault(item.metadata.namespace, set()).add(item.metadata.name)
    return {namespace: frozenset(names) for namespace, names in found.items()}
