"""The API server over HTTP, with plain JSON objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote, urlencode

import msgspec
import urllib3
from dra_core.preparation import ClaimFound, ClaimMissing, ClaimRead, ClaimUnreadable
from dra_core.publication import CreateSlice, DeleteSlice, SliceEffect, UpdateSlice
from dra_core.snapshot.json_value import Json, JsonObject, list_at, text_at, thaw

from dra_kubeletplugin.cluster import Cluster, ClusterError, SliceConflictError
from dra_kubeletplugin.credentials import Credentials, credentials

CONNECT_SECONDS, READ_SECONDS = 3.0, 10.0
"""A claim is read within the kubelet's deadline of 45 s, with time left to say what went wrong."""

SLICES = "/apis/resource.k8s.io/v1/resourceslices"

WATCH_SECONDS = 300
"""The API server ends a watch after this time, which is no fault."""

SILENCE_SECONDS = 90.0
"""The API server sends a bookmark each minute; a watch that is silent for longer is broken."""


def connect(kubeconfig: Path | None) -> Cluster:
    """The cluster of a kubeconfig, or the one that this pod is in. Raises StartError; does not call the server."""
    return ClusterOverHttp(credentials(kubeconfig))


class _RefusedError(Exception):
    """The API server's answer was not 2xx."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


class ClusterOverHttp:
    """A Cluster; connections are kept open and shared by all threads."""

    def __init__(self, access: Credentials) -> None:
        self._access = access
        self._pool = urllib3.PoolManager(maxsize=8, ssl_context=access.tls, retries=False)

    def read_claim(self, namespace: str, name: str) -> ClaimRead:
        """A ResourceClaim."""
        path = f"/apis/resource.k8s.io/v1/namespaces/{quote(namespace, safe='')}/resourceclaims/{quote(name, safe='')}"
        try:
            return ClaimFound(self._json("GET", path))
        except _RefusedError as error:
            return ClaimMissing() if error.code == 404 else ClaimUnreadable(str(error))
        except ClusterError as error:
            return ClaimUnreadable(str(error))

    def node_uid(self, node_name: str) -> str:
        """The Node's UID."""
        return text_at(self._get(f"/api/v1/nodes/{quote(node_name, safe='')}"), "metadata", "uid")

    def server_minor(self) -> int:
        """The minor version; some providers append a plus sign."""
        minor = text_at(self._get("/version"), "minor")
        digits = minor.rstrip("+")
        if not digits.isdecimal():
            raise ClusterError(f"{self._access.server} says that its minor version is {minor!r}, not a number")
        return int(digits)

    def list_slices(self, driver_name: str, node_name: str) -> Sequence[JsonObject]:
        """The driver's slices of a node."""
        answer = self._get(f"{SLICES}?{_selector(driver_name, node_name)}")
        return [item for item in list_at(answer, "items") if isinstance(item, Mapping)]

    def watch_slices(self, driver_name: str, node_name: str) -> Iterator[str]:
        """Names of slices that change from now on; "" for signs of life."""
        selector = _selector(driver_name, node_name)
        listed = self._get(f"{SLICES}?{selector}&limit=1")
        parameters = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": text_at(listed, "metadata", "resourceVersion"),
            "timeoutSeconds": str(WATCH_SECONDS),
        }
        try:
            response = self._pool.request(
                "GET",
                f"{self._access.server}{SLICES}?{selector}&{urlencode(parameters)}",
                headers=self._headers(),
                timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=SILENCE_SECONDS),
                preload_content=False,
            )
            try:
                if response.status != 200:
                    raise ClusterError(_words("watch slices", response.status, response.read()))
                yield ""
                for line in _lines(response):
                    event: Json = msgspec.json.decode(line)
                    if text_at(event, "type") == "ERROR":
                        raise ClusterError(f"the watch ended: {text_at(event, 'object', 'message')}")
                    yield "" if text_at(event, "type") == "BOOKMARK" else text_at(event, "object", "metadata", "name")
            finally:
                response.close()
        except (urllib3.exceptions.HTTPError, msgspec.DecodeError) as error:
            raise ClusterError(f"the watch on {self._access.server} broke: {error}") from error

    def write_slice(self, effect: SliceEffect) -> JsonObject:
        """Create, update or delete a slice."""
        try:
            match effect:
                case CreateSlice(object=created):
                    return self._json("POST", SLICES, created)
                case UpdateSlice(object=updated):
                    return self._json("PUT", f"{SLICES}/{text_at(updated, 'metadata', 'name')}", updated)
                case DeleteSlice(name=name, uid=uid, resource_version=version):
                    options = {"preconditions": {"uid": uid, "resourceVersion": version}}
                    self._json("DELETE", f"{SLICES}/{name}", options)
                    return {}
        except _RefusedError as error:
            if error.code == 404 and isinstance(effect, DeleteSlice):
                return {}
            if error.code in {404, 409} and not isinstance(effect, CreateSlice):
                raise SliceConflictError(str(error)) from error
            raise ClusterError(str(error)) from error

    def _get(self, path: str) -> JsonObject:
        try:
            return self._json("GET", path)
        except _RefusedError as error:
            raise ClusterError(str(error)) from error

    def _json(self, method: str, path: str, body: JsonObject | None = None) -> JsonObject:
        """Raises _RefusedError, ClusterError."""
        try:
            response = self._pool.request(
                method,
                f"{self._access.server}{path}",
                headers=self._headers(),
                body=None if body is None else msgspec.json.encode(thaw(body)),
                timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
            )
        except urllib3.exceptions.HTTPError as error:
            raise ClusterError(f"the API server {self._access.server} does not answer: {error}") from error
        if not 200 <= response.status < 300:
            raise _RefusedError(
                response.status, _words(f"{method} {path.partition('?')[0]}", response.status, response.data)
            )
        try:
            answer: Json = msgspec.json.decode(response.data)
        except msgspec.DecodeError as error:
            raise ClusterError(
                f"{self._access.server} answers {method} {path} with something else than JSON"
            ) from error
        return answer if isinstance(answer, Mapping) else {}

    def _headers(self) -> Mapping[str, str]:
        headers = {"Accept": "application/json", "Content-Type": "application/json", "User-Agent": "dra-kubeletplugin"}
        if token := self._access.token():
            headers["Authorization"] = f"Bearer {token}"
        return headers


def _selector(driver_name: str, node_name: str) -> str:
    return urlencode({"fieldSelector": f"spec.driver={driver_name},spec.nodeName={node_name}"})


def _words(what: str, status: int, body: bytes) -> str:
    """The API server's own explanation if there is one."""
    try:
        answer: Json = msgspec.json.decode(body)
    except msgspec.DecodeError:
        answer = None
    message = text_at(answer, "message") or body[:200].decode(errors="replace")
    return f"the API server refused ({what}, {status}): {message}"


def _lines(response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    rest = b""
    while chunk := response.read1():
        *lines, rest = (rest + chunk).split(b"\n")
        yield from (line for line in lines if line)
