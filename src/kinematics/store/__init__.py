"""Packed stores: any number of motions in one folder, mapped into memory, checked, appendable.

A store is for corpora: opening small files takes longer than measuring their motions. `write` packs
or appends motions, `read` opens a store as a sequence of `Motion`s.

A store is a folder with `store.json` and one segment for each append:

* `store.json` lists the segments, with the size of each and the checksum of its index;
* a segment contains its clips and, at the end, the index: offset, frames, arrays and checksum of
  each clip.

So every byte has a checksum that is covered by `store.json`, which has its own. Segments never
change once they are listed. `layout` defines the format, `writing` and `reading` implement it.
"""

from kinematics.store.layout import find, recognise
from kinematics.store.reading import Store, read
from kinematics.store.writing import write

__all__ = ["Store", "find", "read", "recognise", "write"]
