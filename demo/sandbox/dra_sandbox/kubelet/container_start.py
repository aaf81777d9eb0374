"""From a container of a pod to the process that stands for it: image, environment, CDI devices, paths and ports."""

from __future__ import annotations

import base64
import binascii
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

import msgspec
from dra_core.snapshot.json_value import Json, JsonObject, object_at, text_at
from returns.result import Failure, Result, Success

from dra_sandbox.kubelet.cdi_resolution import SpecFile, read_devices, resolve
from dra_sandbox.kubelet.directories import PLACES, NodeDirectories
from dra_sandbox.kubelet.environment import Sources, Started, replace_paths, replace_ports, start_of
from dra_sandbox.kubelet.images import PATH, Image, command_line, image_for, unknown_image
from dra_sandbox.kubelet.prepared_claims import Held, devices_of_container
from dra_sandbox.world.objects import NODE, World, namespace_of, texts

CONFIG_MAP, SECRET = "ConfigMap", "Secret"


class Launch(msgspec.Struct, frozen=True, kw_only=True):
    """A process to start."""

    argv: tuple[str, ...]
    env: Mapping[str, str]


class Hindrance(msgspec.Struct, frozen=True, kw_only=True):
    """Why a container cannot be started: the kubelet's word for it, and a sentence."""

    reason: str
    message: str


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What a pod was given on this machine.

    Attributes:
        env: Variables that all its containers have.
        mounts: By container: container path → path on this machine.
        ports: Container port → port of this machine.
    """

    env: Mapping[str, str]
    mounts: Mapping[str, Mapping[str, str]]
    ports: Mapping[int, int]


def launch_of(
    pod: JsonObject,
    container: JsonObject,
    world: World,
    held: Held,
    directories: NodeDirectories,
    surroundings: Surroundings,
) -> Result[Launch, Hindrance]:
    """Put the process together; CDI files are read from the node's directories at this moment."""
    image = image_for(text_at(container, "image"))
    if image is None:
        return Failure(Hindrance(reason="ErrImagePull", message=unknown_image(text_at(container, "image"))))
    started = start_of(pod, container, sources_in(world, pod), {"PATH": PATH, **surroundings.env, **image.env})
    if isinstance(started, Failure):
        return Failure(Hindrance(reason="CreateContainerConfigError", message=started.failure()))
    ids = tuple(name for *_, device in devices_of_container(held, pod, container) for name in device.cdi_ids)
    edits = resolve(read_devices(spec_files(directories.cdi)), ids)
    if isinstance(edits, Failure):
        return Failure(Hindrance(reason="CreateContainerError", message=edits.failure()))
    injected = edits.unwrap()
    bound = {text_at(mount, "containerPath"): text_at(mount, "hostPath") for mount in injected.mounts}
    places = {
        **_places_of(image, directories),
        **surroundings.mounts.get(text_at(container, "name"), {}),
        **bound,
    }
    launch = _redirected(image, started.unwrap(), places, surroundings.ports)
    return Success(msgspec.structs.replace(launch, env={**launch.env, **injected.env}))


def _places_of(image: Image, directories: NodeDirectories) -> Mapping[str, str]:
    """Programs of this project look into a node's well-known directories even where a manifest names none."""
    return {path: str(directories.of_host(path)) for path in PLACES} if image.programs else {}


def _redirected(image: Image, started: Started, places: Mapping[str, str], ports: Mapping[int, int]) -> Launch:
    def here(text: str) -> str:
        return replace_ports(replace_paths(text, places), ports)

    return Launch(
        argv=command_line(
            image, tuple(map(here, started.command)), tuple(map(here, started.arguments)), sys.executable
        ),
        env={name: here(value) for name, value in started.env.items()},
    )


def sources_in(world: World, pod: JsonObject) -> Sources:
    """ConfigMaps and secrets of the pod's namespace, and what its node has."""
    namespace = namespace_of(pod)
    node = world.get(NODE, "", text_at(pod, "spec", "nodeName"))
    return Sources(
        config_maps={name: texts(object_at(value, "data")) for name, value in _in(world, CONFIG_MAP, namespace)},
        secrets={name: _decoded(object_at(value, "data")) for name, value in _in(world, SECRET, namespace)},
        allocatable=texts(object_at(node, "status", "allocatable")),
    )


Named: TypeAlias = tuple[str, JsonObject]


def _in(world: World, kind: str, namespace: str) -> tuple[Named, ...]:
    return tuple((name, value) for (where, name), value in world.of(kind).items() if where == namespace)


def _decoded(data: JsonObject) -> Mapping[str, str]:
    """A secret's data is base64; what is no text stays out of environments."""
    found: dict[str, str] = {}
    for key, value in texts(data).items():
        try:
            found[key] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            continue
    return found


def spec_files(directories: tuple[Path, ...]) -> tuple[SpecFile, ...]:
    """All CDI spec files, with their contents or why they could not be read."""
    found: list[SpecFile] = []
    for priority, directory in enumerate(directories):
        for path in sorted((*directory.glob("*.json"), *directory.glob("*.yaml"))):
            try:
                content: Json = _parsed(path)
            except (OSError, ValueError, msgspec.DecodeError) as error:
                found.append(SpecFile(path=str(path), priority=priority, unreadable=str(error)))
            else:
                found.append(SpecFile(path=str(path), priority=priority, content=content))
    return tuple(found)


def _parsed(path: Path) -> Json:
    """Raises OSError, ValueError, msgspec.DecodeError."""
    if path.suffix == ".json":
        decoded: Json = msgspec.json.decode(path.read_bytes())
        return decoded
    import yaml  # only for files that people write by hand

    try:
        loaded: Json = yaml.safe_load(path.read_bytes())
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error
    return loaded
