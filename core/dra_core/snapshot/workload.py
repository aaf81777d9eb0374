"""What makes pods, and what else than nodes and claims decides about them: the parts needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from dra_core.snapshot.api_record import PartialApiRecord
from dra_core.snapshot.metadata import ObjectMeta
from dra_core.snapshot.pod import LabelSelector, PodResourceClaim, PodSpec, Toleration
from dra_core.snapshot.quantity import Amount


class PodTemplate(PartialApiRecord, frozen=True, kw_only=True):
    """Labels and spec of the pods to be made."""

    metadata: ObjectMeta = ObjectMeta()
    spec: PodSpec = PodSpec()


class ReplicatedSpec(PartialApiRecord, frozen=True, kw_only=True):
    """How many pods of which kind, and which are its own; the API server's default is 1."""

    replicas: int | None = None
    selector: LabelSelector | None = None
    template: PodTemplate = PodTemplate()


class JobSpec(PartialApiRecord, frozen=True, kw_only=True):
    """How many pods at a time, how many in all (both 1 if not said), of which kind."""

    parallelism: int | None = None
    completions: int | None = None
    suspend: bool | None = None
    template: PodTemplate = PodTemplate()


class JobStatus(PartialApiRecord, frozen=True, kw_only=True):
    """How many pods are done."""

    succeeded: int = 0


class Deployment(PartialApiRecord, frozen=True, kw_only=True):
    """A Deployment (apps/v1)."""

    api_version: str = "apps/v1"
    kind: str = "Deployment"
    metadata: ObjectMeta = ObjectMeta()
    spec: ReplicatedSpec = ReplicatedSpec()


class ReplicaSet(PartialApiRecord, frozen=True, kw_only=True):
    """A ReplicaSet (apps/v1)."""

    api_version: str = "apps/v1"
    kind: str = "ReplicaSet"
    metadata: ObjectMeta = ObjectMeta()
    spec: ReplicatedSpec = ReplicatedSpec()


class StatefulSet(PartialApiRecord, frozen=True, kw_only=True):
    """A StatefulSet (apps/v1)."""

    api_version: str = "apps/v1"
    kind: str = "StatefulSet"
    metadata: ObjectMeta = ObjectMeta()
    spec: ReplicatedSpec = ReplicatedSpec()


class Job(PartialApiRecord, frozen=True, kw_only=True):
    """A Job (batch/v1)."""

    api_version: str = "batch/v1"
    kind: str = "Job"
    metadata: ObjectMeta = ObjectMeta()
    spec: JobSpec = JobSpec()
    status: JobStatus = JobStatus()


class DaemonSetSpec(PartialApiRecord, frozen=True, kw_only=True):
    """The pod that each node gets that it may run on."""

    template: PodTemplate = PodTemplate()


class DaemonSet(PartialApiRecord, frozen=True, kw_only=True):
    """A DaemonSet (apps/v1)."""

    api_version: str = "apps/v1"
    kind: str = "DaemonSet"
    metadata: ObjectMeta = ObjectMeta()
    spec: DaemonSetSpec = DaemonSetSpec()


class JobTemplate(PartialApiRecord, frozen=True, kw_only=True):
    """The Jobs to be made."""

    metadata: ObjectMeta = ObjectMeta()
    spec: JobSpec = JobSpec()


class CronJobSpec(PartialApiRecord, frozen=True, kw_only=True):
    """The Job that is made each time."""

    job_template: JobTemplate = JobTemplate()
    suspend: bool | None = None


class CronJob(PartialApiRecord, frozen=True, kw_only=True):
    """A CronJob (batch/v1)."""

    api_version: str = "batch/v1"
    kind: str = "CronJob"
    metadata: ObjectMeta = ObjectMeta()
    spec: CronJobSpec = CronJobSpec()


Workload: TypeAlias = Deployment | ReplicaSet | StatefulSet | Job | DaemonSet | CronJob
"""An object that makes pods from a template."""


class PodGroupSpec(PartialApiRecord, frozen=True, kw_only=True):
    """Claims that the group's pods share."""

    resource_claims: tuple[PodResourceClaim, ...] = ()


class PodGroup(PartialApiRecord, frozen=True, kw_only=True):
    """Pods that are scheduled together and may share claims (scheduling.k8s.io, 1.36 alpha, 1.37 beta)."""

    api_version: str = "scheduling.k8s.io/v1beta1"
    kind: str = "PodGroup"
    metadata: ObjectMeta = ObjectMeta()
    spec: PodGroupSpec = PodGroupSpec()


class RuntimeClassScheduling(PartialApiRecord, frozen=True, kw_only=True):
    """Where pods of a RuntimeClass may run."""

    node_selector: Mapping[str, str] = {}
    tolerations: tuple[Toleration, ...] = ()


class RuntimeClassOverhead(PartialApiRecord, frozen=True, kw_only=True):
    """What a pod of a RuntimeClass costs beside its containers, as quantities."""

    pod_fixed: Mapping[str, Amount] = {}


class RuntimeClass(PartialApiRecord, frozen=True, kw_only=True):
    """A RuntimeClass (node.k8s.io/v1): how containers are run, and what that asks of nodes."""

    api_version: str = "node.k8s.io/v1"
    kind: str = "RuntimeClass"
    metadata: ObjectMeta = ObjectMeta()
    overhead: RuntimeClassOverhead | None = None
    scheduling: RuntimeClassScheduling | None = None


class PriorityClass(PartialApiRecord, frozen=True, kw_only=True):
    """A PriorityClass (scheduling.k8s.io/v1): which pods come first."""

    api_version: str = "scheduling.k8s.io/v1"
    kind: str = "PriorityClass"
    metadata: ObjectMeta = ObjectMeta()
    value: int = 0
    global_default: bool = False
    preemption_policy: str | None = None


class Namespace(PartialApiRecord, frozen=True, kw_only=True):
    """A namespace; its labels decide about admin access."""

    api_version: str = "v1"
    kind: str = "Namespace"
    metadata: ObjectMeta = ObjectMeta()
