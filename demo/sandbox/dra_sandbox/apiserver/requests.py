"""What a client asks, as a value: the path taken apart, the query read, the wanted form of the answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Literal, TypeAlias

import msgspec
from dra_core.snapshot.json_value import Json, JsonObject

from dra_sandbox.apiserver.problems import Problem, bad_request
from dra_sandbox.apiserver.resources import Resource

Verb: TypeAlias = Literal["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"]
Form: TypeAlias = Literal["object", "table", "metadata"]

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What a path names: ``/apis/GROUP/VERSION/namespaces/NAMESPACE/PLURAL/NAME/SUBRESOURCE``."""

    group: str
    version: str
    plural: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks; ``node`` is the node that a ServiceAccount token is bound to."""

    user: str = "kubernetes-admin"
    groups: tuple[str, ...] = ("system:masters", "system:authenticated")
    node: str = ""
    pod: str = ""


class Circumstances(msgspec.Struct, frozen=True, kw_only=True):
    """What a decision needs from outside: the time, and what must be unique or unguessable.

    Attributes:
        now: Time with a time zone.
        uid: A new UUID.
        suffix: Five characters for metadata.generateName.
        token: An unguessable text for a ServiceAccount's token.
    """

    now: datetime
    uid: str
    suffix: str
    token: str = ""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """The query parameters that the API knows (meta/v1 ListOptions, CreateOptions, ..., and DeleteOptions' body)."""

    label_selector: str = ""
    field_selector: str = ""
    limit: int = 0
    continue_token: str = ""
    resource_version: str = ""
    resource_version_match: str = ""
    allow_watch_bookmarks: bool = False
    send_initial_events: bool = False
    timeout_seconds: int = 0
    dry_run: bool = False
    field_manager: str = ""
    field_validation: str = "Warn"
    force: bool = False
    include_object: str = "Metadata"
    grace_period_seconds: int | None = None
    propagation_policy: str = ""
    precondition_uid: str = ""
    precondition_version: str = ""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One request on a resource."""

    verb: Verb
    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    body: Json = None
    patch_type: str = ""
    options: Options = Options()
    identity: Identity = Identity()
    form: Form = "object"
    user_agent: str = ""

    @property
    def manager(self) -> str:
        """The field manager: as said, else the client's program name, as a real server derives it."""
        return self.options.field_manager or self.user_agent.partition("/")[0].strip()[:128] or "unknown"


_PATH = re.compile(
    r"^/(?:api/(?P<core>v[0-9a-z]+)|apis/(?P<group>[^/]+)/(?P<version>[^/]+))/(?P<rest>.+?)/?$",
)


def target_of(path: str) -> Target | None:
    """Take a resource path apart; None if it is not one."""
    found = _PATH.match(path)
    if found is None:
        return None
    group, version = found["group"] or "", found["core"] or found["version"]
    parts = found["rest"].split("/")
    # "namespaces/x/finalize" is a subresource of the namespace; every other third part is a resource inside it.
    if parts[0] == "namespaces" and len(parts) >= 3 and not (len(parts) == 3 and parts[2] in ("status", "finalize")):
        namespace, parts = parts[1], parts[2:]
    else:
        namespace = ""
    if len(parts) > 3:
        return None
    plural, name, subresource = (*parts, "", "")[:3]
    return Target(group=group, version=version, plural=plural, namespace=namespace, name=name, subresource=subresource)


def options_of(query: Mapping[str, str], delete_options: JsonObject) -> Options | Problem:
    """Read the query, and for DELETE the body (meta/v1 DeleteOptions), whose fields win."""
    numbers: dict[str, int] = {}
    for key in ("limit", "timeoutSeconds"):
        text = query.get(key, "")
        if text and not text.isdigit():
            return bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
        numbers[key] = int(text or "0")
    validation = query.get("fieldValidation", "") or "Warn"
    if validation not in ("Strict", "Warn", "Ignore"):
        return bad_request(
            f'fieldValidation: Unsupported value: "{validation}": supported values: "Ignore", "Warn", "Strict"'
        )
    dry_run = query.get("dryRun") or next(iter(_texts(delete_options.get("dryRun"))), "")
    if dry_run not in ("", "All"):
        return bad_request(f'dryRun: Unsupported value: "{dry_run}": supported values: "All"')
    grace = delete_options.get("gracePeriodSeconds", query.get("gracePeriodSeconds"))
    if isinstance(grace, str):
        if not grace.lstrip("-").isdigit():
            return bad_request(f'strconv.ParseInt: parsing "{grace}": invalid syntax')
        grace = int(grace)
    policy = delete_options.get("propagationPolicy", query.get("propagationPolicy")) or ""
    if policy not in ("", "Background", "Foreground", "Orphan"):
        return bad_request(
            f'propagationPolicy: Unsupported value: "{policy}": supported values: "Foreground", "Background", '
            f'"Orphan", "nil"'
        )
    if delete_options.get("orphanDependents") is True:
        policy = "Orphan"
    conditions = delete_options.get("preconditions")
    preconditions = conditions if isinstance(conditions, Mapping) else {}
    return Options(
        label_selector=query.get("labelSelector", ""),
        field_selector=query.get("fieldSelector", ""),
        limit=numbers["limit"],
        continue_token=query.get("continue", ""),
        resource_version=query.get("resourceVersion", ""),
        resource_version_match=query.get("resourceVersionMatch", ""),
        allow_watch_bookmarks=truth(query, "allowWatchBookmarks"),
        send_initial_events=truth(query, "sendInitialEvents"),
        timeout_seconds=numbers["timeoutSeconds"],
        dry_run=dry_run == "All",
        field_manager=query.get("fieldManager", ""),
        field_validation=validation,
        force=truth(query, "force"),
        include_object=query.get("includeObject", "Metadata"),
        grace_period_seconds=grace if isinstance(grace, int) else None,
        propagation_policy=str(policy),
        precondition_uid=str(preconditions.get("uid") or ""),
        precondition_version=str(preconditions.get("resourceVersion") or ""),
    )


def truth(query: Mapping[str, str], key: str) -> bool:
    """A boolean of the query, as Go parses it."""
    return query.get(key, "").lower() in ("1", "t", "true")


def form_of(accept: str) -> Form:
    """The first form in the Accept header that we can give; whatever else is asked for gets plain JSON."""
    for media_range in accept.split(","):
        kind, *parameters = (part.strip() for part in media_range.split(";"))
        if kind not in ("application/json", "*/*", "application/*", ""):
            continue
        match dict(parameter.partition("=")[::2] for parameter in parameters).get("as"):
            case "Table":
                return "table"
            case "PartialObjectMetadata" | "PartialObjectMetadataList":
                return "metadata"
            case _:
                return "object"
    return "object"


def _texts(value: Json) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list | tuple) else ()
