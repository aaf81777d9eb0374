"""What planning offers is where it says, and is imported only when it is used."""

from __future__ import annotations

import subprocess
import sys

import dra_core.planning as planning
import pytest

HEAVY = ("grpc", "kubernetes", "yaml", "click", "urllib3", "cel_expr_python")


@pytest.mark.parametrize("name", planning.__all__)
def test_every_name_is_there(name: str) -> None:
    assert getattr(planning, name) is not None
    assert name in dir(planning)


def test_another_name_is_not() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        getattr(planning, "nothing")  # noqa: B009 - it is not there for type checkers either


def test_importing_everything_needs_no_package_of_a_shell() -> None:
    code = f"from dra_core.planning import *; import sys; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_package_itself_imports_nothing_of_planning() -> None:
    code = (
        "import dra_core.planning, sys; print([name for name in sys.modules if name.startswith('dra_core.planning.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
