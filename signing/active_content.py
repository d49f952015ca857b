"""What in a PDF does something when it is opened: flagged, never refused, for honest ones do too.

Names are looked for in the raw bytes and in what is packed into object streams, without reading any
object: a name is there or it is not, whoever refers to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain, islice

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.decode_limits import DecodePurpose

from signing.reading import CHUNK_BYTES, Reader, entry

# By the finding that each leads to (ISO 32000-2 §12.6, §7.11.4, §12.5.6, §13).
_NAMES = {
    b"JavaScript": "active_script",
    b"JS": "active_script",
    b"AA": "active_action",
    b"GoToE": "active_action",
    b"GoToR": "active_action",
    b"ImportData": "active_action",
    b"Launch": "active_action",
    b"SubmitForm": "active_action",
    b"EmbeddedFile": "active_attachment",
    b"EmbeddedFiles": "active_attachment",
    b"FileAttachment": "active_attachment",
    b"3D": "active_media",
    b"Movie": "active_media",
    b"Rendition": "active_media",
    b"RichMedia": "active_media",
    b"Screen": "active_media",
    b"Sound": "active_media",
    b"XFA": "active_form",
}

_SPACE = rb"[\0\t\n\f\r ]*+"
_REFERENCE = rb"[0-9]++" + _SPACE + rb"[0-9]++" + _SPACE + b"R"
# Two letters stand somewhere in any scan of 150 MB: these count with what goes with them.
_AROUND = {
    b"JS": b"JS(?=" + _SPACE + rb"(?:[(<%]|" + _REFERENCE + b"))",
    b"AA": b"AA(?=" + _SPACE + b"(?:<<|%|" + _REFERENCE + b"))",
    b"3D": rb"(?<=Subtype/)3D|(?<=Subtype /)3D",
}
_ENDS = rb"(?=[\0\t\n\f\r ()<>\[\]{}/%]|\Z)"
_PLAIN = b"|".join(_AROUND.get(name, name) for name in sorted(_NAMES, key=len, reverse=True))
# Any letter of a name may be written #xx (§7.3.5).
_ESCAPED = rb"[A-Za-z0-9]{0,13}+#[0-9A-Fa-f]{2}[A-Za-z0-9#]{0,36}+"
_NAME = re.compile(rb"/(?:(?P<plain>" + _PLAIN + b")|(?P<escaped>" + _ESCAPED + b"))" + _ENDS)
_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
_LONGEST = 160

_MOST_UNPACKED_BYTES = 64_000_000
# More than any file has that does not mean to be slow to look at.
_MOST_NAMES = 50_000


def active(reader: Reader) -> frozenset[str]:
    """The codes of findings on what a file may do when it is opened. Raises nothing."""
    found: set[str] = set()
    with suppress(Exception):
        if _opens(reader):
            found.add("active_action")
    matches = chain.from_iterable(map(_NAME.finditer, _parts(reader)))
    for match in islice(matches, _MOST_NAMES):
        name = match["plain"] or _ESCAPE.sub(_letter, match["escaped"])
        if name in _NAMES:
            found.add(_NAMES[name])
    return frozenset(found)


def _opens(reader: Reader) -> bool:
    """Whether opening the file does more than to show a place in it (§12.6.4.2)."""
    action = entry(reader.root, "/OpenAction")
    return isinstance(action, generic.DictionaryObject) and str(entry(action, "/S")) != "/GoTo"


def _parts(reader: Reader) -> Iterator[bytes]:
    """The file in pieces that overlap by a name, and what its object streams hold."""
    stream, tail = reader.stream, b""
    stream.seek(0)
    while chunk := stream.read(CHUNK_BYTES):
        yield tail + chunk
        tail = chunk[-_LONGEST:]
    left = _MOST_UNPACKED_BYTES
    for reference in _object_streams(reader):
        with suppress(Exception):  # one that cannot be unpacked shows nothing to anybody
            packed = reader.get_object(reference)
            unpacked = packed.read_data(DecodePurpose.OBJECT_STREAM)
            left -= len(unpacked)
            if left < 0:
                return
            yield unpacked


def _object_streams(reader: Reader) -> set[generic.Reference]:
    found: set[generic.Reference] = set()
    for revision in range(reader.xrefs.total_revisions):
        with suppress(Exception):
            found |= reader.xrefs.object_streams_used_in(revision)
    return found


def _letter(match: re.Match[bytes]) -> bytes:
    return bytes([int(match[1], 16)])
