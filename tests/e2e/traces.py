"""What a cluster that was taken down may have left on this machine."""

from __future__ import annotations

import subprocess

from local_cluster import leftovers
from local_cluster.layout import Layout
from local_cluster.network import rules


def traces(layout: Layout) -> list[str]:
    """What is left of a cluster on this machine."""
    found = [str(path) for path in (layout.root, *leftovers.cgroups(layout)) if path.exists()]
    found += leftovers.mounts(layout)
    found += [line for line in _shown("ps", "-eo", "pid,stat,args") if f"{layout.root}/" in line and " Z" not in line]
    found += [line for line in _shown("ip", "-oneline", "link") if f" {layout.bridge}:" in line]
    rule = rules(layout)[0]
    comment = rule[rule.index("--comment") + 1]
    found += [line for line in _shown("iptables-save") if f'"{comment}"' in line]
    return found


def _shown(*command: str) -> list[str]:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
