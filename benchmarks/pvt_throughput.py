"""How many images a second PVT-Tiny takes on each device, or learns from; the same as `lucid bench`.

    python benchmarks/pvt_throughput.py [--batch-size 1 8 32] [--image-size 128 224] [--mode training] [--quick]

Without arguments it takes some minutes for inference and training, on each device that there is, with these batches and
sizes of images, on the gpu also compiled. Tables, a plot and all numbers in JSON: medians of rounds in turn, their
spread, the machine, the versions, what "gpu" really is there, and from which batch on it is faster.
"""

import sys

from lucid.cli import main

if __name__ == "__main__":
    sys.exit(main(["bench", *sys.argv[1:]]))
