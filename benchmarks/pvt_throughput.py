"""How many images a second PVT-Tiny takes on each device, or learns from; the same as `lucid bench`.

    python benchmarks/pvt_throughput.py --device cpu gpu --batch-size 1 8 32 [--mode training] [--quick] [--json]

Tables, a plot and all numbers in JSON: medians of rounds in turn, their spread, the machine, the versions, what "gpu"
really is there, and from which batch on it is faster.
"""

import sys

from lucid.cli import main

if __name__ == "__main__":
    sys.exit(main(["bench", *sys.argv[1:]]))
