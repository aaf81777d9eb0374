"""The API server as its administrator reaches it: JSON over HTTPS, one connection a call."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from .layout import Layout

Json: TypeAlias = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]
JsonObject: TypeAlias = Mapping[str, Json]

SECONDS = 30.0
"""For one call; a loaded machine is slow, a dead server refuses the connection at once."""


class ApiError(Exception):
    """The server refused: its HTTP status code, and its own words."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status
        self.message = message


class Api:
    """Calls to one cluster's API server."""

    def __init__(self, layout: Layout) -> None:
        self._host, self._port = layout.address, layout.api_port
        pki = layout.certificates
        self._tls = ssl.create_default_context(cafile=str(pki / "ca.crt"))
        self._tls.load_cert_chain(pki / "admin.crt", pki / "admin.key")

    def get(self, path: str) -> JsonObject:
        """An object or a list."""
        return _object(self.call("GET", path))

    def create(self, path: str, value: JsonObject) -> JsonObject:
        """Create an object in the collection ``path``."""
        return _object(self.call("POST", path, value))

    def replace(self, path: str, value: JsonObject) -> JsonObject:
        """Write the whole object."""
        return _object(self.call("PUT", path, value))

    def merge(self, path: str, value: JsonObject) -> JsonObject:
        """Change some fields (RFC 7396)."""
        return _object(self.call("PATCH", path, value, "application/merge-patch+json"))

    def delete(self, path: str, grace_seconds: int | None = None) -> None:
        """Delete an object; one that is not there is fine."""
        options = None if grace_seconds is None else {"gracePeriodSeconds": grace_seconds}
        try:
            self.call("DELETE", path, options)
        except ApiError as error:
            if error.status != http.client.NOT_FOUND:
                raise

    def exists(self, path: str) -> bool:
        """Whether the object is there."""
        try:
            self.call("GET", path)
        except ApiError as error:
            if error.status == http.client.NOT_FOUND:
                return False
            raise
        return True

    def call(
        self,
        method: str,
        path: str,
        body: JsonObject | None = None,
        content_type: str = "application/json",
        token: str = "",
    ) -> str:
        """One request; with ``token`` in the name of its ServiceAccount instead of the administrator's.

        Returns:
            The body of the response.

        Raises:
            ApiError: The server answered with another code than 2xx.
            OSError: There was no answer.
        """
        headers = {"Accept": "application/json, */*", "Content-Type": content_type}
        tls = self._tls
        if token:
            headers["Authorization"] = f"Bearer {token}"
            tls = ssl.create_default_context(cadata=self._ca())
        connection = http.client.HTTPSConnection(self._host, self._port, timeout=SECONDS, context=tls)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            text = response.read().decode(errors="replace")
        except http.client.HTTPException as error:
            raise ConnectionError(f"the API server broke off its answer: {error!r}") from error
        finally:
            connection.close()
        if not 200 <= response.status < 300:
            raise ApiError(response.status, _message(text))
        return text

    def _ca(self) -> str:
        return "".join(ssl.DER_cert_to_PEM_cert(item) for item in self._tls.get_ca_certs(binary_form=True))


def is_true(value: JsonObject, condition: str) -> bool:
    """Whether an object's status has the condition, and it is True."""
    status = value.get("status")
    conditions = status.get("conditions") if isinstance(status, Mapping) else None
    if not isinstance(conditions, Sequence):
        return False
    return any(
        isinstance(item, Mapping) and item.get("type") == condition and item.get("status") == "True"
        for item in conditions
    )


def _object(text: str) -> JsonObject:
    value = json.loads(text)
    if not isinstance(value, dict):
        raise TypeError(f"the API server sent no JSON object: {text[:200]}")
    return value


def _message(text: str) -> str:
    try:
        return str(json.loads(text)["message"])
    except (ValueError, KeyError, TypeError):
        return text.strip()
