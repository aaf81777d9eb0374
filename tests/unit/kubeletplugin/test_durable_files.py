"""Files in full or not at all: the order of system calls, and what is left when one of them fails."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from dra_core.preparation import Effect, RemoveCdiSpec, SaveCheckpoint, SetAsideCheckpoint, WriteCdiSpec
from dra_kubeletplugin import durable_files
from dra_kubeletplugin.node_disk import NodeDisk


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What reaches the disk, in order."""
    seen: list[str] = []
    fsync, rename = os.fsync, Path.replace

    def noted_fsync(descriptor: int) -> None:
        seen.append(f"fsync {Path(f'/proc/self/fd/{descriptor}').readlink().name}")
        fsync(descriptor)

    def noted_replace(self: Path, target: Path) -> Path:
        seen.append(f"rename {self.name} {target.name}")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(Path, "replace", noted_replace)
    return seen


def disk(root: Path) -> NodeDisk:
    return NodeDisk(checkpoint=root / "checkpoint.json", cdi_root=root / "cdi")


def test_a_checkpoint_is_flushed_renamed_and_its_directory_flushed(tmp_path: Path, calls: list[str]) -> None:
    """Without the last step a power cut may bring the old one back, after the kubelet was told otherwise."""
    assert disk(tmp_path).carry_out([SaveCheckpoint("{}")]) is None
    assert calls == [
        "fsync .checkpoint.json.tmp",
        "rename .checkpoint.json.tmp checkpoint.json",
        f"fsync {tmp_path.name}",
    ]


def test_a_copy_of_a_damaged_checkpoint_is_as_durable(tmp_path: Path, calls: list[str]) -> None:
    (tmp_path / "checkpoint.json").write_text("damaged")
    assert disk(tmp_path).carry_out([SetAsideCheckpoint("old"), SetAsideCheckpoint("old")]) is None
    assert calls == [
        "fsync .checkpoint.json.old.tmp",
        "rename .checkpoint.json.old.tmp checkpoint.json.old",
        f"fsync {tmp_path.name}",
    ]
    assert (tmp_path / "checkpoint.json").read_text() == "damaged"


def test_cdi_files_are_renamed_into_place(tmp_path: Path, calls: list[str]) -> None:
    """A runtime that looks at this moment sees the old file or the new one."""
    effects: list[Effect] = [WriteCdiSpec("a.json", "{}"), RemoveCdiSpec("a.json"), RemoveCdiSpec("a.json")]
    assert disk(tmp_path).carry_out(effects) is None
    assert calls == ["rename .a.json.tmp a.json"]


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_when_it_fails_the_old_file_is_there_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    path = tmp_path / "file"
    durable_files.replace(path, b"old", 0o600, durable=True)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    owner: object = os if failing == "fsync" else Path
    monkeypatch.setattr(owner, failing, full)
    with pytest.raises(OSError, match="No space left"):
        durable_files.replace(path, b"new", 0o600, durable=True)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_effects_stop_at_the_first_that_fails(tmp_path: Path) -> None:
    (tmp_path / "cdi").mkdir()
    (tmp_path / "cdi" / ".b.json.tmp").mkdir()
    effects: list[Effect] = [WriteCdiSpec("a.json", "{}"), WriteCdiSpec("b.json", "{}"), SaveCheckpoint("{}")]
    failure = disk(tmp_path).carry_out(effects)
    assert failure is not None
    assert failure.effect == effects[1]
    assert ".b.json.tmp" in failure.why
    assert (tmp_path / "cdi" / "a.json").exists()
    assert not (tmp_path / "checkpoint.json").exists()


def test_a_link_in_the_temporary_files_place_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / ".file.tmp").symlink_to(victim)
    with pytest.raises(OSError, match=r"\.file\.tmp"):
        durable_files.replace(tmp_path / "file", b"new", 0o600, durable=True)
    assert victim.read_text() == "precious"


@pytest.mark.parametrize("mask", [0o000, 0o077])
def test_modes_do_not_depend_on_the_umask(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        durable_files.replace(tmp_path / "file", b"", 0o644, durable=False)
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o644


def test_what_is_there_is_read_and_what_is_not_is_none(tmp_path: Path) -> None:
    (tmp_path / "cdi").mkdir()
    (tmp_path / "cdi" / "own-1.json").write_text("{}")
    (tmp_path / "cdi" / "own-2.json").write_bytes(b"\xff")
    (tmp_path / "cdi" / "other.json").write_text("{}")
    own = disk(tmp_path)
    assert own.read_checkpoint() is None
    assert own.cdi_files("own") == {"own-1.json": "{}", "own-2.json": None}
    assert set(own.cdi_file_names()) == {"own-1.json", "own-2.json", "other.json"}
    nowhere = NodeDisk(checkpoint=tmp_path / "no", cdi_root=tmp_path / "nowhere")
    assert nowhere.cdi_file_names() == ()
