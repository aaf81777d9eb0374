"""Completion as kubectl asks for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from dra_kubectl.__main__ import main
from dra_kubectl.completion import completions


@pytest.mark.parametrize(
    ("words", "unfinished", "lines"),
    [
        ([], "ca", ["capacity\tSay how many more pods of a workload fit...", ":4"]),
        (["plan", "--policy"], "t", ["topology", ":4"]),
        (["status", "-o"], "js", ["json", ":4"]),
        (["lint", "-f"], "some", [":0"]),
    ],
)
def test_words_are_completed(words: list[str], unfinished: str, lines: list[str]) -> None:
    assert completions(words, unfinished).splitlines() == lines


CLUSTER = str(Path("docs/offline-planning/cluster.json").resolve())


@pytest.mark.parametrize(
    ("words", "unfinished", "offered"),
    [
        (["explain"], "d", ["daemonset", "deployment"]),
        (["explain", "-f", CLUSTER, "-n", "team", "pod"], "", ["run-0", "run-1", "run-2", "run-3", "waiting"]),
        (["explain", "-f", CLUSTER, "-n", "team", "po"], "w", ["waiting"]),
        (["explain", "-f", CLUSTER, "-n", "team"], "pod/w", ["pod/waiting"]),
        (["plan", "-f", CLUSTER, "-n", "team", "claim"], "run-1", ["run-1-gpu-abcde"]),
        (["explain", "-f", CLUSTER, "-n", "team", "pod", "waiting"], "", []),
        (["status", "-f", CLUSTER, "--node"], "", ["node-0", "node-1", "node-2"]),
        (["plan", "-f", CLUSTER, "--drain"], "node-", ["node-0", "node-1", "node-2"]),
        (["plan", "-f", CLUSTER, "--add-node"], "like=node-0", ["like=node-0"]),
        (["capacity", "-f", CLUSTER, "-n", "team", "--without"], "pod/run-0", ["pod/run-0"]),
        (["capacity", "-f", CLUSTER, "--without"], "cl", ["claim/"]),
        (["explain", "-f", "/no/such/file", "pod"], "", []),
        (["explain", "--kubeconfig", "/no/such/file", "pod"], "", []),
    ],
)
def test_kinds_and_names_are_offered_from_where_the_command_would_read_them(
    words: list[str], unfinished: str, offered: list[str]
) -> None:
    assert completions(words, unfinished).splitlines() == [*offered, ":4" if offered else ":0"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_names_through_its_own_completion(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], shell: str
) -> None:
    words = f"kubectl-dra explain -n team -f {CLUSTER} pod wait"
    monkeypatch.setenv("_KUBECTL_DRA_COMPLETE", f"{shell}_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", "wait" if shell == "fish" else "7")
    with pytest.raises(SystemExit) as ended:
        main.main(prog_name="kubectl-dra", complete_var="_KUBECTL_DRA_COMPLETE")
    assert ended.value.code == 0
    assert "waiting" in capsys.readouterr().out
