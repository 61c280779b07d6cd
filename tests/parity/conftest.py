"""At the end, how much of PyTorch agrees: what the tests over its samples counted, from every worker."""

from collections import Counter, defaultdict
from typing import Any


def pytest_terminal_summary(terminalreporter: Any) -> None:
    totals: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", "") == "call":
                for kind, counts in report.user_properties:
                    totals[kind].update(counts)
    for kind, total in sorted(totals.items()):
        terminalreporter.write_line(f"PyTorch's {kind}: {summary(total)}")


def summary(counts: Counter[str]) -> str:
    """Such as "518 of 636 mapped", or "90 passed, 0 failed, 10 unsupported; 100.00 % of those compared agree"."""
    (first, good), *rest = counts.items()
    parts = ", ".join(f"{n:,} {what}" for what, n in rest)
    if "failed" not in counts:
        return f"{good:,} of {counts.total():,} {first}, {parts}"
    compared = good + counts["failed"]
    share = f"; {10_000 * good // compared / 100:.2f} % of those compared agree" if compared else ""
    return f"{good:,} {first}, {parts}{share}"
