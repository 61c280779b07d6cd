"""Files that were damaged at random: each is an error that says so, or loads as before, in little memory and time.

    python -m tests.io.fuzz_checkpoints --count 10000 --seed 1

Bits are flipped, bytes overwritten, pieces cut out, put in twice or taken from another file, and numbers that may be
sizes replaced by others. Where the format has checksums nothing but what was saved may load. A safetensors file and a
.pth from before PyTorch 1.6 have none, so there a flipped number cannot be seen.
"""

import argparse
import json
import random
import struct
import tempfile
import time
import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import lucid
from lucid.errors import CheckpointError
from lucid.io import load_checkpoint, save_npz, save_safetensors
from lucid.io.archives import allowance

FILES = Path(__file__).with_name("pytorch")
WORK = 1 << 18  # bytes that the reader itself needs: a piece of an entry, zlib's window, what it knows of the file
SLOW = 20  # seconds for one file, on however busy a machine
SIZES = [0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 2**63 - 1, 2**64 - 1]


class Sound(NamedTuple):
    """A file as it was saved."""

    suffix: str
    content: bytes
    tensors: dict[str, object]
    has_checksums: bool


def sound_files(folder: Path) -> list[Sound]:
    """A file of each format."""
    tensors = {f"block1.{i}.attn.kv.weight": lucid.random.normal((4 + i, 3), device="cpu") for i in range(4)}
    tensors |= {"steps": lucid.asarray(7, device="cpu"), "half": lucid.ones((5,), dtype=lucid.bfloat16, device="cpu")}
    save_safetensors(folder / "x.safetensors", tensors, {"format": "pt"})
    save_npz(folder / "x.npz", tensors)
    with zipfile.ZipFile(folder / "x.npz") as old, zipfile.ZipFile(folder / "y.npz", "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    paths = [folder / "x.safetensors", folder / "x.npz", folder / "y.npz", *sorted(FILES.glob("*[wdn].pth"))]
    return [
        Sound(path.suffix, path.read_bytes(), values(path), path.suffix == ".npz" or "new" in path.name)
        for path in paths
        if "module" not in path.name
    ]


def values(path: Path) -> dict[str, object]:
    return {name: (x.dtype, x.shape, x.numpy().tobytes()) for name, x in load_checkpoint(path, "cpu").items()}


def mutated(rng: random.Random, content: bytes, others: list[bytes]) -> bytes:
    """The same with one to four kinds of damage."""
    data = bytearray(content)
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        # Headers are at the beginning and at the end: half of the damage goes there.
        end = len(data) if rng.random() < 0.5 else min(len(data), 300)
        place = rng.randrange(end or 1) if rng.random() < 0.7 else max(0, len(data) - 1 - rng.randrange(400))
        match rng.randrange(7):
            case 0 | 1 if data:
                data[place] ^= 1 << rng.randrange(8)
            case 2 if data:
                data[place] = rng.randrange(256)
            case 3:
                del data[place : rng.choice([place + rng.randrange(1, 64), len(data)])]
            case 4:
                data[place:place] = data[place : place + rng.randrange(1, 64)]
            case 5:
                form = rng.choice(["<H", "<I", "<Q"])
                data[place : place + struct.calcsize(form)] = struct.pack(
                    form, rng.choice(SIZES) & (256 ** struct.calcsize(form) - 1)
                )
            case 6:
                other = rng.choice(others)
                start = rng.randrange(len(other))
                data[place : place + 40] = other[start : start + 40]
    return bytes(data)


def fuzz(count: int, seed: int) -> Iterator[str]:
    """What became of each of `count` damaged files: "refused", "the same" or "changed". Raises what goes wrong."""
    rng = random.Random(seed)
    lucid.random.seed(seed)
    with tempfile.TemporaryDirectory() as folder:
        sounds = sound_files(Path(folder))
        others = [sound.content for sound in sounds]
        tracemalloc.start()
        try:
            for i in range(count):
                sound = sounds[i % len(sounds)]
                path = Path(folder) / f"damaged{sound.suffix}"
                path.write_bytes(mutated(rng, sound.content, others))
                tracemalloc.reset_peak()
                before, start = tracemalloc.get_traced_memory()[0], time.monotonic()
                try:
                    found = values(path)
                except CheckpointError as error:
                    outcome = "refused"
                    if str(path) not in str(error):
                        raise
                else:
                    outcome = "the same" if found == sound.tensors else "changed"
                    if sound.has_checksums and not found.items() <= sound.tensors.items():
                        raise AssertionError(f"file {i} of seed {seed} ({sound.suffix}) loaded wrong")
                taken = tracemalloc.get_traced_memory()[1] - before
                assert taken <= allowance(path.stat().st_size) + WORK, f"file {i} of seed {seed} took {taken:,} bytes"
                assert time.monotonic() - start < SLOW, f"file {i} of seed {seed} took long"
                yield outcome
        finally:
            tracemalloc.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    outcomes = list(fuzz(options.count, options.seed))
    print(json.dumps({outcome: outcomes.count(outcome) for outcome in ("refused", "the same", "changed")}))


if __name__ == "__main__":
    main()
