"""Keep out of the process what libraries load and nothing here calls: a plugin runs on every node of a cluster."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import PathFinder
from types import ModuleType


def load_api_client() -> None:
    """Without what urllib3 asks for HTTP/2, which nothing here speaks: 1.0 MiB, 50 ms."""
    if "urllib3" in sys.modules:
        return
    found = PathFinder.find_spec("urllib3")
    package = ModuleType("urllib3.http2")
    package.__path__ = [f"{place}/http2" for place in (found and found.submodule_search_locations) or ()]
    with _in_place_of_the_real({"urllib3.http2": package}):
        import dra_apiserver  # noqa: F401  what it finds now it keeps


def load_grpc() -> None:
    """Without asyncio, for grpc's asynchronous interface (2.2 MiB, 30 ms), and messages in pure Python (1.1 MiB)."""
    # gRPC's notes about itself are not this program's log, and nothing here forks.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    if "asyncio" in sys.modules or "grpc" in sys.modules:
        return
    with _in_place_of_the_real({name: ModuleType(name) for name in ("asyncio", "grpc.aio")}):
        import grpc  # noqa: F401  what it finds now it keeps
    from google.protobuf.internal import api_implementation

    if api_implementation.Type() != "upb":
        return
    name = "google.protobuf.internal.python_message"
    with _in_place_of_the_real({name: ModuleType(name)}):
        from google.protobuf.internal import builder  # noqa: F401  as above


@contextmanager
def _in_place_of_the_real(modules: dict[str, ModuleType]) -> Iterator[None]:
    """Whoever asks for them afterwards gets the real ones."""
    sys.modules.update(modules)
    try:
        yield
    finally:
        for name in modules:
            del sys.modules[name]
