"""What a server tells about itself: its version, its API groups and the resources in them."""

from __future__ import annotations

import msgspec
from dra_core.snapshot.generation import Generation
from dra_core.snapshot.json_value import Json, JsonObject

from dra_sandbox.apiserver.catalog import Catalog
from dra_sandbox.apiserver.openapi import group_document, paths_document
from dra_sandbox.apiserver.resources import KUBERNETES, SUBRESOURCES, Resource

_AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


class Found(msgspec.Struct, frozen=True):
    """A document about the server."""

    body: Json
    content_type: str = "application/json"


def discover(generation: Generation, catalog: Catalog, path: str, accept: str) -> Found | None:
    """The document at a path that is no resource, or None."""
    parts = [part for part in path.split("/") if part]
    aggregated = "as=APIGroupDiscoveryList" in accept and "v=v2" in accept.replace("v=v2beta1", "")
    match parts:
        case ["version"]:
            return Found(version(generation))
        case ["api"] if aggregated:
            return Found(_group_list(catalog, [""]), _AGGREGATED)
        case ["apis"] if aggregated:
            return Found(_group_list(catalog, _groups(catalog)), _AGGREGATED)
        case ["api"]:
            return Found({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []})
        case ["apis"]:
            groups: list[Json] = [_group(catalog, group) for group in _groups(catalog)]
            return Found({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
        case ["apis", group] if group in _groups(catalog):
            return Found({"kind": "APIGroup", "apiVersion": "v1", **_group(catalog, group)})
        case ["api", "v1"]:
            return Found(_resource_list(catalog, "", "v1"))
        case ["apis", group, name] if name in _versions(catalog, group):
            return Found(_resource_list(catalog, group, name))
        case ["openapi", "v3"]:
            return Found(paths_document(catalog))
        case ["openapi", "v3", "api", name]:
            return _found(group_document(catalog, "", name))
        case ["openapi", "v3", "apis", group, name]:
            return _found(group_document(catalog, group, name))
        case _:
            return None


def _found(document: JsonObject | None) -> Found | None:
    return None if document is None else Found(document)


def version(generation: Generation) -> JsonObject:
    """GET /version (apimachinery version.Info)."""
    major, minor, _ = KUBERNETES[generation].removeprefix("v").split(".")
    return {
        "major": major,
        "minor": minor,
        "gitVersion": f"{KUBERNETES[generation]}+drakit-sandbox",
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "",
        "platform": "linux/amd64",
    }


def _groups(catalog: Catalog) -> list[str]:
    return list(dict.fromkeys(one.group for one in catalog.resources if one.group))


def _versions(catalog: Catalog, group: str) -> list[str]:
    return list(dict.fromkeys(one.version for one in catalog.resources if one.group == group))


def _group(catalog: Catalog, group: str) -> JsonObject:
    versions: list[JsonObject] = [
        {"groupVersion": f"{group}/{name}", "version": name} for name in _versions(catalog, group)
    ]
    return {"name": group, "versions": versions, "preferredVersion": versions[0]}


def _resource_list(catalog: Catalog, group: str, name: str) -> JsonObject:
    rows: list[Json] = []
    for one in _in(catalog, group, name):
        rows.append(
            {
                "name": one.plural,
                "singularName": one.singular,
                "namespaced": one.namespaced,
                "kind": one.kind,
                "verbs": list(one.verbs),
                **({"shortNames": list(one.short_names)} if one.short_names else {}),
                **({"categories": list(one.categories)} if one.categories else {}),
            }
        )
        for subresource in _subresources(one):
            sub_group, sub_version, kind, verbs = SUBRESOURCES[subresource]
            rows.append(
                {
                    "name": f"{one.plural}/{subresource}",
                    "singularName": "",
                    "namespaced": one.namespaced,
                    **({"group": sub_group} if sub_group else {}),
                    **({"version": sub_version} if sub_version else {}),
                    "kind": kind or one.kind,
                    "verbs": list(verbs),
                }
            )
    api_version = f"{group}/{name}" if group else name
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": api_version, "resources": rows}


def _group_list(catalog: Catalog, groups: list[str]) -> JsonObject:
    """apidiscovery.k8s.io/v2 APIGroupDiscoveryList: everything in one answer."""
    items: list[Json] = [
        {
            "metadata": {"name": group, "creationTimestamp": None},
            "versions": [
                {
                    "version": name,
                    "resources": [_described(one) for one in _in(catalog, group, name)],
                    "freshness": "Current",
                }
                for name in _versions(catalog, group)
            ],
        }
        for group in groups
    ]
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": items,
    }


def _described(one: Resource) -> JsonObject:
    subresources: list[Json] = []
    for subresource in _subresources(one):
        group, name, kind, verbs = SUBRESOURCES[subresource]
        response = {"group": group, "version": name, "kind": kind} if kind else _kind(one)
        subresources.append({"subresource": subresource, "responseKind": response, "verbs": list(verbs)})
    return {
        "resource": one.plural,
        "responseKind": _kind(one),
        "scope": "Namespaced" if one.namespaced else "Cluster",
        "singularResource": one.singular,
        "verbs": list(one.verbs),
        **({"shortNames": list(one.short_names)} if one.short_names else {}),
        **({"categories": list(one.categories)} if one.categories else {}),
        **({"subresources": subresources} if subresources else {}),
    }


def _kind(one: Resource) -> JsonObject:
    return {"group": one.group, "version": one.version, "kind": one.kind}


def _subresources(one: Resource) -> tuple[str, ...]:
    return (*(("status",) if one.status else ()), *one.subresources)


def _in(catalog: Catalog, group: str, name: str) -> list[Resource]:
    return [one for one in catalog.resources if (one.group, one.version) == (group, name)]
