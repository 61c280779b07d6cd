"""Look for what breaks lucid, as long as there is time.

    python -m tools.fuzz SECONDS        # `make fuzz TIME=3600`

Runs tests/fuzz again and again, each time from another seed and in a process of its own, so that a crash or a hang is
found too. Stops at the first failure, with what to run to see it again. The first seed is the clock's.
"""

import os
import subprocess
import sys
import time

EXAMPLES = 500  # of each test in a round
HANG = 1800  # seconds that no round needs


def main(seconds: float) -> int:
    start, seed, rounds = time.monotonic(), int(time.time()), 0
    while (left := seconds - (time.monotonic() - start)) > 0:
        command = [sys.executable, "-m", "pytest", "-q", "tests/fuzz", f"--hypothesis-seed={seed + rounds}"]
        environment = os.environ | {"LUCID_FUZZ_EXAMPLES": str(EXAMPLES)}
        try:
            run = subprocess.run(command, env=environment, timeout=HANG, capture_output=True, text=True)
        except subprocess.TimeoutExpired:
            print(f"hangs: LUCID_FUZZ_EXAMPLES={EXAMPLES} {' '.join(command[1:])}")
            return 1
        if run.returncode:
            print(run.stdout, run.stderr, f"LUCID_FUZZ_EXAMPLES={EXAMPLES} python {' '.join(command[1:])}", sep="\n")
            return 1
        rounds += 1
        print(f"round {rounds}: clean, {EXAMPLES} examples of each test, {max(left, 0):.0f} seconds left", flush=True)
    print(f"clean for {time.monotonic() - start:.0f} seconds")
    return 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1])))
