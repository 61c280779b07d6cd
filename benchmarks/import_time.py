"""How long `import lucid` takes beside `import numpy`, which is most of it and which nobody can do without.

    python benchmarks/import_time.py [--rounds 15] [--quick] [--json]

Each import runs in a fresh interpreter that times itself, the modules in turn, so that a slow moment of the machine
meets them all. The minimum counts: noise only ever adds. Bytecode is kept in a folder of its own, warmed by one import
of each that is not counted, so that the answer does not hang on who imported what before.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from lucid.cli import exit_code
from lucid.cli.measure import environment
from lucid.cli.options import add_json, add_rounds
from lucid.cli.output import Output

ROOT = Path(__file__).resolve().parent.parent
MODULES = ("numpy", "lucid")
ROUNDS, QUICK = 15, 5
PROGRAM = "from time import perf_counter; start = perf_counter(); import {}; print(perf_counter() - start)"


def measure(modules: Sequence[str] = MODULES, rounds: int = 15, path: Path = ROOT) -> dict[str, list[float]]:
    """Seconds of each import of each module, every one in a fresh interpreter that starts in the folder `path`."""
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    times: dict[str, list[float]] = {module: [] for module in modules}
    with tempfile.TemporaryDirectory() as bytecode:
        variables["PYTHONPYCACHEPREFIX"] = bytecode
        for turn in range(rounds + 1):
            for module in modules:
                command = [sys.executable, "-c", PROGRAM.format(module)]
                run = subprocess.run(command, cwd=path, env=variables, stdout=subprocess.PIPE, text=True, check=True)
                if turn > 0:
                    times[module].append(float(run.stdout))
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    add_rounds(parser, ROUNDS, f"{QUICK} rounds")
    add_json(parser)
    options = parser.parse_args()

    output = Output("benchmarks/import_time.py", options.json)
    output.environment(environment(()))
    rounds = options.rounds or (QUICK if options.quick else ROUNDS)
    times = measure(rounds=rounds)
    rows = [
        (module, f"{1e3 * min(t):.1f}", f"{1e3 * statistics.median(t):.1f}", f"{min(t) / min(times['numpy']):.2f}")
        for module, t in times.items()
    ]
    title = f"Milliseconds of an import, of {rounds} in turn"
    output.table(title, ("import", "shortest", "median", "times numpy, of the shortest"), rows)
    output.results |= {"rounds": rounds, "seconds": times}
    output.finish()


if __name__ == "__main__":
    sys.exit(exit_code("benchmarks/import_time.py", main))
