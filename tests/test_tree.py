"""Trees: the same shape comes back, leaves come in one order, and each has a path."""

from collections import OrderedDict, namedtuple

from lucid import tree

Point = namedtuple("Point", ["x", "y"])


def test_map_keeps_every_container() -> None:
    given = OrderedDict(b=[1, (2,)], a=Point(3, {"c": 4}))
    found = tree.map(lambda n: n * 10, given)
    assert found == OrderedDict(b=[10, (20,)], a=Point(30, {"c": 40}))
    assert [type(found), type(found["a"]), type(found["b"][1])] == [OrderedDict, Point, tuple]
    assert list(found) == ["b", "a"]
    assert given["b"] == [1, (2,)]


def test_leaves_come_in_the_order_in_which_map_visits_them() -> None:
    given, visited = {"b": [1, (2, [3])], "a": {4: (5,)}}, []
    tree.map(visited.append, given)
    assert tree.leaves(given) == visited == [1, 2, 3, 5]


def test_what_is_no_container_is_a_leaf() -> None:
    for leaf in (None, "text", 1.5, {1, 2}, slice(3), range(2)):
        assert tree.leaves(leaf) == [leaf]
        assert tree.map(lambda x: [x], leaf) == [leaf]
    assert tree.leaves([[], {}, ()]) == []


def test_each_leaf_has_a_path() -> None:
    assert dict(tree.named_leaves({"layers": [{"w": 1}, {"w": 2}], "lr": 3})) == {
        "layers.0.w": 1,
        "layers.1.w": 2,
        "lr": 3,
    }
    assert list(tree.named_leaves(7)) == [("", 7)]
    assert list(tree.named_leaves([7], "args")) == [("args.0", 7)]
