"""Whether ops are recorded: by block, by decorated function, and thread by thread."""

import threading
from collections.abc import Callable

import pytest

import lucid
from lucid import enable_grad, is_grad_enabled, no_grad, set_grad_enabled


@pytest.fixture
def x() -> lucid.Tensor:
    return lucid.ones(2, requires_grad=True)


def test_blocks_nest(x: lucid.Tensor) -> None:
    recorded = []
    with no_grad():
        recorded.append((x * 2).requires_grad)
        with enable_grad():
            recorded.append((x * 2).requires_grad)
            with set_grad_enabled(False):
                recorded.append((x * 2).requires_grad)
        recorded.append(is_grad_enabled())
    assert recorded == [False, True, False, False]
    assert is_grad_enabled()


def test_a_block_ends_with_an_error(x: lucid.Tensor) -> None:
    with pytest.raises(ZeroDivisionError), no_grad():
        raise ZeroDivisionError
    assert (x * 2).requires_grad


@pytest.mark.parametrize(
    ("mode", "recording"),
    [
        (no_grad(), False),
        (no_grad, False),
        (enable_grad(), True),
        (enable_grad, True),
        (lambda function: set_grad_enabled(False)(function), False),  # made in the test: it acts at once
    ],
)
def test_a_decorated_function_can_be_called_again_and_calls_itself(mode: Callable, recording: bool) -> None:
    @mode
    def depth(n: int) -> list[bool]:
        """How deep."""
        return [is_grad_enabled(), *(depth(n - 1) if n else [])]

    assert depth.__name__ == "depth"
    assert depth.__doc__ == "How deep."
    for _ in range(2):
        assert depth(2) == [recording] * 3
        assert is_grad_enabled()


def test_a_plain_call_acts_until_the_next(x: lucid.Tensor) -> None:
    try:
        set_grad_enabled(False)
        assert not (x * 2).requires_grad
        with enable_grad():
            assert is_grad_enabled()
        assert not is_grad_enabled()
    finally:
        set_grad_enabled(True)
    assert (x * 2).requires_grad


def test_each_thread_has_a_mode_of_its_own(x: lucid.Tensor) -> None:
    seen = []
    with no_grad():
        thread = threading.Thread(target=lambda: seen.append((is_grad_enabled(), (x * 2).requires_grad)))
        thread.start()
        thread.join()
        assert not is_grad_enabled()
    assert seen == [(True, True)]


def test_a_backward_pass_records_only_if_asked(x: lucid.Tensor) -> None:
    seen = []
    y = x * 3
    y.register_hook(lambda g: seen.append(((g * 2).requires_grad, is_grad_enabled())))
    y.sum().backward(retain_graph=True)
    y.sum().backward(create_graph=True)
    assert [enabled for _, enabled in seen] == [False, True]
    assert is_grad_enabled()


def test_leaves_made_without_recording_still_collect() -> None:
    with no_grad():
        x = lucid.ones(2, requires_grad=True)
    (x * 2).sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]
