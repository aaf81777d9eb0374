"""Makes a pod's own claims from templates (the first half of kube-controller-manager's resource claim controller).

Two steps, so that a crash in between makes no second claim: the claim, recognised by its owner and an annotation; then
its name in ``pod.status.resourceClaimStatuses``.
"""

from __future__ import annotations

from dra_core.snapshot.json_value import JsonObject, object_at, text_at

from dra_sandbox.kubelet.prepared_claims import source_of
from dra_sandbox.world.objects import (
    CLAIM,
    CLAIM_TEMPLATE,
    POD,
    World,
    annotations_of,
    being_deleted,
    controller_uid,
    labels_of,
    name_of,
    namespace_of,
    objects_at,
    pod_finished,
    uid_of,
)
from dra_sandbox.world.writes import Create, Emit, Write, delete, owner_reference, patch

POD_CLAIM_NAME = "resource.kubernetes.io/pod-claim-name"  # annotation on generated claims: the pod's name for the claim
EXTENDED_RESOURCE_CLAIM = "resource.kubernetes.io/extended-resource-claim"  # annotation on those of the scheduler
LONGEST_BASE = 57  # of 63 characters, a dash and five random ones are for the API server
COMPONENT = "resourceclaim-controller"


def generated_claims(world: World) -> tuple[Write, ...]:
    """What is missing so that every waiting pod has the claims that its templates promise."""
    writes: list[Write] = []
    for pod in world.all(POD):
        if pod_finished(pod) or being_deleted(pod):
            continue
        recorded = {text_at(item, "name"): item for item in objects_at(pod, "status", "resourceClaimStatuses")}
        known = dict(recorded)
        for entry in objects_at(pod, "spec", "resourceClaims"):
            entry_name, template_name = text_at(entry, "name"), text_at(source_of(entry), "resourceClaimTemplateName")
            if not template_name or entry_name in recorded:
                continue
            claim = generated_claim(world, pod, entry_name)
            if claim is not None:
                known[entry_name] = {"name": entry_name, "resourceClaimName": name_of(claim)}
            else:
                writes.append(_create(world, pod, entry_name, template_name))
        if len(known) > len(recorded):
            writes.append(patch(pod, {"status": {"resourceClaimStatuses": list(known.values())}}, "status"))
    return tuple(writes)


def generated_claim(world: World, pod: JsonObject, entry_name: str) -> JsonObject | None:
    """The claim that was made for this entry of the pod."""
    return next(
        (
            claim
            for claim in world.all(CLAIM)
            if namespace_of(claim) == namespace_of(pod)
            and controller_uid(claim) == uid_of(pod)
            and annotations_of(claim).get(POD_CLAIM_NAME) == entry_name
        ),
        None,
    )


def claims_of_finished_pods(world: World) -> tuple[Write, ...]:
    """Generated claims live as long as their pod runs: a finished pod keeps none (KEP-3063)."""
    finished = {uid_of(pod) for pod in world.all(POD) if pod_finished(pod)}
    return tuple(
        delete(claim, "Background")
        for claim in world.all(CLAIM)
        if annotations_of(claim).keys() & {POD_CLAIM_NAME, EXTENDED_RESOURCE_CLAIM}
        and controller_uid(claim) in finished
        and not being_deleted(claim)
    )


def generate_name(pod_name: str, entry_name: str) -> str:
    """``<pod>-<entry>-``; both are shortened in proportion when the result would be too long for a label."""
    length = len(pod_name) + 1 + len(entry_name)
    if length > LONGEST_BASE:
        pod_name = pod_name[: len(pod_name) * LONGEST_BASE // length]
        entry_name = entry_name[: len(entry_name) * LONGEST_BASE // length]
    return f"{pod_name}-{entry_name}-"


def _create(world: World, pod: JsonObject, entry_name: str, template_name: str) -> Write:
    template = world.get(CLAIM_TEMPLATE, namespace_of(pod), template_name)
    if template is None:
        return Emit(
            about=pod,
            severity="Warning",
            reason="FailedResourceClaimCreation",
            message=f"PodResourceClaim {entry_name}: resource claim template {template_name!r} does not exist in "
            f"namespace {namespace_of(pod)!r}; the claim is made as soon as it does",
            component=COMPONENT,
        )
    wanted = object_at(template, "spec")
    return Create(
        body={
            "apiVersion": text_at(template, "apiVersion"),
            "kind": "ResourceClaim",
            "metadata": {
                "generateName": generate_name(name_of(pod), entry_name),
                "namespace": namespace_of(pod),
                "labels": dict(labels_of(wanted)),
                "annotations": {**annotations_of(wanted), POD_CLAIM_NAME: entry_name},
                "ownerReferences": [owner_reference(pod)],
            },
            "spec": object_at(wanted, "spec"),
        }
    )
