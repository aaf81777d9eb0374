"""Kubeconfig files: several merged into one, and what its current context says.

Rules (Kubernetes documentation, "Organizing Cluster Access Using kubeconfig Files"): of several files the first that
sets a value wins; paths inside are relative to the file that they stand in.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from dra_core.refusal import Fault, Refusal
from dra_core.snapshot.json_value import Json, JsonObject, list_at, object_at, text_at
from returns.result import Failure, Result, Success

NOT_SUPPORTED = {
    "auth-provider": "Kubernetes gave it up in 1.26; use exec",
    "username": "Kubernetes gave passwords up in 1.19; use a token or a client certificate",
    "as": "impersonation is not supported here",
    "as-uid": "impersonation is not supported here",
    "as-groups": "impersonation is not supported here",
}
"""Fields of a user that would change who we are, if they were left out in silence."""


class Entry(msgspec.Struct, frozen=True):
    """A cluster or user, and the directory of the file that it stands in."""

    content: JsonObject
    directory: Path

    def bytes_of(self, name: str) -> bytes:
        """The value of ``<name>-data`` (base64), or the content of the file that ``<name>`` names; b"": neither.

        Raises:
            OSError: The file cannot be read.
            ValueError: The data is not base64.
        """
        if data := text_at(self.content, f"{name}-data"):
            try:
                return base64.b64decode(data, validate=True)
            except binascii.Error as error:
                raise ValueError(f"{name}-data is not base64: {error}") from error
        file = text_at(self.content, name)
        return (self.directory / file).read_bytes() if file else b""


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """What a context leads to."""

    context: str
    namespace: str
    cluster: Entry
    user: Entry

    @property
    def server(self) -> str:
        """URL of the API server, without a slash at its end."""
        return text_at(self.cluster.content, "server").rstrip("/")


def kubeconfig_files(environment: Mapping[str, str], home: Path) -> tuple[Path, ...]:
    """The files that kubectl would read: those of KUBECONFIG (separated by colons), else ``~/.kube/config``."""
    named = tuple(Path(name) for name in environment.get("KUBECONFIG", "").split(":") if name)
    return named or (home / ".kube" / "config",)


def chosen(files: Sequence[tuple[Path, Json]], context: str = "") -> Result[Chosen, Refusal]:
    """The cluster and the user of a context ("": the current one), from the files' decoded contents."""
    where = ", ".join(str(path) for path, _ in files)
    name = context or next((found for _, content in files if (found := text_at(content, "current-context"))), "")
    if not name:
        return Failure(_refused(where, "current-context", "no context is set", "name one: kubectl config use-context"))
    one = _named(files, "contexts", "context", name)
    if one is None:
        known = sorted({text_at(each, "name") for _, content in files for each in list_at(content, "contexts")})
        hint = f"there are: {', '.join(known)}" if known else "there are none"
        return Failure(_refused(where, "contexts", f"there is no context named {name!r}", hint))
    cluster = _named(files, "clusters", "cluster", text_at(one.content, "cluster"))
    user_name = text_at(one.content, "user")
    user = _named(files, "users", "user", user_name) if user_name else Entry({}, one.directory)
    if cluster is None:
        return Failure(_missing(where, name, "cluster", text_at(one.content, "cluster")))
    if user is None:
        return Failure(_missing(where, name, "user", user_name))
    if not text_at(cluster.content, "server"):
        return Failure(_refused(where, "clusters", f"the cluster of the context {name!r} has no server", ""))
    for field, hint in NOT_SUPPORTED.items():
        if field in user.content:
            seen = f"the user of the context {name!r} has the field {field}"
            return Failure(_refused(where, f"users[{user_name}].user.{field}", seen, hint))
    return Success(Chosen(context=name, namespace=text_at(one.content, "namespace"), cluster=cluster, user=user))


def _named(files: Sequence[tuple[Path, Json]], plural: str, singular: str, name: str) -> Entry | None:
    for path, content in files:
        for each in list_at(content, plural):
            if text_at(each, "name") == name:
                return Entry(object_at(each, singular), path.parent)
    return None


def _missing(where: str, context: str, kind: str, name: str) -> Refusal:
    return _refused(where, f"{kind}s", f"the context {context!r} names the {kind} {name!r}, which is not there", "")


def _refused(where: str, path: str, seen: str, hint: str) -> Refusal:
    return Refusal(
        code="KubeconfigUnusable", fault=Fault.USER, path=f"kubeconfig {where}: {path}", seen=seen, hint=hint
    )
