"""Which resources the server serves, as data: one row a resource, and the API generation that it belongs to."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from dra_core.snapshot.generation import Generation
from dra_core.snapshot.json_value import JsonObject

from dra_sandbox.apiserver.schema import ANYTHING, Schema, read_book
from dra_sandbox.apiserver.schemas_core import CORE, META, PODS
from dra_sandbox.apiserver.schemas_devices import CLASSIC, CLASSIC_PODS, MODERN, MODERN_PODS
from dra_sandbox.apiserver.schemas_groups import OTHERS, WORKLOADS

KUBERNETES: Mapping[Generation, str] = {"modern": "v1.37.2", "classic": "v1.30.14"}
"""The Kubernetes version whose behaviour a generation shows."""

SUBRESOURCES: Mapping[str, tuple[str, str, str, tuple[str, ...]]] = {
    "status": ("", "", "", ("get", "patch", "update")),
    "finalize": ("", "", "", ("update",)),
    "log": ("", "", "", ("get",)),
    "scale": ("autoscaling", "v1", "Scale", ("get", "patch", "update")),
    "binding": ("", "v1", "Binding", ("create",)),
    "eviction": ("policy", "v1", "Eviction", ("create",)),
    "token": ("authentication.k8s.io", "v1", "TokenRequest", ("create",)),
}
"""Subresources: group, version and kind of their objects ("": those of the resource), and what can be done."""

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


class PrinterColumn(msgspec.Struct, frozen=True, kw_only=True):
    """A column that a CustomResourceDefinition asks for (additionalPrinterColumns)."""

    name: str
    type: str
    json_path: str = ""
    description: str = ""
    format: str = ""
    priority: int = 0


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """One served resource.

    Attributes:
        group: API group, "" for core.
        version: Served version.
        kind: Kind of the objects.
        plural: Name in paths.
        singular: Name for people.
        namespaced: Whether objects live in namespaces.
        short_names: Other names that kubectl takes.
        categories: Groups of resources such as ``all``.
        status: Whether there is a /status subresource.
        subresources: Other subresources.
        counts_generation: Whether metadata.generation follows changes outside of metadata and status.
        selectable: Fields for field selectors besides metadata.name and metadata.namespace.
        schema: What fields objects have.
        printer_columns: Columns of a custom resource; built-in kinds have theirs in ``columns``.
        validation: JSON schema of a custom resource, with Kubernetes' extensions.
        custom: Defined by a CustomResourceDefinition.
        stored_as: ``group/plural`` under which objects are kept; two versions or views of a resource share it.
        storage_version: The version objects are kept in, where it is not ``version``.
        verbs: What can be done.
    """

    group: str = ""
    version: str = "v1"
    kind: str
    plural: str
    singular: str = ""
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    status: bool = False
    subresources: tuple[str, ...] = ()
    counts_generation: bool = False
    selectable: tuple[str, ...] = ()
    schema: Schema = ANYTHING
    printer_columns: tuple[PrinterColumn, ...] = ()
    validation: JsonObject = {}
    custom: bool = False
    stored_as: str = ""
    storage_version: str = ""
    verbs: tuple[str, ...] = ALL_VERBS

    @property
    def qualified(self) -> str:
        """``deployments.apps``: the resource as error messages name it."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def api_version(self) -> str:
        """``apps/v1``, or ``v1`` for core."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def stored_api_version(self) -> str:
        """The apiVersion of objects as they are kept."""
        if self.stored_as == "/events":
            return "v1"
        version = self.storage_version or self.version
        return f"{self.group}/{version}" if self.group else version

    @property
    def store_key(self) -> str:
        """Where objects are kept: the same for all versions of a resource."""
        return self.stored_as or f"{self.group}/{self.plural}"

    @property
    def path_key(self) -> tuple[str, str, str]:
        """How a path names the resource."""
        return (self.group, self.version, self.plural)


_SHARED_TEXTS = (META, PODS, CORE, WORKLOADS, OTHERS)

EVENT_FIELDS = (
    "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
    "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath",
    "reason", "reportingComponent", "source", "type",
)  # fmt: skip
POD_FIELDS = (
    "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork",
    "status.phase", "status.podIP", "status.nominatedNodeName",
)  # fmt: skip

_APPS, _BATCH, _RBAC, _ADMISSION = "apps", "batch", "rbac.authorization.k8s.io", "admissionregistration.k8s.io"
_RESOURCE = "resource.k8s.io"

_ROWS: tuple[Resource, ...] = (
    Resource(kind="Namespace", plural="namespaces", namespaced=False, short_names=("ns",), status=True,
             subresources=("finalize",), selectable=("status.phase",),
             verbs=("create", "delete", "get", "list", "patch", "update", "watch")),
    Resource(kind="Node", plural="nodes", namespaced=False, short_names=("no",), status=True,
             selectable=("spec.unschedulable",)),
    Resource(kind="Pod", plural="pods", short_names=("po",), categories=("all",), status=True, counts_generation=True,
             subresources=("binding", "eviction", "log"), selectable=POD_FIELDS),
    Resource(kind="Event", plural="events", short_names=("ev",), selectable=EVENT_FIELDS),
    Resource(kind="Secret", plural="secrets", selectable=("type",)),
    Resource(kind="ConfigMap", plural="configmaps", short_names=("cm",)),
    Resource(kind="ServiceAccount", plural="serviceaccounts", short_names=("sa",), subresources=("token",)),
    Resource(kind="Service", plural="services", short_names=("svc",), categories=("all",), status=True,
             selectable=("spec.clusterIP", "spec.type")),
    Resource(group=_APPS, kind="DaemonSet", plural="daemonsets", short_names=("ds",), categories=("all",), status=True,
             counts_generation=True),
    Resource(group=_APPS, kind="Deployment", plural="deployments", short_names=("deploy",), categories=("all",),
             status=True, counts_generation=True, subresources=("scale",)),
    Resource(group=_APPS, kind="ReplicaSet", plural="replicasets", short_names=("rs",), categories=("all",),
             status=True, counts_generation=True, subresources=("scale",), selectable=("status.replicas",)),
    Resource(group=_APPS, kind="StatefulSet", plural="statefulsets", short_names=("sts",), categories=("all",),
             status=True, counts_generation=True, subresources=("scale",)),
    Resource(group=_APPS, kind="ControllerRevision", plural="controllerrevisions"),
    Resource(group=_BATCH, kind="Job", plural="jobs", categories=("all",), status=True, counts_generation=True,
             selectable=("status.successful",)),
    Resource(group="authentication.k8s.io", kind="SelfSubjectReview", plural="selfsubjectreviews", namespaced=False,
             verbs=("create",)),
    Resource(group="authentication.k8s.io", kind="TokenReview", plural="tokenreviews", namespaced=False,
             verbs=("create",)),
    Resource(group="authorization.k8s.io", kind="SelfSubjectAccessReview", plural="selfsubjectaccessreviews",
             namespaced=False, verbs=("create",)),
    Resource(group="authorization.k8s.io", kind="SubjectAccessReview", plural="subjectaccessreviews",
             namespaced=False, verbs=("create",)),
    Resource(group=_RBAC, kind="Role", plural="roles"),
    Resource(group=_RBAC, kind="RoleBinding", plural="rolebindings"),
    Resource(group=_RBAC, kind="ClusterRole", plural="clusterroles", namespaced=False),
    Resource(group=_RBAC, kind="ClusterRoleBinding", plural="clusterrolebindings", namespaced=False),
    Resource(group=_ADMISSION, kind="ValidatingAdmissionPolicy", plural="validatingadmissionpolicies",
             namespaced=False, categories=("api-extensions",), status=True, counts_generation=True),
    Resource(group=_ADMISSION, kind="ValidatingAdmissionPolicyBinding", plural="validatingadmissionpolicybindings",
             namespaced=False, categories=("api-extensions",), counts_generation=True),
    Resource(group=_ADMISSION, kind="ValidatingWebhookConfiguration", plural="validatingwebhookconfigurations",
             namespaced=False, categories=("api-extensions",), counts_generation=True),
    Resource(group=_ADMISSION, kind="MutatingWebhookConfiguration", plural="mutatingwebhookconfigurations",
             namespaced=False, categories=("api-extensions",), counts_generation=True),
    Resource(group="coordination.k8s.io", kind="Lease", plural="leases"),
    Resource(group="events.k8s.io", kind="Event", plural="events", short_names=("ev",), stored_as="/events",
             selectable=("regarding.kind", "regarding.namespace", "regarding.name", "regarding.uid", "reason", "type",
                         "reportingController")),
    Resource(group="scheduling.k8s.io", kind="PriorityClass", plural="priorityclasses", namespaced=False,
             short_names=("pc",), counts_generation=True),
    Resource(group="policy", kind="PodDisruptionBudget", plural="poddisruptionbudgets", short_names=("pdb",),
             status=True, counts_generation=True),
    Resource(group="apiextensions.k8s.io", kind="CustomResourceDefinition", plural="customresourcedefinitions",
             namespaced=False, short_names=("crd", "crds"), categories=("api-extensions",), status=True,
             counts_generation=True),
)  # fmt: skip

_MODERN_ROWS: tuple[Resource, ...] = (
    Resource(group=_RESOURCE, kind="ResourceSlice", plural="resourceslices", namespaced=False, counts_generation=True,
             selectable=("spec.nodeName", "spec.driver", "spec.pool.name")),
    Resource(group=_RESOURCE, kind="ResourceClaim", plural="resourceclaims", status=True),
    Resource(group=_RESOURCE, kind="ResourceClaimTemplate", plural="resourceclaimtemplates"),
    Resource(group=_RESOURCE, kind="DeviceClass", plural="deviceclasses", namespaced=False, counts_generation=True),
    Resource(group=_RESOURCE, kind="DeviceTaintRule", plural="devicetaintrules", namespaced=False, status=True,
             counts_generation=True),
)  # fmt: skip

_CLASSIC_ROWS: tuple[Resource, ...] = (
    Resource(group=_RESOURCE, version="v1alpha2", kind="ResourceClass", plural="resourceclasses", namespaced=False),
    Resource(group=_RESOURCE, version="v1alpha2", kind="ResourceClaim", plural="resourceclaims", status=True),
    Resource(group=_RESOURCE, version="v1alpha2", kind="ResourceClaimTemplate", plural="resourceclaimtemplates"),
    Resource(group=_RESOURCE, version="v1alpha2", kind="PodSchedulingContext", plural="podschedulingcontexts",
             status=True),
)  # fmt: skip


def _completed(row: Resource, book: Mapping[str, Schema]) -> Resource:
    name = "NewEvent" if row.group == "events.k8s.io" else row.kind
    return msgspec.structs.replace(row, singular=row.kind.lower(), schema=book[name])


def _table(of_pods: str, rows: tuple[Resource, ...], of_rows: str) -> tuple[Resource, ...]:
    shared, own = read_book(*_SHARED_TEXTS, of_pods), read_book(META, of_rows)
    return (*(_completed(row, shared) for row in _ROWS), *(_completed(row, own) for row in rows))


TABLE: Mapping[Generation, tuple[Resource, ...]] = {
    "modern": _table(MODERN_PODS, _MODERN_ROWS, MODERN),
    "classic": _table(CLASSIC_PODS, _CLASSIC_ROWS, CLASSIC),
}
"""The built-in resources of each generation, in the order of discovery."""
