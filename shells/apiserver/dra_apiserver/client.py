"""Requests to an API server, with plain JSON objects; failures are values.

Connections are kept open and shared by all threads. Every request ends within some seconds.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Mapping
from typing import TypeAlias

import msgspec
import urllib3
from dra_core.snapshot.json_value import Json, JsonObject, list_at, text_at, thaw
from returns.result import Failure, Result, Success

from dra_apiserver.access import Access, IdentityError
from dra_apiserver.failure import ApiFailure, failure_of
from dra_apiserver.resource import Resource
from dra_apiserver.selection import EVERYTHING, Selection

CONNECT_SECONDS, READ_SECONDS = 3.0, 10.0
"""A plugin reads a claim within the kubelet's deadline of 45 s, with time left to say what went wrong."""

CONNECTIONS = 8
"""Kept open at most; more threads than that open some for the time of a request."""

PAGE = "500"
"""Objects in one answer to a list (client-go, pager)."""

Answer: TypeAlias = Result[JsonObject, ApiFailure]


class Listing(msgspec.Struct, frozen=True):
    """All objects that were asked for, and the version at which they were so."""

    objects: tuple[JsonObject, ...]
    resource_version: str


class _Request(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent. With ``silence_seconds`` the answer is read bit by bit."""

    method: str
    path: str
    query: str = ""
    body: bytes | None = None
    content_type: str = ""
    silence_seconds: float = 0

    @property
    def asked(self) -> str:
        return f"{self.method} {self.path}"


class ApiServer:
    """An API server."""

    def __init__(self, access: Access, user_agent: str) -> None:
        self.access = access
        self._user_agent = user_agent
        self._lock = threading.Lock()
        self._pool_of: tuple[ssl.SSLContext, urllib3.PoolManager] | None = None

    def get(self, resource: Resource, name: str, namespace: str = "") -> Answer:
        """One object."""
        return self.ask("GET", resource.path(namespace, name))

    def list(self, resource: Resource, selection: Selection = EVERYTHING) -> Result[Listing, ApiFailure]:
        """All objects of a selection, page by page. ``expired``: the list changed too much meanwhile, begin anew."""
        objects: list[JsonObject] = []
        onward = ""
        while True:
            query = selection.query(**{"limit": PAGE, "continue": onward})
            answer = self.ask("GET", resource.path(selection.namespace), query=query)
            if isinstance(answer, Failure):
                refused: ApiFailure = answer.failure()
                return Failure(refused)
            page = answer.unwrap()
            objects += [item for item in list_at(page, "items") if isinstance(item, Mapping)]
            onward = text_at(page, "metadata", "continue")
            if not onward:
                return Success(Listing(tuple(objects), text_at(page, "metadata", "resourceVersion")))

    def create(self, resource: Resource, value: JsonObject) -> Answer:
        """Make an object, in the namespace that it names."""
        return self.ask("POST", resource.path(text_at(value, "metadata", "namespace")), value)

    def replace(self, resource: Resource, value: JsonObject, subresource: str = "") -> Answer:
        """Replace an object by one that was read and changed; ``conflict`` if it is not as it was read."""
        return self.ask("PUT", _path_of(resource, value, subresource), value)

    def apply(
        self, resource: Resource, value: JsonObject, manager: str, *, force: bool = False, subresource: str = ""
    ) -> Answer:
        """Server-side apply of the fields in ``value`` (apiVersion, kind and metadata.name are needed)."""
        parameters = Selection().query(fieldManager=manager, force="true" if force else "")
        path = _path_of(resource, value, subresource)
        return self.ask("PATCH", path, value, query=parameters, content_type="application/apply-patch+yaml")

    def merge(
        self, resource: Resource, name: str, patch: JsonObject, namespace: str = "", subresource: str = ""
    ) -> Answer:
        """JSON merge patch (RFC 7386)."""
        path = resource.path(namespace, name, subresource)
        return self.ask("PATCH", path, patch, content_type="application/merge-patch+json")

    def delete(
        self, resource: Resource, name: str, namespace: str = "", *, uid: str = "", resource_version: str = ""
    ) -> Answer:
        """Delete an object; with preconditions only exactly the one that was read, else ``conflict``."""
        conditions = {"uid": uid, "resourceVersion": resource_version}
        preconditions = {key: value for key, value in conditions.items() if value}
        options: JsonObject = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": preconditions}
        return self.ask("DELETE", resource.path(namespace, name), options)

    def served_versions(self, group: str) -> Result[tuple[str, ...], ApiFailure]:
        """The versions of an API group that are served, the preferred one first; none: the group is not known."""
        answer = self.ask("GET", f"/apis/{group}")
        if isinstance(answer, Failure):
            failed: ApiFailure = answer.failure()
            return Success(()) if failed.not_found else Failure(failed)
        return Success(tuple(text_at(each, "version") for each in list_at(answer.unwrap(), "versions")))

    def minor_version(self) -> Result[int, ApiFailure]:
        """The minor version of Kubernetes 1.x; some providers append a plus sign."""
        return self.ask("GET", "/version").bind(_minor)

    def ask(
        self,
        method: str,
        path: str,
        body: JsonObject | None = None,
        *,
        query: str = "",
        content_type: str = "application/json",
    ) -> Answer:
        """Any request whose answer is a JSON object."""
        sent = None if body is None else msgspec.json.encode(thaw(body))
        request = _Request(method=method, path=path, query=query, body=sent, content_type=content_type)
        answer = self._send(request)
        if isinstance(answer, Failure):
            refused: ApiFailure = answer.failure()
            return Failure(refused)
        response: urllib3.BaseHTTPResponse = answer.unwrap()
        if not 200 <= response.status < 300:
            return Failure(_refused(request, response, response.data))
        try:
            value: Json = msgspec.json.decode(response.data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            value = None
        if isinstance(value, Mapping):
            return Success(value)
        message = f"{self.access.server} answers {request.asked} with no JSON object: is it an API server?"
        return Failure(ApiFailure(asked=request.asked, message=message))

    def open(self, path: str, query: str, silence_seconds: float) -> Result[urllib3.BaseHTTPResponse, ApiFailure]:
        """An answer that is read bit by bit, as a watch's; close it. No bit takes longer than ``silence_seconds``."""
        request = _Request(method="GET", path=path, query=query, silence_seconds=silence_seconds)
        answer = self._send(request)
        if isinstance(answer, Failure):
            return answer
        response: urllib3.BaseHTTPResponse = answer.unwrap()
        if response.status == 200:
            return Success(response)
        try:
            body = response.read()
        except urllib3.exceptions.HTTPError:
            body = b""
        response.close()
        return Failure(_refused(request, response, body))

    def _send(self, request: _Request) -> Result[urllib3.BaseHTTPResponse, ApiFailure]:
        """Once more if the identity was refused, or a kept connection turns out to be closed (for what only reads)."""
        refused = False
        for last in (False, True):
            try:
                response = self._send_once(request, refused)
            except urllib3.exceptions.ProtocolError as error:
                if last or request.method != "GET":
                    return Failure(self._no_answer(request, error))
            except (urllib3.exceptions.HTTPError, IdentityError, OSError) as error:
                return Failure(self._no_answer(request, error))
            else:
                if last or response.status != 401:
                    return Success(response)
                response.close()
                refused = True
        raise AssertionError("the last try returns")

    def _send_once(self, request: _Request, refused: bool) -> urllib3.BaseHTTPResponse:
        identity = self.access.identity(refused)
        headers = {"Accept": "application/json", "User-Agent": self._user_agent}
        if request.body is not None:
            headers["Content-Type"] = request.content_type
        if identity.token:
            headers["Authorization"] = f"Bearer {identity.token}"
        return self._pool(identity.tls).request(
            request.method,
            f"{self.access.server}{request.path}{'?' if request.query else ''}{request.query}",
            headers=headers,
            body=request.body,
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=request.silence_seconds or READ_SECONDS),
            preload_content=not request.silence_seconds,
            redirect=False,
        )

    def _pool(self, tls: ssl.SSLContext) -> urllib3.PoolManager:
        """Connections with this TLS context; a renewed client certificate comes with a new one."""
        with self._lock:
            if self._pool_of is None or self._pool_of[0] is not tls:
                self._pool_of = (tls, self._new_pool(tls))
            return self._pool_of[1]

    def _new_pool(self, tls: ssl.SSLContext) -> urllib3.PoolManager:
        if (
            tls.verify_mode is ssl.CERT_NONE
        ):  # whoever wrote insecure-skip-tls-verify need not be told with each request
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        name = self.access.server_name or None
        if self.access.proxy:
            return urllib3.ProxyManager(
                self.access.proxy,
                maxsize=CONNECTIONS,
                retries=False,
                ssl_context=tls,
                server_hostname=name,
                assert_hostname=name,
            )
        return urllib3.PoolManager(
            maxsize=CONNECTIONS, retries=False, ssl_context=tls, server_hostname=name, assert_hostname=name
        )

    def _no_answer(self, request: _Request, error: Exception) -> ApiFailure:
        if isinstance(error, IdentityError):
            return ApiFailure(asked=request.asked, message=str(error))
        message = f"the API server {self.access.server} does not answer: {error}"
        return ApiFailure(asked=request.asked, message=message)


def _refused(request: _Request, response: urllib3.BaseHTTPResponse, body: bytes) -> ApiFailure:
    return failure_of(request.asked, response.status, body, response.headers.get("Retry-After"))


def _path_of(resource: Resource, value: JsonObject, subresource: str) -> str:
    return resource.path(text_at(value, "metadata", "namespace"), text_at(value, "metadata", "name"), subresource)


def _minor(version: JsonObject) -> Result[int, ApiFailure]:
    minor = text_at(version, "minor")
    digits = minor.rstrip("+")
    if digits.isdecimal():
        return Success(int(digits))
    message = f"the API server says that its minor version is {minor!r}, which is not a number"
    return Failure(ApiFailure(asked="GET /version", message=message))
