"""Plots of what was measured: panels of lines, both axes logarithmic."""

from collections.abc import Collection, Mapping, Sequence
from math import ceil
from pathlib import Path
from typing import NamedTuple

from ..io.files import replacing
from ..io.packages import needed
from .output import Output

__all__ = ["Panel", "plot"]


class Panel(NamedTuple):
    """Lines over one axis: for each label its points (x, y), in any order."""

    title: str
    x: str
    y: str
    lines: Mapping[str, Sequence[tuple[float, float]]]
    dashed: Collection[str] = ()  # labels


def plot(path: Path, title: str, panels: Sequence[Panel], output: Output, columns: int = 3) -> None:
    """Write a PNG with at most `columns` panels beside each other, and say where it is."""
    columns = min(columns, len(panels))
    rows = ceil(len(panels) / columns)
    figure = needed("matplotlib.figure", output.command, "vision").Figure(
        figsize=(7 * columns, 4.5 * rows), layout="constrained"
    )
    figure.suptitle(title)
    grid = figure.subplots(rows, columns, squeeze=False).flat
    for axes, panel in zip(grid, panels):
        for label, points in panel.lines.items():
            style = "--" if label in panel.dashed else "-"
            axes.plot(*zip(*sorted(points)), marker="o", linestyle=style, label=label)
        ticks = sorted({x for points in panel.lines.values() for x, _ in points})
        axes.set(title=panel.title, xlabel=panel.x, ylabel=panel.y, xscale="log", yscale="log")
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
