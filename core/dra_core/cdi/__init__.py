"""Container Device Interface: the files that tell a container runtime what a claim's devices change in a container."""

from dra_core.cdi.container_edits import ContainerEdits, DeviceNode, Hook, Mount
from dra_core.cdi.file_names import claim_file_name, claim_uid_of, common_file_name
from dra_core.cdi.identity import COMMON_DEVICE, device_id, device_name, kind
from dra_core.cdi.spec import CdiDevice, CdiSpec, claim_spec, common_spec, spec_text
from dra_core.cdi.validation import faults_of_spec

__all__ = [
    "COMMON_DEVICE",
    "CdiDevice",
    "CdiSpec",
    "ContainerEdits",
    "DeviceNode",
    "Hook",
    "Mount",
    "claim_file_name",
    "claim_spec",
    "claim_uid_of",
    "common_file_name",
    "common_spec",
    "device_id",
    "device_name",
    "faults_of_spec",
    "kind",
    "spec_text",
]
