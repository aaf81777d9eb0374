"""The resources that are served at one moment: the built-in ones and those that CustomResourceDefinitions add."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
from dra_core.snapshot.generation import Generation
from dra_core.snapshot.json_value import JsonObject

from dra_sandbox.apiserver.custom_resources import resources_of
from dra_sandbox.apiserver.resources import TABLE, Resource
from dra_sandbox.world.objects import Kind, kind_named


class Catalog(msgspec.Struct, frozen=True, kw_only=True):
    """All served resources.

    Attributes:
        resources: In the order of discovery.
        by_path: By group, version and plural.
        kinds: Kind of the objects that are stored under a key.
    """

    resources: tuple[Resource, ...]
    by_path: Mapping[tuple[str, str, str], Resource]
    kinds: Mapping[str, Kind]

    def of_kind(self, kind: Kind) -> Resource | None:
        """The resource of a kind such as ``Pod`` or ``Deployment.apps``, in the version that is stored."""
        return next((one for one in self.resources if kind_named(one.api_version, one.kind) == kind), None)

    def of_object(self, api_version: str, kind: str) -> Resource | None:
        """The resource that serves objects with this apiVersion and kind."""
        return next((one for one in self.resources if (one.api_version, one.kind) == (api_version, kind)), None)


def catalog_of(generation: Generation, definitions: Iterable[JsonObject]) -> Catalog:
    """The catalog of a generation with custom resources, those with a fault in their definition left out."""
    resources = TABLE[generation] + tuple(one for definition in definitions for one in resources_of(definition))
    kinds: dict[str, Kind] = {}
    for one in resources:
        kinds.setdefault(one.store_key, kind_named(one.api_version, one.kind))
    return Catalog(resources=resources, by_path={one.path_key: one for one in resources}, kinds=kinds)
