"""Packed stores: any number of motions in one folder, mapped into memory, checked, appendable.

A store is for corpora: opening small files costs more than measuring what is in them. `write`
packs motions or appends them, `read` opens a store, which is then a sequence of `Motion`s.

A store is a folder with `store.json` and one segment for each append:

* `store.json` lists the segments, with the size of each and the checksum of its index;
* a segment holds its clips one after another, and behind them the index: where each clip lies, how
  many frames it has, which arrays, and its checksum.

So every byte is covered by a checksum that is covered by `store.json`, which has its own. Segments
never change once they are listed. `layout` is the format, `writing` and `reading` its two sides.
"""

from kinematics.store.layout import find, recognise
from kinematics.store.reading import Store, read
from kinematics.store.writing import write

__all__ = ["Store", "find", "read", "recognise", "write"]
