"""What each kind adds to the rules that all objects share: defaults, what a write resets, and validation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

import msgspec
from dra_core.refusal import Refusal
from dra_core.snapshot.json_value import JsonObject

from dra_sandbox.apiserver.device_taints import check_rule, prepared_rule
from dra_sandbox.apiserver.requests import Circumstances
from dra_sandbox.apiserver.resources import Resource
from dra_sandbox.apiserver.rules_claim_status import check_claim_with_status
from dra_sandbox.apiserver.rules_claims import check_class, check_template, prepared_claim, prepared_template
from dra_sandbox.apiserver.rules_classic import (
    check_classic_claim,
    check_classic_class,
    check_classic_template,
    check_scheduling,
    prepared_classic_claim,
)
from dra_sandbox.apiserver.rules_core import (
    check_config,
    check_event,
    check_lease,
    check_namespace,
    check_node,
    check_priority,
    check_service,
    prepared_namespace,
    prepared_priority,
    prepared_secret,
    prepared_service,
)
from dra_sandbox.apiserver.rules_customs import check_custom, check_definition, prepared_custom, prepared_definition
from dra_sandbox.apiserver.rules_pods import check_pod, prepared_pod
from dra_sandbox.apiserver.rules_slices import check_slice, prepared_slice
from dra_sandbox.apiserver.rules_workloads import check_workload, prepared_workload

Prepare: TypeAlias = Callable[[Resource, JsonObject, JsonObject | None, Circumstances], JsonObject]
"""Resource, new object, old object (None: it is created), circumstances → the object as it is kept."""
Check: TypeAlias = Callable[[Resource, JsonObject, JsonObject | None], Iterator[Refusal]]
"""Resource, new object, old object → what is wrong."""


def _as_it_is(
    _resource: Resource, value: JsonObject, _old: JsonObject | None, _circumstances: Circumstances
) -> JsonObject:
    return value


def _nothing(_resource: Resource, _value: JsonObject, _old: JsonObject | None) -> Iterator[Refusal]:
    return iter(())


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of a kind.

    Attributes:
        prepare: Sets defaults and what only the server says.
        check: Validates.
        keeps_status_at_creation: Whether a new object may come with a status (nodes do).
        status_metadata: Fields of metadata that a write to /status changes.
        needs_version: Whether an update must say which resourceVersion it is for.
        returned_when_deleted: Whether DELETE answers with the object instead of a Status.
        default_propagation: What becomes of dependents if DELETE does not say.
    """

    prepare: Prepare = _as_it_is
    check: Check = _nothing
    keeps_status_at_creation: bool = False
    status_metadata: tuple[str, ...] = ()
    needs_version: bool = False
    returned_when_deleted: bool = False
    default_propagation: str = "Background"


_WORKLOAD = Rules(prepare=prepared_workload, check=check_workload)
RULES: Mapping[str, Rules] = {
    "/namespaces": Rules(prepare=prepared_namespace, check=check_namespace, returned_when_deleted=True),
    "/nodes": Rules(check=check_node, keeps_status_at_creation=True, status_metadata=("labels", "annotations")),
    "/pods": Rules(
        prepare=prepared_pod, check=check_pod, status_metadata=("labels", "annotations"), returned_when_deleted=True
    ),
    "/events": Rules(check=check_event),
    "/secrets": Rules(prepare=prepared_secret, check=check_config),
    "/configmaps": Rules(check=check_config),
    "/serviceaccounts": Rules(returned_when_deleted=True),
    "/services": Rules(prepare=prepared_service, check=check_service, returned_when_deleted=True),
    "apps/daemonsets": _WORKLOAD,
    "apps/deployments": _WORKLOAD,
    "apps/replicasets": _WORKLOAD,
    "apps/statefulsets": _WORKLOAD,
    "batch/jobs": msgspec.structs.replace(_WORKLOAD, default_propagation="Orphan"),
    "coordination.k8s.io/leases": Rules(check=check_lease, needs_version=True),
    "scheduling.k8s.io/priorityclasses": Rules(prepare=prepared_priority, check=check_priority),
    "apiextensions.k8s.io/customresourcedefinitions": Rules(
        prepare=prepared_definition, check=check_definition, needs_version=True
    ),
    "resource.k8s.io/resourceslices": Rules(prepare=prepared_slice, check=check_slice, returned_when_deleted=True),
    "resource.k8s.io/deviceclasses": Rules(check=check_class, returned_when_deleted=True),
    "resource.k8s.io/devicetaintrules": Rules(prepare=prepared_rule, check=check_rule, returned_when_deleted=True),
    "resource.k8s.io/resourceclaims": Rules(
        prepare=prepared_claim, check=check_claim_with_status, returned_when_deleted=True
    ),
    "resource.k8s.io/resourceclaimtemplates": Rules(
        prepare=prepared_template, check=check_template, returned_when_deleted=True
    ),
}
_CLASSIC: Mapping[str, Rules] = {
    "resourceclasses": Rules(check=check_classic_class),
    "resourceclaims": Rules(prepare=prepared_classic_claim, check=check_classic_claim),
    "resourceclaimtemplates": Rules(check=check_classic_template),
    "podschedulingcontexts": Rules(check=check_scheduling),
}
_PLAIN = Rules()
_CUSTOM = Rules(prepare=prepared_custom, check=check_custom, needs_version=True)


def rules_of(resource: Resource) -> Rules:
    """The rules of a resource."""
    if resource.custom:
        return _CUSTOM
    if resource.version == "v1alpha2":
        return _CLASSIC[resource.plural]
    return RULES.get(resource.store_key, _PLAIN)
