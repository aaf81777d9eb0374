"""Which claims a pod has: existing ones, ones made for it, and ones that will be made from its templates.

The rules are those of kube-controller-manager's resource claim controller and of the scheduler's PreFilter
(KEP-4381): a claim of the pod's own is found through the pod's status or through its owner and annotation; one that is
being deleted, missing or used by too many keeps the pod away from every node.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from functools import cached_property

import msgspec

from dra_core.refusal import Fault, Refusal, Refusals
from dra_core.snapshot.metadata import ObjectMeta
from dra_core.snapshot.pod import Pod, PodResourceClaim
from dra_core.snapshot.resource_claim import (
    ResourceClaim,
    ResourceClaimConsumerReference,
    ResourceClaimTemplate,
)
from dra_core.snapshot.workload import PodGroup

POD_CLAIM_NAME = "resource.kubernetes.io/pod-claim-name"  # annotation on generated claims: the pod's name for the claim
MOST_CONSUMERS = 256  # resource/v1 ResourceClaimReservedForMaxSize
ADMIN_ACCESS_LABEL = "resource.kubernetes.io/admin-access"


class Reference(msgspec.Struct, frozen=True, rename="camel"):
    """An object by kind, namespace ("" for none) and name."""

    kind: str
    namespace: str
    name: str

    @property
    def text(self) -> str:
        """``Kind namespace/name``."""
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


class PodClaim(msgspec.Struct, frozen=True):
    """A claim of a pod.

    Attributes:
        entry: The pod's own name for it.
        claim: The claim; made up from the template if it does not exist yet.
        written: Where its spec is written: the claim, or the template that makes it.
        exists: Whether the claim exists.
        group: The PodGroup whose claim it is, and which is its consumer in place of the pods (KEP-5729).
    """

    entry: str
    claim: ResourceClaim
    written: Reference
    exists: bool
    group: PodGroup | None = None

    def consumer(self, pod: Pod) -> ResourceClaimConsumerReference:
        """For whom kube-scheduler reserves it; a pod that has no UID yet goes by its name."""
        if self.group is not None:
            group = self.group.metadata
            return ResourceClaimConsumerReference(
                api_group="scheduling.k8s.io", resource="podgroups", name=group.name, uid=group.uid or group.name
            )
        name = pod.metadata.name
        return ResourceClaimConsumerReference(resource="pods", name=name, uid=pod.metadata.uid or name)


class PodClaims(msgspec.Struct, frozen=True):
    """All claims of a pod, in its order, each once; and what keeps the pod away from every node."""

    claims: tuple[PodClaim, ...]
    faults: Refusals

    @property
    def open(self) -> tuple[PodClaim, ...]:
        """Those that have no devices yet."""
        return tuple(item for item in self.claims if item.claim.status.allocation is None)

    @property
    def allocated(self) -> tuple[PodClaim, ...]:
        """Those that have."""
        return tuple(item for item in self.claims if item.claim.status.allocation is not None)


class ClaimIndex:
    """Claims and templates by namespace and name, and claims by the pod that owns them."""

    def __init__(
        self,
        claims: Iterable[ResourceClaim],
        templates: Iterable[ResourceClaimTemplate],
        groups: Iterable[PodGroup] = (),
    ) -> None:
        self.claims: Mapping[tuple[str, str], ResourceClaim] = {
            (item.metadata.namespace, item.metadata.name): item for item in claims
        }
        self.templates: Mapping[tuple[str, str], ResourceClaimTemplate] = {
            (item.metadata.namespace, item.metadata.name): item for item in templates
        }
        self.groups: Mapping[tuple[str, str], PodGroup] = {
            (item.metadata.namespace, item.metadata.name): item for item in groups
        }

    @cached_property
    def _generated(self) -> Mapping[tuple[str, str], ResourceClaim]:
        """Claims that were made for pods or groups, by the owner's uid and its name for the claim."""
        found: dict[tuple[str, str], ResourceClaim] = {}
        for claim in self.claims.values():
            entry = claim.metadata.annotations.get(POD_CLAIM_NAME)
            owner = next((item.uid for item in claim.metadata.owner_references if item.controller), "")
            if entry is not None and owner:
                found[owner, entry] = claim
        return found

    def of_pod(self, pod: Pod) -> PodClaims:
        """The pod's claims."""
        found: dict[str, PodClaim] = {}
        faults: list[Refusal] = []
        made = {item.name: item for item in pod.status.resource_claim_statuses}
        for i, entry in enumerate(pod.spec.resource_claims):
            path = f"spec.resourceClaims[{i}]"
            status = made.get(entry.name)
            if status is not None and entry.resource_claim_template_name is not None:
                if status.resource_claim_name is None:
                    continue  # nothing was needed
                item = self._existing(pod, entry, status.resource_claim_name, path, faults)
            elif entry.resource_claim_name is not None:
                item = self._existing(pod, entry, entry.resource_claim_name, path, faults)
            else:
                item = self._generated_or_new(pod, entry, path, faults)
            if item is not None:
                found.setdefault(
                    item.claim.metadata.name, msgspec.structs.replace(item, group=self._group_of(pod, entry))
                )
        extended = pod.status.extended_resource_claim_status
        if extended is not None and extended.resource_claim_name not in found:
            claim = self.claims.get((pod.metadata.namespace, extended.resource_claim_name))
            if claim is not None:
                written = Reference("ResourceClaim", pod.metadata.namespace, claim.metadata.name)
                found[claim.metadata.name] = PodClaim("(extended resources)", claim, written, True)
        return PodClaims(tuple(found.values()), tuple(faults))

    def _existing(
        self, pod: Pod, entry: PodResourceClaim, name: str, path: str, faults: list[Refusal]
    ) -> PodClaim | None:
        namespace = pod.metadata.namespace
        claim = self.claims.get((namespace, name))
        if claim is None:
            seen = f'ResourceClaim "{name}" does not exist in namespace {namespace}'
            hint = f"create it{_close(name, self.claims, namespace)}"
            faults.append(_fault("ClaimMissing", Fault.USER, f"{path}.resourceClaimName", seen, hint))
            return None
        faults += faults_of_use(pod, claim, path)
        return PodClaim(entry.name, claim, self._written(claim, entry), True)

    def _written(self, claim: ResourceClaim, entry: PodResourceClaim) -> Reference:
        name = entry.resource_claim_template_name
        template = self.templates.get((claim.metadata.namespace, name)) if name is not None else None
        if template is not None and template.spec.spec == claim.spec:
            return Reference("ResourceClaimTemplate", template.metadata.namespace, template.metadata.name)
        return Reference("ResourceClaim", claim.metadata.namespace, claim.metadata.name)

    def _generated_or_new(self, pod: Pod, entry: PodResourceClaim, path: str, faults: list[Refusal]) -> PodClaim | None:
        namespace, name = pod.metadata.namespace, entry.resource_claim_template_name
        if name is None:
            seen = "neither resourceClaimName nor resourceClaimTemplateName is set"
            faults.append(_fault("ClaimSourceMissing", Fault.USER, path, seen, "set one of them"))
            return None
        group = self._group_of(pod, entry)
        shared = self._of_group(group, entry) if group is not None else None
        if shared is not None:
            return shared
        claim = self._generated.get((pod.metadata.uid, entry.name)) if pod.metadata.uid else None
        if claim is not None:
            faults += faults_of_use(pod, claim, path)
            return PodClaim(entry.name, claim, self._written(claim, entry), True)
        template = self.templates.get((namespace, name))
        if template is None:
            seen = f'ResourceClaimTemplate "{name}" does not exist in namespace {namespace}'
            hint = f"create it{_close(name, self.templates, namespace)}"
            faults.append(_fault("TemplateMissing", Fault.USER, f"{path}.resourceClaimTemplateName", seen, hint))
            return None
        written = Reference("ResourceClaimTemplate", namespace, name)
        return PodClaim(entry.name, made_from(template, f"{pod.metadata.name}-{entry.name}"), written, False)

    def _group_of(self, pod: Pod, entry: PodResourceClaim) -> PodGroup | None:
        """The pod's PodGroup, if it has the same entry: then the claim is the group's (KEP-5729)."""
        membership = pod.spec.scheduling_group
        name = membership.pod_group_name if membership is not None else None
        group = self.groups.get((pod.metadata.namespace, name)) if name else None
        return group if group is not None and entry in group.spec.resource_claims else None

    def _of_group(self, group: PodGroup, entry: PodResourceClaim) -> PodClaim | None:
        namespace = group.metadata.namespace
        claim = self._generated.get((group.metadata.uid, entry.name)) if group.metadata.uid else None
        template_name = entry.resource_claim_template_name or ""
        template = self.templates.get((namespace, template_name))
        written = Reference("ResourceClaimTemplate", namespace, template_name)
        if claim is not None:
            return PodClaim(entry.name, claim, written, True)
        if template is None:
            return None
        claim_name = f"{group.metadata.name}-{entry.name}"
        made = self.claims.get((namespace, claim_name))
        return PodClaim(entry.name, made or made_from(template, claim_name), written, made is not None)


def made_from(template: ResourceClaimTemplate, name: str) -> ResourceClaim:
    """The claim that a template makes."""
    metadata = ObjectMeta(
        name=name,
        namespace=template.metadata.namespace,
        labels=template.spec.metadata.labels,
        annotations=template.spec.metadata.annotations,
    )
    return ResourceClaim(metadata=metadata, spec=template.spec.spec)


def reserved(claim: ResourceClaim, consumer: ResourceClaimConsumerReference) -> ResourceClaim:
    """The claim with one more consumer, or as it is if it has it."""
    consumers = claim.status.reserved_for
    if any((item.resource, item.uid) == (consumer.resource, consumer.uid) for item in consumers):
        return claim
    status = msgspec.structs.replace(claim.status, reserved_for=(*consumers, consumer))
    return msgspec.structs.replace(claim, status=status)


def faults_of_use(pod: Pod, claim: ResourceClaim, path: str) -> Refusals:
    """What keeps the pod from using an existing claim."""
    name, faults = claim.metadata.name, []
    if claim.metadata.deletion_timestamp is not None:
        faults.append(
            _fault(
                "ClaimBeingDeleted",
                Fault.USER,
                path,
                f'ResourceClaim "{name}" is being deleted since {claim.metadata.deletion_timestamp}{_holding(claim)}',
                "wait until it is gone and create it anew; if it stays, look at who holds it",
            )
        )
    consumers = claim.status.reserved_for
    mine = any(item.uid == pod.metadata.uid for item in consumers if pod.metadata.uid)
    if not mine and len(consumers) >= MOST_CONSUMERS:
        seen = f'ResourceClaim "{name}" is used by {MOST_CONSUMERS} pods, the most that are allowed'
        faults.append(_fault("ClaimFull", Fault.USER, path, seen, "make a further claim"))
    return tuple(faults)


def _holding(claim: ResourceClaim) -> str:
    """Who keeps a claim that is being deleted."""
    reserved = [f"{item.resource.removesuffix('s')} {item.name}" for item in claim.status.reserved_for]
    parts = []
    if reserved:
        parts.append(f"used by {', '.join(reserved[:3])}{' and others' if len(reserved) > 3 else ''}")
    if claim.metadata.finalizers:
        parts.append(f"finalizers {', '.join(claim.metadata.finalizers)}")
    return f", held by {'; '.join(parts)}" if parts else ""


def _close(name: str, known: Mapping[tuple[str, str], object], namespace: str) -> str:
    close = close_name(name, (other for space, other in known if space == namespace))
    if close:
        return f', or did you mean "{close}"?'
    elsewhere = sorted(space for space, other in known if other == name)
    return f", or did you mean the one in namespace {elsewhere[0]}?" if elsewhere else ""


def close_name(name: str, known: Iterable[str]) -> str:
    """The known name that a misspelt one most likely means; "" if none is close."""
    close = difflib.get_close_matches(name, list(known)[:2000], n=1, cutoff=0.75)
    return close[0] if close else ""


def _fault(code: str, fault: Fault, path: str, seen: str, hint: str) -> Refusal:
    return Refusal(code=code, fault=fault, path=path, seen=seen, hint=hint)
