"""ResourceClass of resource.k8s.io/v1alpha2 (Kubernetes 1.30): which driver, with which parameters, on which nodes."""

from __future__ import annotations

from dra_core.snapshot.api_record import ApiRecord
from dra_core.snapshot.metadata import ObjectMeta
from dra_core.snapshot.node_selector import NodeSelector


class ClassParametersReference(ApiRecord, frozen=True, kw_only=True):
    """An object with parameters; no namespace: one that belongs to none."""

    api_group: str = ""
    kind: str
    name: str
    namespace: str = ""


class ClassicClass(ApiRecord, frozen=True, kw_only=True):
    """A ResourceClass, whose fields stand at the top.

    Attributes:
        driver_name: Whose controller allocates claims of the class.
        parameters_ref: What holds for all of them.
        suitable_nodes: The only nodes that come into question; None: all.
        structured_parameters: The scheduler allocates itself, without the driver's controller.
    """

    api_version: str = "resource.k8s.io/v1alpha2"
    kind: str = "ResourceClass"
    metadata: ObjectMeta = ObjectMeta()
    driver_name: str
    parameters_ref: ClassParametersReference | None = None
    suitable_nodes: NodeSelector | None = None
    structured_parameters: bool | None = None
