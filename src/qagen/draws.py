"""The only door to randomness: numbers that depend on a seed and a name, and on nothing else.

The same on any machine, in any process and order, whatever `PYTHONHASHSEED` is.
"""

from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b
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
    left = list(items)
    drawn = number(seed, name)
    order = []
    while left:
        drawn, place = divmod(drawn, len(left))
        order.append(left.pop(place))
    return tuple(order)
