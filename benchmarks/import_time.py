"""How long `import lucid` takes beside `import numpy`, which is most of it and which nobody can do without.

    python benchmarks/import_time.py [--rounds 15] [--json]

Each import runs in a fresh interpreter that times itself, the modules in turn, so that a slow moment of the machine
meets them all. The minimum counts: noise only ever adds. Bytecode is kept in a folder of its own, warmed by one import
of each that is not counted, so that the answer does not hang on who imported what before.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULES = ("numpy", "lucid")
PROGRAM = "from time import perf_counter; start = perf_counter(); import {}; print(perf_counter() - start)"


def measure(modules: Sequence[str] = MODULES, rounds: int = 15, path: Path = ROOT) -> dict[str, list[float]]:
    """Seconds of each import of each module, every one in a fresh interpreter that starts in the folder `path`."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    times: dict[str, list[float]] = {module: [] for module in modules}
    with tempfile.TemporaryDirectory() as bytecode:
        environment["PYTHONPYCACHEPREFIX"] = bytecode
        for turn in range(rounds + 1):
            for module in modules:
                command = [sys.executable, "-c", PROGRAM.format(module)]
                run = subprocess.run(command, cwd=path, env=environment, stdout=subprocess.PIPE, text=True, check=True)
                if turn > 0:
                    times[module].append(float(run.stdout))
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=15, help="imports of each module (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON in place of the table")
    options = parser.parse_args()

    times = measure(rounds=options.rounds)
    base = min(times["numpy"])
    rows = [
        {"module": module, "min_ms": 1e3 * min(t), "median_ms": 1e3 * statistics.median(t), "ratio": min(t) / base}
        for module, t in times.items()
    ]
    if options.json:
        about = {"rounds": options.rounds, "python": platform.python_version(), "platform": platform.platform()}
        print(json.dumps({**about, "rows": rows}, indent=2))
        return
    print(f"{'import':<8} {'min ms':>9} {'median ms':>10} {'x numpy':>8}")
    for row in rows:
        print("{module:<8} {min_ms:9.1f} {median_ms:10.1f} {ratio:8.2f}".format_map(row))


if __name__ == "__main__":
    main()
