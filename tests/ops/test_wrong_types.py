"""Every public function and module with one argument of a type that it does not take: it says so in its own name.

Each function has a valid call, and each of its arguments in turn becomes what no function takes there. The answer is an
error that begins with the name of the function, never Python's own or a backend's. A few arguments may be anything:
flags, which count by their truth, as everywhere in Python, and what a call has no use for (`UNREAD`).

A module is made and called. What it keeps for a function, that function may speak of, or a module that it is made of.
"""

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any, get_args

import numpy as np
import pytest

import lucid
from lucid import fft, linalg, nn, random
from tests.comparing import outcome
from tests.nn.samples import FUNCTIONS, HOLDERS, MODULES
from tests.op_samples import OPS, Sample, numbers, on
from tests.op_samples.writing import sample

WRONG = {"a word": "a", "a list of a word": ["a"], "a dict": {"a": 1}, "an object": object(), "None": None}

SQUARE, TALL = numbers(3, 3) + 4 * np.eye(3, dtype=np.float32), numbers(4, 3)
OF_LINALG = {name: sample(SQUARE) for name in linalg.__all__} | {
    **{name: sample(SQUARE, SQUARE) for name in ("cross", "matmul", "solve", "tensordot", "vecdot")},
    "cholesky": sample(SQUARE @ SQUARE.T),
    "lstsq": sample(TALL, TALL),
    "matrix_power": sample(SQUARE, 3),
    "multi_dot": sample([SQUARE, SQUARE]),
    "outer": sample(SQUARE[0], SQUARE[1]),
    "solve_triangular": sample(SQUARE, SQUARE, upper=True),
    "tensorinv": sample(numbers(4, 2, 2), ind=1),
    "tensorsolve": sample(numbers(2, 2, 4), numbers(2, 2)),
}
OF_FFT = {name: sample(numbers(4, 4)) for name in fft.__all__} | {"fftfreq": sample(4), "rfftfreq": sample(4)}
SHARES = np.array([0.2, 0.3, 0.5], np.float32)
OF_RANDOM = {
    **{name: sample((2, 3)) for name in ("exponential", "gumbel", "laplace", "normal", "truncated_normal", "uniform")},
    **{name: sample((2, 3), 0.5) for name in ("bernoulli", "gamma", "poisson", "student_t")},
    "beta": sample((2, 3), 0.5, 0.5),
    "categorical": sample(SHARES),
    "choice": sample(SHARES, (2,)),
    "dirichlet": sample((2, 3), SHARES),
    "integers": sample(0, 5, (2, 3)),
    "multinomial": sample(SHARES, 2),
    "permutation": sample(SHARES),
    "seed": sample(0),
    "set_state": sample((0, 0)),
}

# The arguments that may be anything here, since the call does not come to read them, or where None has a meaning.
UNREAD = {
    "pad": {"value"},  # of other modes than "constant"
    "batch_norm": {"momentum"},  # without running statistics to follow those of the input
    "instance_norm": {"momentum"},
    **{f"InstanceNorm{n}d": {"momentum"} for n in (1, 2, 3)},
    "Identity": {"ignored"},
    "multi_head_attention_forward": {f"{part}_proj_weight" for part in "qkv"},  # one weight is there for all three
}
NONES = {  # all axes, as `axis` has it, and the value that is not given
    **{name: {"dim"} for name in ("cosine_similarity", "CosineSimilarity", "normalize")},
    **{f"ConstantPad{n}d": {"value"} for n in (1, 2, 3)},
}

# A function may leave an argument to another one, which then speaks for itself.
SPEAKING = {
    "astype": "to", "from_dlpack": "to", "full": "requires_grad_", "asarray": "requires_grad_",
    "choice": "integers", "cond": "matrix_norm", "norm": "matrix_norm", "set_state": "state",
    "embedding_bag": "embedding", "multi_head_attention_forward": "linear", "upsample": "interpolate",
    **{f"lp_pool{n}d": "avg_pool" for n in (1, 2, 3)},
}  # fmt: skip


def calls() -> Iterator[tuple[str, Callable[..., Any], list[Sample]]]:
    """Every function with arguments that it takes."""
    for op in OPS:
        if hasattr(lucid, op.name):
            yield op.name, getattr(lucid, op.name), [*op.samples[:3]]
    for space, samples in ((linalg, OF_LINALG), (fft, OF_FFT), (random, OF_RANDOM), (nn.functional, FUNCTIONS)):
        for name, given in samples.items():
            yield f"{space.__name__}.{name}", getattr(space, name), given if isinstance(given, list) else [given]


CALLS = [pytest.param(function, samples, id=name) for name, function, samples in calls()]


@pytest.mark.parametrize(("function", "samples"), CALLS)
def test_an_argument_of_a_wrong_type_is_refused_by_name(
    function: Callable[..., Any], samples: list[Sample], device: str
) -> None:
    name = function.__name__
    for of in samples:
        refuse_all(function, of, {name, in_any_dimension(name), SPEAKING.get(name, name)}, device)


def in_any_dimension(name: str) -> str:
    return re.sub(r"\dd$", "", name)


def refuse_all(function: Callable[..., Any], of: Sample, speaking: set[str], device: str) -> None:
    """Each argument in turn is refused, where it is wrong, in one of these names."""
    call_with(function, of, {}, device)  # it is a valid one
    wanted = re.compile(rf"\w+: ({'|'.join(speaking)}): .")
    for parameter in inspect.signature(function).parameters.values():
        for what, wrong in WRONG.items():
            if is_taken(function.__name__, parameter, wrong):
                continue
            changed = {parameter.name: wrong}
            _, error = outcome(lambda changed=changed: call_with(function, of, changed, device))
            case = f"{function.__name__}: {parameter.name} is {what}, beside {of.note}"
            assert wanted.match(error), f"{case}: {error or 'accepted'}"


def call_with(function: Callable[..., Any], of: Sample, changed: dict[str, Any], device: str) -> Any:
    """The function of a sample in which some arguments are others: of several in one parameter the last."""
    signature = inspect.signature(function)
    bound = signature.bind(*of.args, **of.options)
    bound.apply_defaults()
    for name, value in changed.items():
        several = signature.parameters[name].kind is inspect.Parameter.VAR_POSITIONAL
        bound.arguments[name] = (*bound.arguments[name][:-1], value) if several else value
    random.seed(0)
    return function(*on(device, bound.args), **on(device, bound.kwargs))


def is_taken(function: str, parameter: inspect.Parameter, value: Any) -> bool:
    """Whether this argument may have this value, or any at all."""
    kinds = get_args(parameter.annotation) or (parameter.annotation,)
    if parameter.kind is inspect.Parameter.VAR_KEYWORD or set(kinds) <= {bool, type(None)}:
        return True  # the options of a distribution are in a test of their own
    if value is None and (type(None) in kinds or parameter.name in NONES.get(function, ())):
        return True
    return parameter.name in UNREAD.get(function, ())


@pytest.mark.parametrize("name", ["beta", "dirichlet", "gamma", "normal", "uniform"])
@pytest.mark.parametrize("option", ["dtype", "device", "generator"])
def test_options_of_distributions_are_refused_by_name(name: str, option: str) -> None:
    of = OF_RANDOM[name]
    for wrong in WRONG.values():
        if wrong is not None:
            with pytest.raises(Exception, match=f"^{name}: "):
                getattr(random, name)(*on("cpu", of.args), **{option: wrong})


OF_FUNCTIONS = {*nn.functional.__all__, *map(in_any_dimension, nn.functional.__all__)}
OF_NN = {"flatten", *OF_FUNCTIONS, *nn.__all__}


@pytest.mark.parametrize("name", MODULES)
def test_an_argument_of_a_module_is_refused_by_name(name: str) -> None:
    kind, of = getattr(nn, name), MODULES[name]

    def made_and_called(*args: Any, **options: Any) -> Any:
        return kind(*args, **options)(*on("cpu", of.inputs))

    made_and_called.__name__ = name
    made_and_called.__signature__ = inspect.signature(kind)  # type: ignore[attr-defined]
    refuse_all(made_and_called, Sample(of.args, of.options, "its inputs"), OF_NN, "cpu")


@pytest.mark.parametrize("name", HOLDERS)
def test_what_a_container_does_not_hold_is_refused_by_name(name: str) -> None:
    for wrong in WRONG.values():
        with pytest.raises(TypeError, match=f"^({name}|Parameter): "):
            getattr(nn, name)(wrong)


@pytest.mark.parametrize("space", [linalg, fft, random, nn.functional])
def test_no_function_is_left_out(space: Any) -> None:
    tried = {function.__name__ for _, function, _ in calls()}
    public = {name for name in space.__all__ if inspect.isfunction(getattr(space, name))}
    assert public - tried <= {"get_state"}  # which takes nothing
