"""The command as a user calls it, as far as that starts nothing."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from local_cluster import clusters
from local_cluster.build import COMPONENTS
from local_cluster.command import PARTS, main
from local_cluster.versions import KUBERNETES_VERSIONS, kubernetes

PROGRAM = Path(__file__).parents[3] / "demo" / "clusters" / "local" / "cluster"


def test_program_needs_nothing_but_python() -> None:
    """Not even the project's own environment: -I leaves it out, -S all that is installed."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(PROGRAM), "--help"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "install-driver" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["up", "--version", "1.33.0"], "1.33.0"),
        (["up", "--feature-gates", "A"], "not NAME=true or NAME=false"),
        (["restart", "kube-proxy"], "kube-proxy"),
        ([], "COMMAND"),
    ],
)
def test_wrong_arguments_are_refused_with_code_2(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        main(arguments)
    assert refused.value.code == 2
    assert words in capsys.readouterr().err


def test_command_for_a_cluster_that_is_not_there_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["restart", "--name", "no-such-cluster", "kubelet"]) == 1
    assert "there is no cluster 'no-such-cluster'" in capsys.readouterr().err
    assert main(["down", "--name", "no-such-cluster"]) == 0
    assert "there is no cluster" in capsys.readouterr().out


def test_without_root_up_says_what_it_needs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr(clusters, "FOLDER", tmp_path)
    assert main(["up"]) == 1
    message = capsys.readouterr().err
    assert "needs Linux and root" in message
    assert message.count("\n") == 1


def test_each_part_is_pinned_in_its_version_without_a_registrys_address() -> None:
    assert {part.name for part in PARTS} >= {kubernetes(version).name for version in KUBERNETES_VERSIONS}
    for part in PARTS:
        folder = COMPONENTS / part.name
        assert re.search(rf"{re.escape(part.module)} {re.escape(part.version)}\b", (folder / "go.mod").read_text())
        assert f"{part.module} {part.version} h1:" in (folder / "go.sum").read_text()
        assert not re.search(r"https?://", (folder / "go.mod").read_text() + (folder / "go.sum").read_text())
