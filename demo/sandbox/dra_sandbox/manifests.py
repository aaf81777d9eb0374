"""Manifest files: YAML with one or more objects."""

from __future__ import annotations

from pathlib import Path

import msgspec
import yaml
from dra_core.snapshot.json_value import Json, JsonObject


def objects_of(text: str) -> tuple[JsonObject, ...]:
    """The objects of a manifest in their order, times as texts.

    Raises:
        ValueError: It is not YAML, or holds something else than objects.
    """
    try:
        documents = list(yaml.safe_load_all(text))
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error
    objects: list[JsonObject] = []
    for document in documents:
        if document is None:
            continue
        plain: Json = msgspec.to_builtins(document, str_keys=True)
        if not isinstance(plain, dict) or "kind" not in plain:
            raise ValueError("a document of the manifest is not an API object")
        objects.append(plain)
    return tuple(objects)


def objects_in(path: Path) -> tuple[JsonObject, ...]:
    """The objects of a manifest file; raises OSError, ValueError."""
    return objects_of(path.read_text())
