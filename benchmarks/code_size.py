"""How much code each package of lucid has, so that growth is seen.

    python benchmarks/code_size.py [--markdown]

Code is what is left without blank lines, comments and docstrings.
"""

import argparse
import ast
import io
import tokenize
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LAYOUT = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}


def code_lines(source: str) -> int:
    """Lines that hold code.

    >>> code_lines('# why\\n\\ndef f():\\n    "What it does."\\n    return (1 +\\n        2)  # three\\n')
    3
    """
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in LAYOUT:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and ast.get_docstring(node) is not None
        ):
            lines.difference_update(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    return len(lines)


def sizes(root: Path = ROOT) -> dict[str, Counter[str]]:
    """Files, lines and lines of code: of each package and module of lucid, largest first, then of the whole folders."""
    parts: dict[str, Counter[str]] = {}
    folders: dict[str, Counter[str]] = {}
    for folder in ("lucid", "tests", "benchmarks"):
        for file in sorted((root / folder).rglob("*.py")):
            text = file.read_text(encoding="utf-8")
            size = Counter(files=1, lines=len(text.splitlines()), code=code_lines(text))
            folders.setdefault(folder, Counter()).update(size)
            if folder == "lucid":
                parts.setdefault("/".join(file.relative_to(root).parts[:2]), Counter()).update(size)
    return dict(sorted(parts.items(), key=lambda item: -item[1]["code"])) | folders


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--markdown", action="store_true", help="print a Markdown table")
    options = parser.parse_args()

    row = "| {:<24} | {:>6} | {:>7} | {:>7} |" if options.markdown else "{:<24} {:>6} {:>7} {:>7}"
    print(row.format("package", "files", "lines", "code"))
    if options.markdown:
        print("| --- | ---: | ---: | ---: |")
    for name, size in sizes().items():
        print(row.format(name, size["files"], size["lines"], size["code"]))


if __name__ == "__main__":
    main()
