"""Generate the Python modules of the kubelet's protocols; with ``--check`` only say whether they are up to date."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from grpc_tools import protoc  # type: ignore[import-untyped]  # grpcio-tools publishes no types

PROTO = Path(__file__).resolve().parent
PACKAGE = "dra_proto"
GENERATED = ("*_pb2.py", "*_pb2.pyi", "*_pb2_grpc.py", "*_pb2_grpc.pyi")


def generate(target: Path) -> None:
    """Write all generated modules into ``target/dra_proto``."""
    sources = sorted(str(path.relative_to(PROTO)) for path in (PROTO / PACKAGE).glob("*.proto"))
    outputs = [f"--{kind}_out={target}" for kind in ("python", "grpc_python", "mypy", "mypy_grpc")]
    plugins = [
        f"--plugin={name}={Path(sys.executable).parent / name}" for name in ("protoc-gen-mypy", "protoc-gen-mypy_grpc")
    ]
    includes = [f"--proto_path={PROTO}"]
    if protoc.main(["protoc", *includes, *plugins, *outputs, *sources]) != 0:
        raise SystemExit("protoc failed, see above")


def generated_in(directory: Path) -> dict[str, bytes]:
    """The generated modules of a directory by name."""
    return {path.name: path.read_bytes() for pattern in GENERATED for path in (directory / PACKAGE).glob(pattern)}


def main(arguments: list[str]) -> int:
    """Generate, or compare (``--check``); the exit code is 1 if the comparison shows a difference."""
    with tempfile.TemporaryDirectory() as directory:
        fresh = Path(directory)
        (fresh / PACKAGE).mkdir()
        generate(fresh)
        wanted, found = generated_in(fresh), generated_in(PROTO)
        differing = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
        if "--check" in arguments:
            for name in differing:
                print(f"proto/{PACKAGE}/{name} is not what its .proto file gives; run: make proto", file=sys.stderr)
            return 1 if differing else 0
        for name in differing:
            if name in wanted:
                shutil.copyfile(fresh / PACKAGE / name, PROTO / PACKAGE / name)
            else:
                (PROTO / PACKAGE / name).unlink()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
