"""The shape of the code: imports point down, array libraries stay in backends, and `import lucid` stays light.

Each checker is a function of sources, so that it is itself tested: the last part of each section feeds it code that is
wrong, and sees it caught.
"""

import ast
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

from benchmarks import import_time

ROOT = Path(__file__).resolve().parent.parent

# The floors, from the ground up. A new module of lucid gets its place here.
FLOORS = (
    ("dtypes", "errors", "spellings", "tree"),
    ("devices", "backends"),
    ("tensor", "autograd"),
    ("ops", "random"),
    ("nn", "optim", "io", "data", "compiler", "memory", "amp", "debug", "distributed", "einops"),
    ("models",),
    ("cli",),
)
FLOOR_OF = {name: floor for floor, names in enumerate(FLOORS) for name in names}
TOP = len(FLOORS)  # lucid/__init__.py and lucid/__main__.py, which may import everything

ARRAY_LIBRARIES = {"numpy", "mlx", "ml_dtypes"}

Sources = dict[str, str]  # the text of each file by its path, as "lucid/ops/linalg.py"


class Import(NamedTuple):
    module: str  # the dotted name, absolute
    line: int
    deferred: bool  # inside a function: only runs when that is called


def read(root: Path) -> Sources:
    """The sources of the package lucid that lies in `root`."""
    return {
        file.relative_to(root).as_posix(): file.read_text(encoding="utf-8")
        for file in sorted((root / "lucid").rglob("*.py"))
    }


def module_name(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def imports(path: str, text: str, modules: set[str]) -> Iterator[Import]:
    """Every import of a file, wherever it stands: at the top, in functions, under TYPE_CHECKING, by import_module.

    `from package import name` imports package.name where that is one of `modules`, and package otherwise.
    """
    package = module_name(path).split(".")
    if not path.endswith("/__init__.py"):
        package.pop()

    def absolute(name: str | None, level: int) -> str:
        return ".".join([*package[: len(package) - level + 1], *([name] if name else [])] if level else [name or ""])

    def visit(node: ast.AST, deferred: bool) -> Iterator[Import]:
        match node:
            case ast.Import(names=names):
                for alias in names:
                    yield Import(alias.name, node.lineno, deferred)
            case ast.ImportFrom(module=name, names=names, level=level):
                source = absolute(name, level)
                for alias in names:
                    inner = f"{source}.{alias.name}"
                    yield Import(inner if inner in modules else source, node.lineno, deferred)
            case ast.Call(
                func=ast.Name(id="import_module" | "__import__") | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                level = len(name) - len(name.lstrip("."))
                yield Import(absolute(name.lstrip("."), level), node.lineno, deferred)
        deferred = deferred or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            yield from visit(child, deferred)

    return visit(ast.parse(text, path), False)


def all_imports(sources: Sources) -> Iterator[tuple[str, Import]]:
    modules = {module_name(path) for path in sources}
    for path, text in sources.items():
        for found in imports(path, text, modules):
            yield path, found


def floor_of(module: str) -> int | None:
    """The floor of a module of lucid; None if it has no place in FLOORS."""
    _, *inner = module.split(".")
    return FLOOR_OF.get(inner[0]) if inner and inner[0] not in ("__init__", "__main__") else TOP


# Imports point down.


def misplaced(sources: Sources) -> list[str]:
    """The modules that have no place in FLOORS."""
    return [
        f"{path}: lucid.{module_name(path).split('.')[1]} has no floor; give it its place in FLOORS in {__name__}.py"
        for path in sources
        if floor_of(module_name(path)) is None
    ]


def upward_imports(sources: Sources) -> list[str]:
    """The imports that point to a higher floor."""
    wrong = []
    for path, found in all_imports(sources):
        if found.module.split(".")[0] != "lucid":
            continue
        here, there = floor_of(module_name(path)), floor_of(found.module)
        if here is not None and there is not None and there > here:
            wrong.append(f"{path}:{found.line}: floor {here} imports {found.module} from floor {there}, which is above")
    return wrong


def cycles(sources: Sources) -> list[str]:
    """A cycle of modules that import each other, if there is one."""
    modules = {module_name(path) for path in sources}
    graph: dict[str, set[str]] = {module: set() for module in modules}
    for path, found in all_imports(sources):
        target = found.module
        while target and target not in modules:  # lucid.ops.math.add, a function, is in lucid.ops.math
            target = target.rpartition(".")[0]
        if target and target != module_name(path):
            graph[module_name(path)].add(target)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return [" is imported by ".join(error.args[1])]
    return []


# Array libraries stay in backends, and what is heavy waits until it is needed.


def leaked_array_libraries(sources: Sources) -> list[str]:
    """The imports of an array library outside lucid/backends/."""
    return [
        f"{path}:{found.line}: imports {found.module}, which only lucid/backends/ may"
        for path, found in all_imports(sources)
        if found.module.split(".")[0] in ARRAY_LIBRARIES and not path.startswith("lucid/backends/")
    ]


def eager_imports(sources: Sources) -> list[str]:
    """The imports at module level of anything but the standard library, lucid, and in backends array libraries."""
    light = sys.stdlib_module_names | {"lucid"} | ARRAY_LIBRARIES  # leaked_array_libraries has those
    return [
        f"{path}:{found.line}: imports {found.module} at module level; import it in the function that needs it"
        for path, found in all_imports(sources)
        if not found.deferred and found.module.split(".")[0] not in light
    ]


CHECKERS = [misplaced, upward_imports, cycles, leaked_array_libraries, eager_imports]


@pytest.mark.parametrize("checker", CHECKERS)
def test_the_code_keeps_its_shape(checker: Callable[[Sources], list[str]]) -> None:
    sources = read(ROOT)
    assert len(sources) > 5
    if wrong := checker(sources):
        pytest.fail("\n".join(wrong), pytrace=False)


GOOD: Sources = {
    "lucid/__init__.py": "from . import ops\nfrom .tensor import Tensor\nfrom .models import pvt",
    "lucid/__main__.py": "from lucid.cli import main",
    "lucid/dtypes.py": "import math",
    "lucid/backends/__init__.py": "from importlib import import_module\nfrom ..dtypes import DType",
    "lucid/backends/numpy.py": "import ml_dtypes\nimport numpy as np\nfrom .. import dtypes",
    "lucid/devices.py": "from . import backends",
    "lucid/tensor.py": "from . import devices",
    "lucid/ops/__init__.py": "from .linalg import matmul",
    "lucid/ops/linalg.py": "from ..tensor import Tensor\nfrom .math import add",
    "lucid/ops/math.py": "from lucid.tensor import Tensor",
    "lucid/io/__init__.py": "def save(file):\n    import safetensors",
    "lucid/models/__init__.py": "",
    "lucid/models/pvt.py": "import lucid.ops as F\nfrom .. import io",
    "lucid/cli/__init__.py": "from ..models import pvt\n\ndef main():\n    import rich.table",
}


@pytest.mark.parametrize("checker", CHECKERS)
def test_good_code_passes(checker: Callable[[Sources], list[str]], tmp_path: Path) -> None:
    for path, text in GOOD.items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    assert read(tmp_path) == GOOD
    assert checker(read(tmp_path)) == []


@pytest.mark.parametrize(
    ("checker", "path", "text", "message"),
    [
        (misplaced, "lucid/helpers.py", "", "lucid.helpers has no floor"),
        (misplaced, "lucid/helpers/strings.py", "", "lucid.helpers has no floor"),
        (upward_imports, "lucid/dtypes.py", "from .tensor import Tensor", "floor 0 imports lucid.tensor from floor 2"),
        (upward_imports, "lucid/dtypes.py", "import lucid.ops.linalg", "lucid.ops.linalg from floor 3"),
        (upward_imports, "lucid/dtypes.py", "from lucid import devices", "lucid.devices from floor 1"),
        (upward_imports, "lucid/backends/numpy.py", "from .. import tensor", "lucid.tensor from floor 2"),
        (upward_imports, "lucid/ops/math.py", "from ..nn.functional import relu", "lucid.nn.functional from floor 4"),
        (upward_imports, "lucid/tensor.py", "def f():\n    from . import ops", "tensor.py:2: floor 2 imports"),
        (upward_imports, "lucid/tensor.py", "class A:\n    def f(self):\n        import lucid.io", "lucid.io"),
        (upward_imports, "lucid/tensor.py", "if TYPE_CHECKING:\n    from .ops import math", "lucid.ops.math"),
        (upward_imports, "lucid/tensor.py", "import_module('lucid.models.pvt')", "lucid.models.pvt from floor 5"),
        (upward_imports, "lucid/tensor.py", "importlib.import_module('.ops', 'lucid')", "lucid.ops from floor 3"),
        (upward_imports, "lucid/cli/__init__.py", "import lucid", "floor 6 imports lucid from floor 7"),
        (upward_imports, "lucid/cli/__init__.py", "from lucid import add", "floor 6 imports lucid from floor 7"),
        (upward_imports, "lucid/ops/math.py", "from .. import ones", "floor 3 imports lucid from floor 7"),
        (cycles, "lucid/ops/math.py", "from .linalg import matmul", "lucid.ops.math"),
        (cycles, "lucid/ops/math.py", "from . import matmul", "lucid.ops.linalg"),
        (cycles, "lucid/ops/math.py", "def f():\n    from lucid.ops.linalg import matmul", "lucid.ops.linalg"),
        (cycles, "lucid/backends/__init__.py", "from ..devices import backend", "lucid.devices"),
        (leaked_array_libraries, "lucid/ops/math.py", "import numpy as np", "imports numpy, which only lucid/"),
        (leaked_array_libraries, "lucid/ops/math.py", "from numpy.linalg import inv", "numpy.linalg"),
        (leaked_array_libraries, "lucid/backends.py", "import numpy", "numpy"),
        (leaked_array_libraries, "lucid/cli/__init__.py", "def f():\n    import mlx.core as mx", "mlx.core"),
        (leaked_array_libraries, "lucid/io/__init__.py", "if x:\n    from ml_dtypes import bfloat16", "ml_dtypes"),
        (leaked_array_libraries, "lucid/__init__.py", "__import__('numpy')", "numpy"),
        (eager_imports, "lucid/io/__init__.py", "import safetensors.numpy", "safetensors.numpy at module level"),
        (eager_imports, "lucid/cli/__init__.py", "try:\n    from rich import print\nexcept E:\n    pass", "rich"),
        (eager_imports, "lucid/data/__init__.py", "class A:\n    import sklearn.datasets", "sklearn.datasets"),
        (eager_imports, "lucid/data/__init__.py", "if TYPE_CHECKING:\n    from PIL import Image", "PIL"),
    ],
)
def test_bad_code_is_caught(checker: Callable[[Sources], list[str]], path: str, text: str, message: str) -> None:
    caught = checker(GOOD | {path: text})
    assert len(caught) == 1
    assert message in caught[0]


# `import lucid` brings NumPy and the standard library, and nothing else.


def brought_in_by(statement: str, folder: Path = ROOT) -> set[str]:
    """The top-level names that `statement` adds to sys.modules in a fresh interpreter that starts in `folder`."""
    program = f"import sys; before = set(sys.modules); {statement}; print(*set(sys.modules) - before)"
    run = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return {name.split(".")[0] for name in run.stdout.split()}


def heavy(names: set[str]) -> set[str]:
    return {name for name in names - sys.stdlib_module_names if not name.startswith("_sysconfigdata")} - {"lucid"}


def test_importing_lucid_imports_nothing_but_numpy() -> None:
    brought = brought_in_by("import lucid; assert lucid.__file__, 'lucid has no __init__.py'")
    assert {"lucid", "numpy"} <= brought
    assert heavy(brought) <= heavy(brought_in_by("import numpy"))


def test_a_heavy_import_is_seen(tmp_path: Path) -> None:
    (tmp_path / "lucid.py").write_text("import json\nimport heavyweight")
    (tmp_path / "heavyweight.py").write_text("")
    assert heavy(brought_in_by("import lucid", tmp_path)) == {"heavyweight"}


# `import lucid` takes at most twice as long as `import numpy`: what stands on the tensor library loads when it is used.

LIMIT = 2.0


def ratio_of_imports(folder: Path = ROOT, patience: int = 10) -> float:
    """The time of `import lucid` over that of `import numpy` right before it; measures on while above LIMIT.

    The median of many pairs: a busy machine disturbs the longer import oftener, so that the shortest of each would
    compare different moments.
    """
    ratios: list[float] = []
    for _ in range(patience):
        times = import_time.measure(rounds=7, path=folder)
        ratios += [lucid / numpy for numpy, lucid in zip(times["numpy"], times["lucid"], strict=True)]
        if statistics.median(ratios) <= LIMIT:
            break
    return statistics.median(ratios)


def test_importing_lucid_is_quick() -> None:
    assert ratio_of_imports() <= LIMIT


def test_a_slow_import_is_seen(tmp_path: Path) -> None:
    slow = "import time; start = time.perf_counter(); import numpy; time.sleep(2 * (time.perf_counter() - start))"
    (tmp_path / "lucid.py").write_text(slow)
    assert ratio_of_imports(tmp_path, patience=1) > LIMIT
