"""Files of the repository's demo folder that the embedded cluster needs: the driver's manifest and the examples."""

from __future__ import annotations

from pathlib import Path

from dra_core.snapshot.generation import Generation

_PACKAGE = Path(__file__).parent
_FOLDER = _PACKAGE.parents[1]


def driver_manifest(generation: Generation = "modern") -> Path:
    """The example driver, as helm renders it for the embedded cluster."""
    name = {"modern": "driver.yaml", "classic": "driver-classic.yaml"}[generation]
    return _either(_PACKAGE / "demo_files" / name, _FOLDER / "clusters" / "sandbox" / name)


def example_manifest(name: str) -> Path:
    """The manifest of an example, which has a folder of its own."""
    return _either(_PACKAGE / "demo_files" / "examples", _FOLDER / "examples") / name / f"{name}.yaml"


def classic_example_manifest(name: str) -> Path:
    """The manifest of a classic example."""
    return _either(_PACKAGE / "demo_files" / "examples-classic", _FOLDER / "examples-classic") / f"{name}.yaml"


def _either(installed: Path, checked_out: Path) -> Path:
    """A wheel carries the files inside the package; an editable install finds them in the repository."""
    return installed if installed.exists() else checked_out
