"""A pod's volumes on this machine, and which of them a container sees where (core/v1 Volume, VolumeMount)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from dra_core.snapshot.json_value import JsonObject, object_at, text_at
from returns.result import Failure, Result, Success

from dra_sandbox.kubelet.directories import NodeDirectories
from dra_sandbox.kubelet.environment import Sources
from dra_sandbox.world.objects import objects_at, uid_of

MAKE = ("", "DirectoryOrCreate")  # core/v1 HostPathType; "" asks for nothing, and here the node begins empty


def volume_places(pod: JsonObject, directories: NodeDirectories) -> Mapping[str, Path]:
    """Where each volume of the pod is, by name."""
    places: dict[str, Path] = {}
    for volume in objects_at(pod, "spec", "volumes"):
        name = text_at(volume, "name")
        host_path = object_at(volume, "hostPath")
        own = directories.pods / uid_of(pod) / "volumes" / name
        places[name] = directories.of_host(text_at(host_path, "path")) if host_path else own
    return places


def volume_files(pod: JsonObject, sources: Sources) -> Result[Mapping[str, Mapping[str, str]], str]:
    """What is to be written into volumes of configMaps and secrets: volume → file → content."""
    files: dict[str, Mapping[str, str]] = {}
    problems: list[str] = []
    for volume in objects_at(pod, "spec", "volumes"):
        for field, known, what, key in (
            ("configMap", sources.config_maps, "configmap", "name"),
            ("secret", sources.secrets, "secret", "secretName"),
        ):
            reference = object_at(volume, field)
            if not reference:
                continue
            source = text_at(reference, key)
            data = known.get(source)
            if data is None and reference.get("optional") is not True:
                volume_name = text_at(volume, "name")
                problems.append(f'MountVolume.SetUp failed for volume "{volume_name}": {what} "{source}" not found')
            items = objects_at(reference, "items")
            chosen = {text_at(item, "path"): (data or {}).get(text_at(item, "key"), "") for item in items}
            files[text_at(volume, "name")] = chosen or dict(data or {})
    return Failure("; ".join(problems)) if problems else Success(files)


def make_volumes(
    pod: JsonObject, places: Mapping[str, Path], files: Mapping[str, Mapping[str, str]]
) -> Result[None, str]:
    """Create the directories and files; a hostPath that must exist and does not is a failure."""
    for volume in objects_at(pod, "spec", "volumes"):
        name = text_at(volume, "name")
        place = places[name]
        wanted = text_at(object_at(volume, "hostPath"), "type") if object_at(volume, "hostPath") else ""
        if wanted in MAKE:
            place.mkdir(parents=True, exist_ok=True)
        elif not place.exists():
            path = text_at(volume, "hostPath", "path")
            return Failure(f'MountVolume.SetUp failed for volume "{name}": hostPath {path} ({wanted}) is not there')
        for file, content in files.get(name, {}).items():
            target = place / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(content)
    return Success(None)


def mounts_of(container: JsonObject, places: Mapping[str, Path]) -> Mapping[str, str]:
    """Container path → path on this machine."""
    mounts: dict[str, str] = {}
    for mount in objects_at(container, "volumeMounts"):
        place = places.get(text_at(mount, "name"))
        if place is not None:
            mounts[text_at(mount, "mountPath")] = str(place / text_at(mount, "subPath"))
    return mounts
