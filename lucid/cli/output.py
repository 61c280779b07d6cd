"""What commands show: tables and progress for people, or one JSON document for programs."""

import json
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..io.files import replacing
from ..io.packages import needed

__all__ = ["Output"]

WIDE = 250  # letters in a line of what no terminal shows: files and pipes have no margin


class Output:
    """The results of a command: shown as they come, and kept for a JSON document. `as_json` prints that alone."""

    def __init__(self, command: str, as_json: bool) -> None:
        self.command, self.as_json = command, as_json
        self.console = needed("rich.console", command, "run").Console(quiet=as_json, highlight=False)
        if not self.console.is_terminal:
            self.console.width = WIDE
        self.results: dict[str, Any] = {}

    def say(self, text: str = "", style: str | None = None) -> None:
        """A line of text."""
        self.console.print(text, style=style, markup=False, soft_wrap=True)

    def table(self, title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> None:
        """A table, whose first `left` columns are aligned to the left and the others to the right.

        It is kept as it is shown, under "tables".
        """
        rows = [list(row) for row in rows]
        shown = {"title": title, "columns": list(columns), "rows": rows, "left": left}
        self.results.setdefault("tables", []).append(shown)
        table = needed("rich.table", self.command, "run").Table(title=title, title_justify="left")
        for i, name in enumerate(columns):
            table.add_column(name, justify="left" if i < left else "right", overflow="fold")
        for row in rows:
            table.add_row(*row)
        self.console.print(table, markup=False)

    def note(self, text: str) -> None:
        """A sentence about the tables, kept under "notes"."""
        self.results.setdefault("notes", []).append(text)
        self.say(text)

    def environment(self, about: dict[str, Any]) -> None:
        """The machine, the versions and the devices, kept under "environment"."""
        self.results["environment"] = about
        versions = ", ".join(f"{package} {version}" for package, version in about["packages"].items())
        self.say(f"{about['machine']}; {about['system']}; Python {about['python']}; {versions}")
        for device, description in about["devices"].items():
            self.say(f"{device:<4} {description}", style="bold")

    def has(self, package: str, extra: str) -> bool:
        """Whether a package is there that the work can do without; says how to get it where it is not."""
        if found := find_spec(package) is not None:
            return found
        self.say(f"Without {package}: install it with: pip install 'lucid-tensor[{extra}]'", style="yellow")
        return False

    def progress(self) -> Any:
        """A progress bar, to be used in a with block."""
        return needed("rich.progress", self.command, "run").Progress(console=self.console, disable=self.as_json)

    def finish(self, path: Path | None = None) -> None:
        """Write the results to `path` in JSON, if there is one, and print them if that was asked for."""
        text = json.dumps(self.results, indent=2)
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path) as file:
                file.write_text(text + "\n", encoding="utf-8")
            self.say(f"All numbers are in {path}.")
        if self.as_json:
            print(text)
