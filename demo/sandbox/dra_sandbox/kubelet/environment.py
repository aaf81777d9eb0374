"""What a container's process is started with: environment, command and arguments (core/v1 Container)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import msgspec
from dra_core.snapshot.json_value import JsonObject, at, list_at, object_at, text_at
from returns.result import Failure, Result, Success

from dra_sandbox.world.objects import annotations_of, labels_of, objects_at, texts

REFERENCE = re.compile(r"\$(\$|\(([^()]*)\))")
KEYED = re.compile(r"metadata\.(labels|annotations)\['([^']+)'\]")


class Sources(msgspec.Struct, frozen=True, kw_only=True):
    """What environment variables may refer to besides the pod: data of configMaps and decoded secrets, by name."""

    config_maps: Mapping[str, Mapping[str, str]] = {}
    secrets: Mapping[str, Mapping[str, str]] = {}
    allocatable: Mapping[str, str] = {}


class Started(msgspec.Struct, frozen=True, kw_only=True):
    """A command line and its environment."""

    command: tuple[str, ...]
    arguments: tuple[str, ...]
    env: Mapping[str, str]


def start_of(
    pod: JsonObject, container: JsonObject, sources: Sources, image_env: Mapping[str, str]
) -> Result[Started, str]:
    """Put together how a container starts; a reference to something that is not there is a failure.

    Args:
        pod: The pod, with status.podIP and status.hostIP filled in.
        container: One of its containers.
        sources: ConfigMaps and secrets of the namespace, and the node's allocatable resources.
        image_env: The environment that the image brings along.
    """
    env = dict(image_env)
    problems: list[str] = []
    for source in objects_at(container, "envFrom"):
        found = _env_from(source, sources)
        if isinstance(found, str):
            problems.append(found)
        else:
            env.update(found)
    for entry in objects_at(container, "env"):
        value = _value(pod, container, entry, sources)
        match value:
            case Success(text):
                if text is not None:
                    env[text_at(entry, "name")] = expand(text, env)
            case Failure(problem):
                problems.append(str(problem))
            case _:
                pass
    if problems:
        return Failure("; ".join(problems))
    return Success(
        Started(
            command=tuple(expand(str(item), env) for item in list_at(container, "command")),
            arguments=tuple(expand(str(item), env) for item in list_at(container, "args")),
            env=env,
        )
    )


def expand(text: str, env: Mapping[str, str]) -> str:
    """``$(NAME)`` becomes the variable's value, ``$$`` a dollar; an unknown name stays as it is."""

    def replaced(match: re.Match[str]) -> str:
        if match[1] == "$":
            return "$"
        return env.get(match[2], match[0])

    return REFERENCE.sub(replaced, text)


def _env_from(source: JsonObject, sources: Sources) -> Mapping[str, str] | str:
    prefix = text_at(source, "prefix")
    for field, known, what in (
        ("configMapRef", sources.config_maps, "configmap"),
        ("secretRef", sources.secrets, "secret"),
    ):
        reference = object_at(source, field)
        if reference:
            data = known.get(text_at(reference, "name"))
            if data is None:
                return {} if reference.get("optional") is True else f'{what} "{text_at(reference, "name")}" not found'
            return {f"{prefix}{key}": value for key, value in data.items()}
    return {}


def _value(pod: JsonObject, container: JsonObject, entry: JsonObject, sources: Sources) -> Result[str | None, str]:
    origin = object_at(entry, "valueFrom")
    if not origin:
        return Success(text_at(entry, "value"))
    if field := object_at(origin, "fieldRef"):
        return _field(pod, text_at(field, "fieldPath"))
    if resource := object_at(origin, "resourceFieldRef"):
        return _resource(pod, container, text_at(resource, "containerName"), text_at(resource, "resource"), sources)
    for name, known, what in (
        ("configMapKeyRef", sources.config_maps, "configmap"),
        ("secretKeyRef", sources.secrets, "secret"),
    ):
        reference = object_at(origin, name)
        if reference:
            return _key(reference, known, what)
    return Failure(f"{text_at(entry, 'name')}: valueFrom has no source that the sandbox knows")


def _key(reference: JsonObject, known: Mapping[str, Mapping[str, str]], what: str) -> Result[str | None, str]:
    name, key = text_at(reference, "name"), text_at(reference, "key")
    data = known.get(name)
    if data is not None and key in data:
        return Success(data[key])
    if reference.get("optional") is True:
        return Success(None)
    if data is None:
        return Failure(f'{what} "{name}" not found')
    return Failure(f"couldn't find key {key} in {what} {name}")


def _field(pod: JsonObject, path: str) -> Result[str | None, str]:
    keyed = KEYED.fullmatch(path)
    if keyed:
        known = labels_of(pod) if keyed[1] == "labels" else annotations_of(pod)
        return Success(known.get(keyed[2], ""))
    if path in SINGLE_FIELDS:
        return Success(SINGLE_FIELDS[path](pod))
    return Failure(f"fieldPath {path!r} is not one that a variable can have")


SINGLE_FIELDS: Mapping[str, Callable[[JsonObject], str]] = {
    "metadata.name": lambda pod: text_at(pod, "metadata", "name"),
    "metadata.namespace": lambda pod: text_at(pod, "metadata", "namespace"),
    "metadata.uid": lambda pod: text_at(pod, "metadata", "uid"),
    "spec.nodeName": lambda pod: text_at(pod, "spec", "nodeName"),
    "spec.serviceAccountName": lambda pod: text_at(pod, "spec", "serviceAccountName"),
    "status.hostIP": lambda pod: text_at(pod, "status", "hostIP"),
    "status.hostIPs": lambda pod: text_at(pod, "status", "hostIP"),
    "status.podIP": lambda pod: text_at(pod, "status", "podIP"),
    "status.podIPs": lambda pod: text_at(pod, "status", "podIP"),
}


def _resource(
    pod: JsonObject, container: JsonObject, name: str, resource: str, sources: Sources
) -> Result[str | None, str]:
    kind, _, what = resource.partition(".")
    if kind not in ("limits", "requests"):
        return Failure(f"resourceFieldRef {resource!r} starts with neither limits. nor requests.")
    other = next(
        (item for item in objects_at(pod, "spec", "containers") if name and text_at(item, "name") == name), container
    )
    found = at(other, "resources", kind, what)
    amounts = texts(sources.allocatable)
    return Success(str(found) if found is not None else (amounts.get(what, "0") if kind == "limits" else "0"))


def replace_paths(text: str, places: Mapping[str, str]) -> str:
    """Exchange container paths for the paths on this machine that stand for them.

    There are no mount namespaces: a process sees this machine's files. So wherever a command, an argument or a variable
    names a mounted path, or something below one, it gets the path of what would be mounted there.
    ``--cdi-root=/var/run/cdi`` with ``/var/run/cdi`` → ``/tmp/node/cdi`` becomes ``--cdi-root=/tmp/node/cdi``.
    """
    if not places:
        return text
    longest_first = sorted(places, key=len, reverse=True)
    pattern = re.compile(
        r"(?<![A-Za-z0-9_./-])("
        + "|".join(re.escape(path.rstrip("/")) for path in longest_first)
        + r")(?=/|$|[\s:,;'\"])"
    )
    trimmed = {path.rstrip("/"): target for path, target in places.items()}
    return pattern.sub(lambda match: trimmed[match[1]], text)


def replace_ports(text: str, ports: Mapping[int, int]) -> str:
    """Exchange declared container ports for free ports of this machine, where a value is nothing but the port.

    There are no network namespaces: two pods that listen on the same port would meet. ``8080``, ``:8080`` and
    ``--port=8080`` are recognised.
    """
    head, separator, tail = text.rpartition("=") if "=" in text else text.rpartition(":")
    if tail.isdigit() and int(tail) in ports:
        return f"{head}{separator}{ports[int(tail)]}"
    return text
