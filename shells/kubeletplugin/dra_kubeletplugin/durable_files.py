"""Files that are there in full or not at all."""

from __future__ import annotations

import os
from pathlib import Path


def replace(path: Path, content: bytes, mode: int, *, durable: bool) -> None:
    """Write a file anew: temporary file, renamed; with ``durable`` both are flushed, so that it outlives a power cut.

    The temporary file begins with a dot and ends in ``.tmp``: container runtimes load every ``.json`` and ``.yaml`` of
    the CDI directory. Its name is fixed, so that a crash leaves at most one; callers hold the serialize lock.

    Raises:
        OSError: It was not written; what was there before is there still.
    """
    temporary = path.with_name(temporary_name(path.name))
    try:
        _write(temporary, content, mode, durable)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    if durable:
        flush_directory(path.parent)


def temporary_name(name: str) -> str:
    """The name under which a file is written before it gets its own."""
    return f".{name}.tmp"


def remove(path: Path) -> None:
    """Remove a file, which may come back after a power cut; no error if there is none.

    Raises:
        OSError: It is still there.
    """
    path.unlink(missing_ok=True)


def read(path: Path) -> bytes | None:
    """The content, or None if there is no such file.

    Raises:
        OSError: It is there and cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def flush_directory(directory: Path) -> None:
    """Make renames and removals in a directory survive a power cut (fsync(2), Notes)."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(path: Path, content: bytes, mode: int, durable: bool) -> None:
    # A link that somebody put in the temporary file's place is not followed.
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, mode), "wb") as file:
        os.fchmod(file.fileno(), mode)  # whatever the umask and an earlier file say
        file.write(content)
        if durable:
            file.flush()
            os.fsync(file.fileno())
