"""``python -m benchmarks [name ...]``: all benchmarks, or those named; each is a module here with a ``main``."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path


def run(wanted: list[str]) -> int:
    """Run them one after the other; 2 if one that was named does not exist."""
    names = sorted(module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]))
    modules = {name: importlib.import_module(f"benchmarks.{name}") for name in names if not name.startswith("_")}
    benchmarks = {name: module.main for name, module in modules.items() if hasattr(module, "main")}
    unknown = sorted(set(wanted) - set(benchmarks))
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there are: {', '.join(benchmarks)}", file=sys.stderr)
        return 2
    for name in wanted or benchmarks:
        print(f"== {name}", flush=True)
        benchmarks[name]()
        print(flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
