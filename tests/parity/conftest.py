"""At the end, how much of PyTorch agrees: what the tests over its samples counted, from every worker."""

from typing import Any

KEYS = ("passed", "failed", "unsupported", "left aside")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    totals: dict[str, dict[str, int]] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            for kind, counts in getattr(report, "user_properties", ()):
                if getattr(report, "when", "") == "call":
                    total = totals.setdefault(kind, dict.fromkeys(counts, 0))
                    for key, n in counts.items():
                        total[key] += n
    for kind, total in sorted(totals.items()):
        terminalreporter.write_line(f"PyTorch's {kind}: " + ", ".join(f"{n} {key}" for key, n in total.items()))
