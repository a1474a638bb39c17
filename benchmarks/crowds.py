"""Several threads that share a pile of work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_Thing = TypeVar("_Thing")


def share(things: Sequence[_Thing], workers: Sequence[Callable[[_Thing], object]]) -> None:
    """Every worker does its part of `things` in a thread of its own; raises the first error of any of them."""

    def do(number: int) -> None:
        for thing in things[number :: len(workers)]:
            workers[number](thing)

    with ThreadPoolExecutor(len(workers)) as pool:
        for done in [pool.submit(do, number) for number in range(len(workers))]:
            done.result()
