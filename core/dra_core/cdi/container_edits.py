"""What a device changes in a container, as CDI's ``containerEdits`` (CDI specification, SPEC.md)."""

from __future__ import annotations

import msgspec


class CdiRecord(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, forbid_unknown_fields=True):
    """A part of a CDI file."""


class DeviceNode(CdiRecord, frozen=True, kw_only=True):
    """A device node made in the container; ``host_path`` differs from ``path`` only if given (CDI 0.5.0)."""

    path: str
    host_path: str = ""
    type: str = ""
    major: int | None = None
    minor: int | None = None
    file_mode: int | None = None
    permissions: str = ""
    uid: int | None = None
    gid: int | None = None


class Mount(CdiRecord, frozen=True, kw_only=True):
    """A mount in the container; ``type`` needs CDI 0.4.0."""

    host_path: str
    container_path: str
    options: tuple[str, ...] = ()
    type: str = ""


class Hook(CdiRecord, frozen=True, kw_only=True):
    """An OCI hook that the runtime runs."""

    hook_name: str
    path: str
    args: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    timeout: int | None = None


class ContainerEdits(CdiRecord, frozen=True, kw_only=True):
    """Environment (``NAME=value``), device nodes, mounts, hooks and supplementary groups (the last: CDI 0.7.0)."""

    env: tuple[str, ...] = ()
    device_nodes: tuple[DeviceNode, ...] = ()
    mounts: tuple[Mount, ...] = ()
    hooks: tuple[Hook, ...] = ()
    additional_gids: tuple[int, ...] = msgspec.field(name="additionalGids", default=())

    @property
    def empty(self) -> bool:
        """Whether nothing is changed; CDI refuses a device without edits."""
        return self == ContainerEdits()

    def followed_by(self, later: ContainerEdits) -> ContainerEdits:
        """Both edits, ours first; of an environment variable set twice, the runtime keeps the later."""
        return ContainerEdits(
            env=self.env + later.env,
            device_nodes=self.device_nodes + later.device_nodes,
            mounts=self.mounts + later.mounts,
            hooks=self.hooks + later.hooks,
            additional_gids=self.additional_gids + later.additional_gids,
        )
