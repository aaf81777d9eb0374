"""kubectl as a user runs it on the real cluster."""

from __future__ import annotations

import re
import subprocess

from local_cluster.cluster import Cluster

NO_ANSWER = re.compile(
    "connection refused|was refused|reset by peer|connection lost|[Tt]imeout|timed out|deadline exceeded|EOF"
    "|unable to return a response in the time allotted|unable to handle the request|object has been modified"
    r"|from server \((Conflict|InternalError|ServerTimeout|ServiceUnavailable|Timeout|TooManyRequests)\)"
)
"""In what kubectl says when the same question may have another answer a moment later."""


def kubectl(cluster: Cluster, *arguments: str) -> str:
    """What it printed.

    Raises:
        ConnectionError: The server did not answer, or said that it cannot now; a wait asks again.
        AssertionError: With kubectl's own words.
    """
    layout = cluster.layout
    command = [cluster.kubectl, f"--kubeconfig={layout.kubeconfig}", "--cache-dir", layout.root / "kubectl"]
    done = subprocess.run([*map(str, command), *arguments], capture_output=True, text=True)
    if done.returncode != 0 and NO_ANSWER.search(done.stderr):
        raise ConnectionError(done.stderr)
    assert done.returncode == 0, done.stderr
    return done.stdout
