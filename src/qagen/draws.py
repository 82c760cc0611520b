"""The only door to randomness: numbers that depend on a seed and a name, and on nothing else.

The same on any machine, in any process and order, whatever `PYTHONHASHSEED` is.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from hashlib import blake2b
from itertools import count
from typing import TypeVar

_Item = TypeVar("_Item")

_BITS = 64


@lru_cache(maxsize=16)
def _key(seed: int) -> bytes:
    return f"qagen:{seed}".encode()


def number(seed: int, name: str) -> int:
    """A whole number below 2^64, uniform over names.

    >>> number(0, "clip#0/order") == number(0, "clip#0/order") != number(1, "clip#0/order")
    True
    """
    digest = blake2b(name.encode(), digest_size=_BITS // 8, key=_key(seed)).digest()
    return int.from_bytes(digest, "little")


def numbers(seed: int, prefix: str, suffixes: Iterable[str]) -> list[int]:
    """The numbers of several names that begin alike, twice as fast as one by one.

    >>> numbers(0, "clip#0/", ["order", "rank"])[0] == number(0, "clip#0/order")
    True
    """
    start = blake2b(prefix.encode(), digest_size=_BITS // 8, key=_key(seed))
    found = []
    for suffix in suffixes:
        one = start.copy()
        one.update(suffix.encode())
        found.append(int.from_bytes(one.digest(), "little"))
    return found


def below(seed: int, name: str, *, count: int) -> int:
    """One of `count` whole numbers from 0, each as likely as the others to within 2^-50.

    >>> 0 <= below(0, "rank", count=4) < 4
    True
    """
    return number(seed, name) * count >> _BITS


def shuffled(items: tuple[_Item, ...], *, seed: int, name: str) -> tuple[_Item, ...]:
    """The items in an order drawn by name; every order is equally likely.

    >>> sorted(shuffled((1, 2, 3), seed=0, name="options"))
    [1, 2, 3]
    """
    drawn = number(seed, name)
    if len(items) <= _FEW:
        orders = _orders(len(items))
        return tuple([items[place] for place in orders[drawn % len(orders)]])
    return _ordered(items, drawn)


_FEW = 4
"""All orders of so many are written down once, since options are put in order all the time."""


@cache
def _orders(length: int) -> tuple[tuple[int, ...], ...]:
    """Every order of some places; the one for a number is at that number in the table."""
    places = tuple(range(length))
    return tuple([_ordered(places, drawn) for drawn in range(math.factorial(length))])


def _ordered(items: tuple[_Item, ...], drawn: int) -> tuple[_Item, ...]:
    left = list(items)
    order = []
    while left:
        drawn, place = divmod(drawn, len(left))
        order.append(left.pop(place))
    return tuple(order)


def one_by_one(items: Sequence[_Item], *, seed: int, name: str) -> Iterator[_Item]:
    """The items in an order drawn by name, for who may not want to see them all.

    >>> sorted(one_by_one("abc", seed=0, name="letters"))
    ['a', 'b', 'c']
    """
    left = list(items)
    if len(left) < 2:
        yield from left
        return
    for page in count():
        drawn = _many_bits(seed, f"{name}/{page}")
        for _ in range(_A_PAGE):
            if not left:
                return
            drawn, place = divmod(drawn, len(left))
            left[place], left[-1] = left[-1], left[place]
            yield left.pop()


_A_PAGE = 40
"""Draws from one hash: 512 bits are enough for so many out of some hundred."""


def _many_bits(seed: int, name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), key=_key(seed)).digest(), "little")
