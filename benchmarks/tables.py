"""Run the short benchmarks and write their tables into docs/performance.md.

    python benchmarks/tables.py [NAME ...] [--from DIR] [--keep runs/bench]

A benchmark's tables stand between the lines <!-- NAME --> and <!-- end of NAME -->, and all else in the file stays as
it is. The JSON of each goes to a folder, from which --from writes the tables again without running anything. One that
lacks a package leaves its tables as they are; the exit code is 1 if one fails.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PERFORMANCE = ROOT / "docs" / "performance.md"
KEPT = ROOT / "runs" / "bench"
# The scripts, and what makes each short enough: all of them together take some minutes.
SHORT: dict[str, tuple[str, ...]] = {
    "import_time": (),
    "dispatch": (),
    "ops": ("--quick",),
    "scaling": ("--quick",),
    "pvt_throughput": ("--quick",),
    "pvt_mlx": ("--quick",),
    "peers": ("--batch-size", "1", "8", "--rounds", "5"),
}


def run(name: str, kept: Path) -> bool:
    """Run a script and keep its JSON; False if it fails, and not for want of a package."""
    command = [sys.executable, str(ROOT / "benchmarks" / f"{name}.py"), *SHORT[name], "--json"]
    (kept / f"{name}.json").unlink(missing_ok=True)
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True)
    said = "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["failed without a word"])[-1]
    print(f"{name:<15} {time.perf_counter() - start:5.0f} s  {said}", flush=True)
    if done.returncode == 0:
        kept.mkdir(parents=True, exist_ok=True)
        (kept / f"{name}.json").write_text(done.stdout, encoding="utf-8")
    return done.returncode == 0 or said.startswith(("ModuleNotFoundError", "ImportError"))


def markdown(results: Mapping[str, Any]) -> str:
    """What was measured on, the tables, and the sentences about them."""
    parts = [_about(results["environment"]), *map(_table, results["tables"]), *results.get("notes", ())]
    return "\n\n".join(parts)


def _about(environment: Mapping[str, Any]) -> str:
    versions = [f"{package} {version}" for package, version in environment["packages"].items()]
    devices = [f"{device}: {what}" for device, what in environment["devices"].items()]
    return "; ".join([environment["machine"], f"Python {environment['python']}, {', '.join(versions)}", *devices]) + "."


def _table(table: Mapping[str, Any]) -> str:
    """A table in Markdown, under its title.

    >>> print(_table({"title": "Times", "columns": ["", "ms"], "rows": [["a", "1"]], "left": 1}))
    Times:
    <BLANKLINE>
    | | ms |
    |---|---:|
    | a | 1 |
    """
    sides = ["---" if i < table["left"] else "---:" for i in range(len(table["columns"]))]
    lines = [table["columns"], *table["rows"]]
    rows = ["| " + " | ".join(cells).lstrip() + " |" for cells in lines]
    rows.insert(1, f"|{'|'.join(sides)}|")
    return "\n".join([f"{table['title']}:", "", *rows])


def replaced(text: str, name: str, content: str) -> str:
    """A text with other content between the markers of a name. Raises ValueError if they are not there once.

    >>> replaced("a\\n<!-- x -->\\nold\\n<!-- end of x -->\\nb", "x", "new")
    'a\\n<!-- x -->\\n\\nnew\\n\\n<!-- end of x -->\\nb'
    """
    start, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    if text.count(start) != 1 or text.count(end) != 1:
        raise ValueError(f"wanted the lines {start.strip()} and {end} once each")
    before, _, rest = text.partition(start)
    _, _, after = rest.partition(end)
    return f"{before}{start}\n{content}\n\n{end}{after}"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("name", nargs="*", metavar="NAME", help=f"of {', '.join(SHORT)} (default: all)")
    parser.add_argument("--keep", type=Path, default=KEPT, metavar="DIR", help="for the JSON (default: runs/bench)")
    parser.add_argument("--from", dest="source", type=Path, metavar="DIR", help="write what is there, and run nothing")
    options = parser.parse_args()
    if unknown := set(options.name) - set(SHORT):
        parser.error(f"no benchmark {min(unknown)!r}; choose among {', '.join(SHORT)}")

    failed = False
    for name in options.name or SHORT:
        if not options.source:
            failed |= not run(name, options.keep)
        file = (options.source or options.keep) / f"{name}.json"
        if file.exists():
            content = markdown(json.loads(file.read_text(encoding="utf-8")))
            PERFORMANCE.write_text(replaced(PERFORMANCE.read_text(encoding="utf-8"), name, content), encoding="utf-8")
    print(f"The tables are in {PERFORMANCE}.")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
