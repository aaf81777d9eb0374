"""Files of the repository's demo folder that the embedded cluster needs: the driver's manifest and the examples."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent
_FOLDER = _PACKAGE.parents[1]


def driver_manifest() -> Path:
    """The example driver, as helm renders it for the embedded cluster."""
    return _either(_PACKAGE / "demo_files" / "driver.yaml", _FOLDER / "clusters" / "sandbox" / "driver.yaml")


def examples_folder() -> Path:
    """One folder per example."""
    return _either(_PACKAGE / "demo_files" / "examples", _FOLDER / "examples")


def example_manifest(name: str) -> Path:
    """The manifest of an example."""
    return examples_folder() / name / f"{name}.yaml"


def _either(installed: Path, checked_out: Path) -> Path:
    """A wheel carries the files inside the package; an editable install finds them in the repository."""
    return installed if installed.exists() else checked_out
