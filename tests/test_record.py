"""A record behaves as a frozen dataclass with slots does, though it has most of its methods from their first use on."""

import pickle
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace

import pytest

from edgevision.record import record


@record
class Ours:
    """A record."""

    name: str
    secret: str = field(default="hunter2", repr=False)
    noted: float = field(default=0.0, compare=False)


@dataclass(frozen=True, slots=True)
class Theirs:
    """What it is to be like."""

    name: str
    secret: str = field(default="hunter2", repr=False)
    noted: float = field(default=0.0, compare=False)


@record
class Empty:
    """A record without fields."""


@record
class Listed:
    """A record of what has no hash."""

    items: list[int]


def fresh() -> type[Ours]:
    """A record like `Ours`, no method of which was used yet."""

    @record
    class Ours:
        name: str
        secret: str = field(default="hunter2", repr=False)
        noted: float = field(default=0.0, compare=False)

    return Ours  # type: ignore[return-value]  # of that shape


@pytest.mark.parametrize(
    ("use", "said"),
    [
        (lambda kind: kind("a") == kind("a", noted=1.0), True),
        (lambda kind: kind("a") == kind("b"), False),
        (lambda kind: kind("a") != kind("a", "other"), True),
        (lambda kind: kind("a") == "a", False),
        (lambda kind: hash(kind("a")) == hash(kind("a", noted=1.0)), True),
        (lambda kind: hash(kind("a")) == hash(kind("b")), False),
        (lambda kind: {kind("a"): 1}[kind("a")], 1),
    ],
)
def test_its_first_use_and_the_next_say_what_a_dataclass_says(use: Callable[[object], object], said: object) -> None:
    ours = fresh()
    assert [use(ours), use(ours), use(Theirs)] == [said] * 3


def test_its_text_has_all_fields_but_those_that_are_not_to_be_shown() -> None:
    assert [repr(Ours("a", "b", 2.0)) for _ in range(2)] == ["Ours(name='a', noted=2.0)"] * 2
    assert "hunter2" not in repr(fresh()("a"))
    assert repr(Empty()) == "Empty()"


def test_another_kind_with_the_same_fields_is_another() -> None:
    another: object = Theirs("a")
    assert Ours("a") != another
    assert fresh()("a") != Ours("a")
    assert Empty() == Empty()


def test_what_has_no_hash_is_told() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(Listed([]))


def test_it_is_replaced_pickled_and_taken_apart() -> None:
    ours = Ours("a", "b", 1.0)
    assert replace(ours, name="c") == Ours("c", "b")
    assert asdict(pickle.loads(pickle.dumps(ours))) == {"name": "a", "secret": "b", "noted": 1.0}
    assert not hasattr(ours, "__dict__")


def test_several_threads_may_use_it_for_the_first_time() -> None:
    for _ in range(50):
        kind = fresh()
        said: list[bool] = []
        threads = [
            threading.Thread(target=lambda kind=kind, said=said: said.append(kind("a") == kind("a"))) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert said == [True] * 8
