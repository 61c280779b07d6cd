"""Plots of what was measured: panels of lines over numbers, on logarithmic axes, or of points over names."""

from collections.abc import Collection, Mapping, Sequence
from math import ceil
from pathlib import Path
from typing import Any, NamedTuple

from ..io.files import replacing
from ..io.packages import needed
from .output import Output

__all__ = ["Panel", "plot"]


class Panel(NamedTuple):
    """Lines over one axis: for each label its points (x, y), in any order; where x is a name, points in that order."""

    title: str
    x: str
    y: str
    lines: Mapping[str, Sequence[tuple[Any, float]]]
    dashed: Collection[str] = ()  # labels


def plot(path: Path, title: str, panels: Sequence[Panel], output: Output, columns: int = 3) -> None:
    """Write a PNG with at most `columns` panels beside each other, and say where it is.

    Without matplotlib it says how to get it, since what was measured is worth having without a plot.
    """
    if not output.has("matplotlib", "vision"):
        return
    columns = min(columns, len(panels))
    rows = ceil(len(panels) / columns)
    figure = needed("matplotlib.figure", output.command, "vision").Figure(
        figsize=(7 * columns, 4.5 * rows), layout="constrained"
    )
    figure.suptitle(title)
    grid = figure.subplots(rows, columns, squeeze=False).flat
    for axes, panel in zip(grid, panels):
        places = {x for points in panel.lines.values() for x, _ in points}
        named = any(isinstance(x, str) for x in places)
        for label, points in panel.lines.items():
            style, fill = ("--", "none") if label in panel.dashed else ("-", "full")
            x, y = zip(*(points if named else sorted(points)))
            axes.plot(x, y, marker="o", fillstyle=fill, linestyle="" if named else style, label=label)
        axes.set(title=panel.title, xlabel=panel.x, ylabel=panel.y, yscale="log")
        if not named:
            ticks = sorted(places)
            axes.set_xscale("log")
            axes.set_xticks(ticks, [f"{x:,}" for x in ticks], minor=False)
            axes.tick_params(axis="x", which="minor", bottom=False, labelbottom=False)
        axes.grid(alpha=0.3)
        axes.legend(fontsize="small")
    for axes in grid:  # what is left of the last row
        axes.remove()
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        figure.savefig(file, format="png", dpi=150)
    output.say(f"The plot is in {path}.")
