"""Images without a registry: busybox and pause from Debian's static busybox, as docker archives."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import tarfile
from pathlib import Path

from .configuration import BUSYBOX_IMAGE, PAUSE_IMAGE

BUSYBOX = Path("/bin/busybox")


def make_images(folder: Path) -> list[Path]:
    """Make both archives in ``folder`` unless they are there; their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    program = BUSYBOX.read_bytes()
    applets = subprocess.run([BUSYBOX, "--list"], capture_output=True, text=True, check=True).stdout.split()
    pause, busybox = folder / "pause.tar", folder / "busybox.tar"
    if not busybox.exists():
        _write(busybox, BUSYBOX_IMAGE, _layer(program, applets), ["/bin/sh"])
    if not pause.exists():
        # A sandbox only has to stay; containerd ends it by signal.
        _write(pause, PAUSE_IMAGE, _layer(program, []), ["/bin/busybox", "tail", "-f", "/dev/null"])
    return [pause, busybox]


def _layer(program: bytes, applets: list[str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for directory in ("bin", "etc", "tmp", "root"):
            entry = tarfile.TarInfo(directory)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if directory == "tmp" else 0o755
            archive.addfile(entry)
        _add_file(archive, "bin/busybox", program, 0o755)
        _add_file(archive, "etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n", 0o644)
        for applet in applets:
            if applet != "busybox":
                link = tarfile.TarInfo(f"bin/{applet}")
                link.type, link.linkname = tarfile.SYMTYPE, "busybox"
                archive.addfile(link)
    return buffer.getvalue()


def _add_file(archive: tarfile.TarFile, name: str, content: bytes, mode: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    archive.addfile(entry, io.BytesIO(content))


def _write(path: Path, tag: str, layer: bytes, command: list[str]) -> None:
    digest = hashlib.sha256(layer).hexdigest()
    configuration = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Cmd": command, "Env": ["PATH=/bin"]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
        }
    ).encode()
    name = hashlib.sha256(configuration).hexdigest()
    manifest = json.dumps([{"Config": f"{name}.json", "RepoTags": [tag], "Layers": [f"{digest}.tar"]}]).encode()
    unfinished = path.with_suffix(".new")
    with tarfile.open(unfinished, "w") as archive:
        _add_file(archive, f"{digest}.tar", layer, 0o644)
        _add_file(archive, f"{name}.json", configuration, 0o644)
        _add_file(archive, "manifest.json", manifest, 0o644)
    unfinished.rename(path)
