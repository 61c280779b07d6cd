"""The order of a graph: each node once, before its parents, however the graph is shaped."""

import random

import pytest

from lucid.autograd.graph import Node, order


def node(*parents: Node | None) -> Node:
    return Node(None, parents, (), None)


def is_before_its_parents(ordered: list[Node]) -> bool:
    place = {n: i for i, n in enumerate(ordered)}
    return all(place[n] < place[p] for n in ordered for p in n.parents if p in place)


def test_each_node_comes_once_and_before_its_parents() -> None:
    a = node()
    b = node(a, None, a)
    c = node(a, b)
    d = node(c, b)
    ordered = order([d])
    assert set(ordered) == {a, b, c, d}
    assert len(ordered) == 4
    assert is_before_its_parents(ordered)


def test_several_ends_one_of_which_leads_to_another() -> None:
    a = node()
    b = node(a)
    c = node(b)
    for ends in ([b, c], [c, b], [b, b, c]):
        assert order(ends) == [c, b, a]


def test_nothing_is_followed_past_until() -> None:
    a = node()
    b = node(a)
    c = node(b)
    assert order([c], {b}) == [c, b]
    assert order([c], {c}) == [c]


@pytest.mark.parametrize("seed", range(20))
def test_random_graphs(seed: int) -> None:
    source = random.Random(seed)
    nodes: list[Node] = []
    for _ in range(60):
        nodes.append(node(*source.sample(nodes, min(len(nodes), source.randrange(4)))))
    ends = source.sample(nodes, 5)
    reached, stack = set(ends), list(ends)
    while stack:
        for parent in stack.pop().parents:
            if parent not in reached:
                reached.add(parent)
                stack.append(parent)
    ordered = order(ends)
    assert len(ordered) == len(reached)
    assert set(ordered) == reached
    assert is_before_its_parents(ordered)


def test_a_deep_graph_does_not_overflow_the_stack() -> None:
    last = node()
    for _ in range(100_000):
        last = node(last)
    assert len(order([last])) == 100_001
    while last.parents:  # taken apart by hand: bare nodes free one another recursively
        last = last.parents[0]
