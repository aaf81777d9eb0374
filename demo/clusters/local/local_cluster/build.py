"""Programs from Go modules, pinned by the go.mod and go.sum of components/, kept in the cache by part and version."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from .progress import ClusterError, step
from .versions import Part

GO_FOLDER = "/usr/local/go/bin"  # where Go's own instructions put it, not on everybody's PATH
COMPONENTS = Path(__file__).resolve().parent.parent / "components"


def destination(part: Part, cache: Path) -> Path:
    """The folder of a part's programs."""
    return cache / "bin" / part.name


def is_built(part: Part, cache: Path) -> bool:
    """Whether all programs of the part are there, in this version and from these pins."""
    stamp = destination(part, cache) / ".built-from"
    return stamp.exists() and stamp.read_text() == _pins(part)


def go_program() -> str | None:
    """Go's command, or None."""
    return shutil.which("go", path=f"{os.environ.get('PATH', '')}:{GO_FOLDER}")


def build(part: Part, cache: Path) -> None:
    """Build what is not there yet. Minutes when Go's build cache is cold, seconds when it is warm."""
    if is_built(part, cache):
        return
    if go_program() is None:
        raise ClusterError(
            f"Go 1.26 or newer is needed to build Kubernetes; it is neither on the PATH nor in {GO_FOLDER}"
        )
    folder = destination(part, cache)
    folder.mkdir(parents=True, exist_ok=True)
    flags = " ".join(["-s", "-w", *(f"-X {name}={value}" for name, value in part.stamps.items())])
    for package in part.programs:
        name = part.program_name(package)
        command = ["go", "build", "-mod=readonly", "-buildvcs=false", "-ldflags", flags]
        command += ["-tags", ",".join(part.tags), "-o", str(folder / name), package]
        with step(f"building {name} {part.version}"):
            _go(command, COMPONENTS / part.name)
    (folder / ".built-from").write_text(_pins(part))


def pin(part: Part) -> None:
    """Write the part's go.mod, go.sum and tools.go anew: the only place that looks for versions."""
    folder = COMPONENTS / part.name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tools.go").write_text(
        "// Names the programs, so that go.mod pins what they are made of.\npackage tools\n\nimport (\n"
        + "".join(f'\t_ "{package}"\n' for package in part.programs)
        + ")\n"
    )
    downloaded = _go(["go", "mod", "download", "-json", f"{part.module}@{part.version}"], COMPONENTS)
    found = re.search(r'"GoMod": "([^"]+)"', downloaded)
    if found is None:
        raise ClusterError(f"{part.module} {part.version}: the module proxy has no such version")
    upstream = Path(found.group(1)).read_text()
    go_line = re.search(r"^go .*$", upstream, re.MULTILINE)
    godebug = re.search(r"^godebug (\(\n(.|\n)*?^\)|.*)$", upstream, re.MULTILINE)
    lines = [f"module drakit.example/{part.name}", "", go_line.group(0) if go_line else "go 1.26.0", ""]
    lines += [godebug.group(0), ""] if godebug else []
    lines += [f"require {part.module} {part.version}", ""]
    lines += _staging_replacements(upstream, part.version)
    (folder / "go.mod").write_text("\n".join(lines) + "\n")
    (folder / "go.sum").unlink(missing_ok=True)
    with step(f"pinning {part.name}"):
        # `tidy` also looks at tests of dependencies, which need not exist in the proxy; what counts is the build.
        _go(["go", "mod", "tidy", "-e"], folder, mode="mod")


def _staging_replacements(upstream: str, version: str) -> list[str]:
    """Kubernetes' go.mod points to folders of its repository; outside, these are modules v0.MINOR.PATCH."""
    staged = re.findall(r"^\t?(?:replace )?(k8s\.io/[a-z0-9-]+) => \./staging", upstream, re.MULTILINE)
    numbers = version.removeprefix("v").split(".")
    wanted = [module for module in staged if "/sample-" not in module]
    return [f"replace {module} => {module} v0.{numbers[1]}.{numbers[2]}" for module in wanted]


def _pins(part: Part) -> str:
    folder = COMPONENTS / part.name
    if not (folder / "go.sum").exists():
        raise ClusterError(f"{folder} has no go.mod and go.sum; `cluster pin` makes them")
    return (folder / "go.mod").read_text() + (folder / "go.sum").read_text() + "\n".join(part.programs)


def _go(command: list[str], folder: Path, mode: str = "") -> str:
    environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": f"-mod={mode}" if mode else ""}
    command = [go_program() or "go", *command[1:]]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ClusterError(f"{' '.join(command[:3])} failed in {folder}:\n{done.stderr[-4000:]}")
    return done.stdout
