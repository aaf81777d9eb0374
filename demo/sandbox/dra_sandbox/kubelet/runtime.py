"""The container runtime of a node: processes of this machine, each in a group of its own, with a log file.

It outlives the kubelet, as containerd does: a kubelet that is started again finds the containers running. There is no
isolation: a container sees this machine's files, network and users.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from dra_sandbox.heir import Heir
from dra_sandbox.kubelet.container_logs import Wanted, chosen, log_line, shown
from dra_sandbox.kubelet.pod_life import Run

NOT_STARTED = 128  # what runtimes report for a command that cannot be executed
SILENT_SECONDS = 1.0  # how long a log that is followed may say nothing at all
LAST_WORDS_SECONDS = 2.0  # how long to wait for the rest of the output after the process has ended


class Runtime:
    """Starts, stops and lists containers. ``on_change`` is called with the pod's UID whenever a run ends.

    Args:
        directory: Where pods' logs are.
        heir: Told of every process group, for the case that this process is killed.
    """

    def __init__(self, directory: Path, heir: Heir) -> None:
        self._directory = directory
        self._heir = heir
        self._runs: dict[str, dict[str, Run]] = {}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._environments: dict[str, Mapping[str, str]] = {}
        self._changed = threading.Condition()
        self.on_change: Callable[[str], None] = lambda _: None

    def runs(self, pod_uid: str) -> tuple[Run, ...]:
        """All starts of the pod's containers, oldest first."""
        with self._changed:
            return tuple(self._runs.get(pod_uid, {}).values())

    def pods(self) -> frozenset[str]:
        """UIDs of the pods that have or had containers here."""
        with self._changed:
            return frozenset(self._runs)

    def environment(self, run_id: str) -> Mapping[str, str]:
        """What a run was started with; probes that execute commands use it too."""
        return self._environments.get(run_id, {})

    def start(
        self, pod_uid: str, container: str, attempt: int, argv: tuple[str, ...], env: Mapping[str, str], cwd: Path
    ) -> Run:
        """Start a process; a command that cannot be executed comes back as a run that ended at once."""
        run = Run(container=container, attempt=attempt, id=uuid.uuid4().hex, started_at=datetime.now(UTC))
        log = self._log(pod_uid, container, attempt)
        log.parent.mkdir(parents=True, exist_ok=True)
        log.touch()
        try:
            process = subprocess.Popen(
                argv,
                env=dict(env),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            message = f'exec: "{argv[0]}": {error.strerror or error}'
            run = msgspec.structs.replace(
                run, finished_at=datetime.now(UTC), exit_code=NOT_STARTED, reason="StartError", message=message
            )
            with self._changed:
                self._runs.setdefault(pod_uid, {})[run.id] = run
            return run
        self._heir.started(process.pid)
        with self._changed:
            self._runs.setdefault(pod_uid, {})[run.id] = run
            self._processes[run.id] = process
            self._environments[run.id] = dict(env)
        pump = threading.Thread(target=self._pump, args=(process, log), name=f"log-{container}", daemon=True)
        pump.start()
        threading.Thread(
            target=self._wait, args=(pod_uid, run, process, pump), name=f"wait-{container}", daemon=True
        ).start()
        return run

    def stop(self, run_id: str, grace_seconds: float) -> None:
        """TERM to the first process; KILL to the group when the grace period is over."""
        process = self._processes.get(run_id)
        if process is None:
            return
        if grace_seconds <= 0:
            _signal_group(process, signal.SIGKILL)
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        timer = threading.Timer(grace_seconds, _signal_group, (process, signal.SIGKILL))
        timer.daemon = True
        timer.start()

    def forget(self, pod_uid: str) -> None:
        """Drop what is known of a pod, and its logs."""
        with self._changed:
            for run_id in self._runs.pop(pod_uid, {}):
                self._environments.pop(run_id, None)
            self._changed.notify_all()
        shutil.rmtree(self._directory / pod_uid, ignore_errors=True)

    def wait_for(self, look: Callable[[], bool], seconds: float) -> bool:
        """Until something holds that depends on what runs here, looked at after every change; whether it does."""
        with self._changed:
            return self._changed.wait_for(look, timeout=seconds)

    def kill_all(self) -> None:
        """End every process at once and wait for it: the node goes away."""
        for process in list(self._processes.values()):
            _signal_group(process, signal.SIGKILL)
        with self._changed:
            self._changed.wait_for(lambda: not self._processes, timeout=LAST_WORDS_SECONDS * 2)

    def logs(self, pod_uid: str, container: str, wanted: Wanted, *, follow: bool, previous: bool) -> Iterator[bytes]:
        """The log of the container's last run, or of the one before.

        Raises:
            LookupError: There is no such run; the text says so.
        """
        runs = sorted((run for run in self.runs(pod_uid) if run.container == container), key=lambda run: run.attempt)
        if previous:
            runs = runs[:-1]
        if not runs:
            what = "previous terminated container" if previous else "container"
            raise LookupError(f'{what} "{container}" of the pod has not been started')
        return self._read(pod_uid, runs[-1], wanted, follow)

    def _read(self, pod_uid: str, run: Run, wanted: Wanted, follow: bool) -> Iterator[bytes]:
        path = self._log(pod_uid, run.container, run.attempt)
        with path.open("rb") as file:
            yield from chosen(file.readlines(), wanted)
            while follow:
                line = file.readline()
                if line:
                    yield shown(line, wanted.timestamps)
                    continue
                with self._changed:
                    known = self._runs.get(pod_uid, {}).get(run.id)
                    if known is None or not known.running:
                        follow = False
                    elif self._changed.wait(timeout=SILENT_SECONDS):
                        continue
                yield b""  # nothing new: whoever reads sees whether somebody still listens
            for line in file:
                yield shown(line, wanted.timestamps)

    def _log(self, pod_uid: str, container: str, attempt: int) -> Path:
        return self._directory / pod_uid / "logs" / f"{container}_{attempt}.log"

    def _pump(self, process: subprocess.Popen[bytes], log: Path) -> None:
        stream = process.stdout
        if stream is None:
            return
        with log.open("ab", buffering=0) as file, stream:
            for line in stream:
                file.write(log_line(line, datetime.now(UTC)))
                with self._changed:
                    self._changed.notify_all()

    def _wait(self, pod_uid: str, run: Run, process: subprocess.Popen[bytes], pump: threading.Thread) -> None:
        status = process.wait()
        _signal_group(process, signal.SIGKILL)  # what a container's end does to its other processes
        self._heir.ended(process.pid)
        pump.join(LAST_WORDS_SECONDS)
        ended = msgspec.structs.replace(
            run, finished_at=datetime.now(UTC), exit_code=status if status >= 0 else NOT_STARTED - status
        )
        with self._changed:
            if pod_uid in self._runs:
                self._runs[pod_uid][run.id] = ended
            self._processes.pop(run.id, None)
            self._changed.notify_all()
        self.on_change(pod_uid)


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
