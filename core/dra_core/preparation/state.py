"""What is prepared on the node: the checkpoint, read.

A checkpoint is one of three things: understood, damaged, or written by a newer version of the driver.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import msgspec
from pyrsistent import PMap, pmap

from dra_core.cdi.container_edits import ContainerEdits
from dra_core.snapshot.json_value import Json, JsonObject


class DeviceMetadata(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a container is told of a device in a file.

    Attributes:
        request: As allocated: ``gpu``, or ``gpu/sub``.
        attributes: As published (resource.k8s.io/v1, DeviceAttribute by name).
    """

    request: str
    attributes: Mapping[str, Json] = {}


class PreparedDevice(
    msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, forbid_unknown_fields=True, kw_only=True
):
    """A device of a prepared claim: what the kubelet is answered, and what the CDI file holds.

    Attributes:
        request_names: Base names of requests (``gpu``, not ``gpu/sub``): the kubelet compares exactly.
        pool: The device's pool.
        device: The device's name in the pool.
        share_id: Echoed from the allocation (kubelet API v1 only).
        admin_access: The claim does not own the device.
        cdi_device_ids: In the order in which a container gets them.
        edits: What its own CDI device changes in a container: enough to write the CDI file again.
        metadata: What a file in the container says of it; None: there is no such file.
    """

    request_names: tuple[str, ...]
    pool: str
    device: str
    share_id: str | None = msgspec.field(name="shareID", default=None)
    admin_access: bool = False
    cdi_device_ids: tuple[str, ...] = msgspec.field(name="cdiDeviceIDs", default=())
    edits: ContainerEdits = msgspec.field(default=ContainerEdits())
    metadata: DeviceMetadata | None = None


class PreparedClaim(
    msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, forbid_unknown_fields=True, kw_only=True
):
    """A claim that may be in use on this node.

    Without devices it comes from an older checkpoint, which held UIDs only: the next prepare fills it in.
    ``pod_claim_name`` is the pod's name for a claim that was made from a template, where a metadata file needs it.
    """

    namespace: str = ""
    name: str = ""
    pod_claim_name: str = ""
    devices: tuple[PreparedDevice, ...] = ()


class PreparedClaims(msgspec.Struct, frozen=True):
    """A checkpoint that was understood (or none yet: no claims). Keys are claim UIDs."""

    claims: PMap[str, PreparedClaim] = msgspec.field(default_factory=lambda: pmap({}))


class DamagedCheckpoint(msgspec.Struct, frozen=True):
    """A checkpoint that cannot be read; which claims are prepared is not known.

    Attributes:
        reason: What is wrong with it, for people.
        digest: First 16 hexadecimal digits of the sha256 of its content: names the copy that is kept aside.
    """

    reason: str
    digest: str


class NewerCheckpoint(msgspec.Struct, frozen=True):
    """A checkpoint of a later format.

    Every format keeps the envelope (``formatVersion``, ``checksum``, ``claims`` by UID), so that an older driver can
    take a claim out without losing what it does not understand of the others.

    Attributes:
        version: Its format version.
        envelope: Everything but ``claims`` and ``checksum``, as found.
        claims: By UID, as found; None if they are not an object by UID.
    """

    version: int
    envelope: JsonObject
    claims: PMap[str, Json] | None


Checkpoint: TypeAlias = PreparedClaims | DamagedCheckpoint | NewerCheckpoint
