"""How many images a second PVT-Tiny takes on each device, or learns from; the same as `lucid bench`.

    python benchmarks/pvt_throughput.py --device cpu gpu --batch-size 1 8 32 [--training] [--quick] [--json]

A table, a plot and all numbers in JSON: medians of rounds in turn, their spread, the machine, the versions, and what
"gpu" really is there.
"""

import sys

from lucid.cli import main

if __name__ == "__main__":
    sys.exit(main(["bench", *sys.argv[1:]]))
