"""Objects of a PDF written one after the other: what the sandbox makes of a file, and how the
service, which never looks into it, sees that it is that."""

from __future__ import annotations

import os
from array import array
from dataclasses import dataclass
from itertools import pairwise
from typing import BinaryIO


@dataclass(frozen=True)
class Extract:
    """Where each object begins, and the numbers of the pages among them, in their order.

    `mended`: the file is damaged, and what could not be read of it may be missing.
    """

    offsets: array[int]
    pages: array[int]
    mended: bool

    def stands_in(self, written: BinaryIO, first: int) -> bool:
        """Whether at each of these places an object begins, numbered from `first`.

        What lies between two of them is the child's own affair: it shows on its pages only.
        """
        file = written.fileno()
        size, count = os.fstat(file).st_size, len(self.offsets)
        return (
            0 < len(self.pages) == len(set(self.pages))
            and self.pages[0] == first
            and all(first <= page < first + count for page in self.pages)
            and self.offsets[0] == 0
            and all(one < other for one, other in pairwise([*self.offsets, size]))
            and all(
                os.pread(file, len(opening), offset) == opening
                for number, offset in enumerate(self.offsets, start=first)
                for opening in (b"%d 0 obj\n" % number,)
            )
        )
