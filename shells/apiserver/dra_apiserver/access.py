"""How to reach an API server: where it is, and who we are."""

from __future__ import annotations

import ssl
from collections.abc import Callable

import msgspec


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Who we are, for the next request; ``token`` is "" where the client certificate in ``tls`` says it."""

    token: str
    tls: ssl.SSLContext


class IdentityError(Exception):
    """There is no identity to be had just now; the text is one line for people."""


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """An API server and a way to authenticate.

    Attributes:
        server: URL without a slash at its end.
        namespace: The namespace that the user works in, "" if none is set.
        identity: Asked before each request; may raise IdentityError. True: the server has refused the present one.
        proxy: URL of the proxy on the way, "" for none.
        server_name: The name in the server's certificate where it is not the URL's host, else "".
    """

    server: str
    namespace: str = ""
    identity: Callable[[bool], Identity]
    proxy: str = ""
    server_name: str = ""
