"""Blocks: what they cover, errors, threads and forks. And kernels on arrays large enough to be cut, against float64."""

import multiprocessing
import os
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from lucid.backends import blas, blocks
from lucid.backends.blocks import get_num_threads, in_blocks, set_num_threads
from lucid.devices import describe


@pytest.fixture(autouse=True, params=[1, 3], ids="{} threads".format)
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = get_num_threads()
    set_num_threads(request.param)
    yield request.param
    set_num_threads(before)


@pytest.mark.parametrize("length", [0, 1, 7, 3 * blocks.BLOCK + 5])
def test_blocks_cover_every_row_once(length: int) -> None:
    x, out = np.arange(length, dtype=np.float32), np.full(length, -1.0, np.float32)

    def add(x: np.ndarray, out: np.ndarray) -> int:
        out += x
        return len(x)

    assert sum(in_blocks(add, x, out)) == length
    np.testing.assert_array_equal(out, x - 1)


def test_results_stand_in_the_order_of_the_blocks() -> None:
    x = np.arange(10 * blocks.BLOCK)
    firsts = in_blocks(lambda x: x[0], x)
    assert firsts == sorted(firsts)
    assert len(firsts) == 10
    assert in_blocks(len, np.zeros((100, 3)), rows=40) == [33, 33, 34]


def test_an_error_in_a_block_is_raised_when_all_threads_have_stopped() -> None:
    running = set()

    def fail(x: np.ndarray) -> None:
        running.add(x[0])
        try:
            if x[0]:
                raise RuntimeError("no such block")
        finally:
            running.remove(x[0])

    for _ in range(5):
        with pytest.raises(RuntimeError, match="no such block"):
            in_blocks(fail, np.arange(9 * blocks.BLOCK))
        assert not running
    assert sum(in_blocks(len, np.zeros(9 * blocks.BLOCK))) == 9 * blocks.BLOCK


def test_a_formula_may_use_blocks_itself(threads: int) -> None:
    x = np.ones(4 * blocks.BLOCK)
    seen = set()

    def outer(x: np.ndarray) -> int:
        mine = threading.get_ident()
        seen.update(in_blocks(lambda x: threading.get_ident() == mine, np.ones(4 * blocks.BLOCK)))
        return len(x)

    assert sum(in_blocks(outer, x)) == len(x)
    assert seen == {True}


def test_many_callers_at_once_and_blas_has_its_threads_back(threads: int) -> None:
    x, found = np.ones(3 * blocks.BLOCK), []
    callers = [threading.Thread(target=lambda: found.append(sum(in_blocks(np.sum, x)))) for _ in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert found == [len(x)] * 4
    if (told := blas._openblas("get_num_threads")) is not None:
        assert told() == threads


class Accelerate:
    """Apple's BLAS, which takes orders for each thread."""

    def __init__(self) -> None:
        self.of_thread = threading.local()
        self.asked: set[int] = set()

    def BLASSetThreading(self, order: int) -> int:
        self.of_thread.order = order
        self.asked.add(threading.get_ident())
        return 0

    @property
    def alone(self) -> bool:
        return getattr(self.of_thread, "order", blas.MULTI_THREADED) == blas.SINGLE_THREADED


@pytest.fixture
def accelerate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Accelerate]:
    library = Accelerate()
    with monkeypatch.context() as patched:
        patched.setattr(blas, "_library", lambda: library)
        blas._openblas.cache_clear()
        blas._orders.cache_clear()
        yield library
    blas._openblas.cache_clear()
    blas._orders.cache_clear()


def test_accelerate_rests_in_each_of_our_threads(threads: int, accelerate: Accelerate) -> None:
    ours = set()
    both = threading.Barrier(2, timeout=60)

    def formula(x: np.ndarray) -> bool:
        ours.add(threading.get_ident())
        if threads > 1 and x[0] < 2:  # so that one thread cannot take all blocks
            both.wait()
        return accelerate.alone

    found = in_blocks(formula, np.arange(8.0), rows=1, blas=True)
    assert found == [threads > 1] * 8
    assert not accelerate.alone  # nor after it
    assert len(ours) > 1 or threads == 1
    set_num_threads(1)
    assert accelerate.alone


def test_a_blas_that_takes_no_orders_is_called_by_one_thread_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blas, "_orders", lambda: None)
    seen = in_blocks(lambda x: threading.get_ident(), np.arange(8.0), rows=1, blas=True)
    assert seen == [threading.get_ident()] * 8


def test_no_warning_comes_out_of_a_thread() -> None:
    with np.errstate(all="ignore"):
        in_blocks(lambda x: x / 0, np.ones(4 * blocks.BLOCK))


def test_the_number_of_threads(threads: int) -> None:
    assert get_num_threads() == threads
    with pytest.raises(ValueError, match="set_num_threads: got 0; wanted at least 1"):
        set_num_threads(0)
    with pytest.raises(TypeError):
        set_num_threads(2.0)  # type: ignore[arg-type]
    assert get_num_threads() == threads


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_process_has_threads_of_its_own() -> None:
    x = np.ones(4 * blocks.BLOCK)
    in_blocks(np.sum, x)
    with multiprocessing.get_context("spawn").Pool(1) as pool:  # pytest has threads: fork from a process that has none
        assert pool.apply(_fork_and_sum, (4 * blocks.BLOCK,)) == 4 * blocks.BLOCK


def _fork_and_sum(size: int) -> float:
    set_num_threads(3)
    x = np.ones(size)
    in_blocks(np.sum, x)
    there, here = os.pipe()
    if not (child := os.fork()):
        os.write(here, str(sum(in_blocks(np.sum, x))).encode())
        os._exit(0)
    os.waitpid(child, 0)
    return float(os.read(there, 100))


def test_reports_name_the_kernels_of_blas() -> None:
    """Matrix products take twice as long with those of an older processor."""
    pools = pytest.importorskip("threadpoolctl").threadpool_info()
    of_numpy = [pool["architecture"] for pool in pools if pool["filepath"].count("numpy") and "architecture" in pool]
    assert blas.kernels_of_blas() == "".join(of_numpy)
    assert describe("cpu").endswith(blas.kernels_of_blas())
