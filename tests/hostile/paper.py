"""A PDF written by hand, revision by revision, and signed: every byte is chosen by the test."""

from __future__ import annotations

import asyncio
import copy
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping

from signing import cms
from signing.keys import LiveKey
from tests.signing.handmade import FREE, IN_STREAM, Entry, Handmade
from tests.signing.trusted import Stamper

CATALOG, PAGES, PAGE, CONTENT, FONT, INFO, FORM = range(1, 8)

#: What the page says when its signer sees it.
AGREED = b"Pay 1 000 VND"
#: What the attacker would have it say.
FORGED = b"Pay 9 000 VND"

NOWHERE = b"[0 0 0 0]"
OVER_THE_TEXT = b"[60 680 400 740]"
BLANK = b"[340 120 520 170]"

#: The bytes covered and the key -> the DER of a ContentInfo.
Cms = Callable[[bytes, LiveKey], bytes]


def detached(covered: bytes, key: LiveKey) -> bytes:
    """The CMS that PAdES wants."""
    attributes = cms.signed_attributes(hashlib.sha256(covered).digest(), key.certificate)
    value = key.sign(attributes, "sha256")
    return cms.signed_data(attributes, value, key.certificate, key.chain)


def token(covered: bytes, key: LiveKey) -> bytes:
    """A time-stamp token."""
    digest = hashlib.sha256(covered).digest()
    stamped: bytes = asyncio.run(Stamper(key).async_timestamp(digest, "sha256")).dump()
    return stamped


def stream(data: bytes, about: bytes = b"") -> bytes:
    """The text of a stream object."""
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (about, len(data), data)


def numbers(values: Iterable[int]) -> bytes:
    return b" ".join(b"%d" % value for value in values)


def shows(text: bytes) -> bytes:
    """A content stream that shows one line."""
    return stream(b"BT /F1 24 Tf 72 700 Td (%s) Tj ET" % text)


def paints(box: bytes = b"[0 0 200 40]", data: bytes = b"1 g 0 0 200 40 re f") -> bytes:
    """A form XObject that paints a white rectangle."""
    return stream(data, b"/Type /XObject /Subtype /Form /BBox %s" % box)


class Paper(Handmade):
    """A file in the making: `write` objects, `end` the revision; `objects` holds their last text.

    `contents` is a whole file after each `end`.
    """

    def __init__(self, header: bytes = b"%PDF-1.7\n") -> None:
        super().__init__()
        self._body = bytearray(header)
        self.objects: dict[int, bytes] = {}
        self.entries: dict[int, Entry] = {}
        self.ends: list[int] = []
        self.root = CATALOG
        self.trailer = b""
        self.prev: int | None = None
        self.newline = b"\n"

    @classmethod
    def page(
        cls, *, catalog: bytes = b"", page: bytes = b"", content: bytes | None = None
    ) -> Paper:
        """One page that says what was agreed, not yet ended."""
        paper = cls()
        paper.write(CATALOG, b"<< /Type /Catalog /Pages 2 0 R %s >>" % catalog)
        paper.write(PAGES, b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>")
        contents = b"" if b"/Contents" in page else b"/Contents 4 0 R "
        resources = b"" if b"/Resources" in page else b"/Resources << /Font << /F1 5 0 R >> >> "
        paper.write(
            PAGE,
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] %s%s%s >>"
            % (contents, resources, page),
        )
        paper.write(CONTENT, content or shows(AGREED))
        paper.write(FONT, b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
        paper.write(INFO, b"<< /Title (Contract) >>")
        paper._size = 10  # the form comes later, under a number of its own
        paper.trailer = b"/Info 6 0 R /ID [<00> <00>]"
        return paper

    def copy(self) -> Paper:
        return copy.deepcopy(self)

    @property
    def body(self) -> bytearray:
        """The bytes so far, to be spoilt."""
        return self._body

    @property
    def last_table(self) -> int:
        """Where the last revision's cross-references begin."""
        return int(self._previous.split()[-1])

    def next(self) -> int:
        """An object number that nobody uses."""
        return max([*self.objects, *self.entries, self._size - 1, 9]) + 1

    def write(self, number: int, text: bytes, generation: int = 0) -> int:
        """Write an object into the revision; its number."""
        self.objects[number] = text
        self.entries[number] = self.put(number, generation, text)
        return number

    def add(self, text: bytes) -> int:
        """Write an object under a new number."""
        return self.write(self.next(), text)

    def edit(self, number: int, old: bytes, new: bytes) -> None:
        """Write an object again with some of its text replaced, which must be there."""
        assert old in self.objects[number], (old, self.objects[number])
        self.write(number, self.objects[number].replace(old, new))

    def extend(self, number: int, text: bytes) -> None:
        """Write a dictionary again with more in it."""
        head, end, tail = self.objects[number].rpartition(b">>")
        self.write(number, head + text + b" " + end + tail)

    def append(self, number: int, key: bytes, item: bytes) -> None:
        """Append to an array in a dictionary, made if it is not there."""
        if key + b" [" in self.objects[number]:
            head, _, tail = self.objects[number].partition(key + b" [")
            inside, _, after = tail.partition(b"]")
            self.write(number, head + key + b" [" + inside + b" " + item + b"]" + after)
        else:
            self.extend(number, key + b" [" + item + b"]")

    def free(self, number: int, generation: int = 1) -> None:
        self.entries[number] = (FREE, 0, generation)

    def pack(self, objects: Mapping[int, bytes], about: bytes = b"") -> int:
        """Write objects into an object stream (§7.5.7); its number."""
        container = max(self.next(), *objects) + 1
        header, data = b"", b""
        for place, (number, text) in enumerate(objects.items()):
            header += b"%d %d " % (number, len(data))
            data += text + b"\n"
            self.objects[number] = text
            self.entries[number] = (IN_STREAM, container, place)
        about = b"/Type /ObjStm /N %d /First %d %s" % (len(objects), len(header), about)
        return self.write(container, stream(header + data, about))

    def raw(self, text: bytes) -> int:
        """Write bytes as they are; where they begin."""
        start = len(self._body)
        self._body += text
        return start

    def put(self, number: int, generation: int, text: bytes) -> Entry:
        """Write an object with the file's line ends; its entry."""
        start = len(self._body)
        entry = super().put(number, generation, b"%s")
        del self._body[start:]
        head, tail = b"%d %d obj\n" % (number, generation), b"\nendobj\n"
        ends = self.newline
        self._body += head.replace(b"\n", ends) + text + tail.replace(b"\n", ends)
        return entry

    def end(self, how: str = "table") -> Paper:
        """End the revision with a `table`, a cross-reference `stream`, or an `unlisted` one."""
        entries, self.entries = self.entries, {}
        start = len(self._body)
        if how != "table":
            self.stream(entries, listed=how == "stream")
        else:
            self.table(entries)
            # A row has 20 bytes whatever its end (§7.5.4).
            rows = self._body[start:].replace(b" \n", (b" " + self.newline)[-2:])
            self._body[start:] = re.sub(rb"(?<!\r)\n", self.newline, rows)
        self.ends.append(len(self._body))
        return self

    def _trailer(self, entries: Mapping[int, Entry], start: int) -> bytes:
        self._size = max(self._size, max(entries, default=0) + 1)
        previous, self._previous = self._previous, b" /Prev %d" % start
        if self.prev is not None:
            previous, self.prev = b" /Prev %d" % self.prev if self.prev >= 0 else b"", None
        return b"/Root %d 0 R /Size %d %s" % (self.root, self._size, self.trailer) + previous

    # Signing

    def sign(
        self, key: LiveKey, name: str = "chairman", how: str = "table", **what: object
    ) -> Paper:
        """Sign in a new field (see `field` and `value`), and end the revision."""
        mine = {"rect", "page", "widget", "appearance", "flags"}
        number = self.next()
        self.objects[number] = b""  # taken
        value = self.value(**{name: what.pop(name) for name in set(what) - mine - {"cms"}})  # type: ignore[arg-type]
        made = what.pop("cms", detached)
        self.field(name, value, number=number, **what)  # type: ignore[arg-type]
        self.end(how)
        self.seal(value, key, made)  # type: ignore[arg-type]
        return self

    def stamp(self, key: LiveKey, name: str = "stamp") -> Paper:
        """Put a document time-stamp over everything."""
        about = b"/Type /DocTimeStamp /Filter /Adobe.PPKLite /SubFilter /ETSI.RFC3161"
        return self.sign(key, name, about=about, cms=token)

    def field(
        self,
        name: str,
        value: int | None,
        *,
        number: int | None = None,
        rect: bytes = NOWHERE,
        widget: bytes = b"",
        appearance: bytes | None = None,
        page: int = PAGE,
        flags: int = 132,
    ) -> int:
        """Put a signature field into the form and, as a widget, on the page."""
        shown = b""
        if appearance is not None:
            shown = b" /AP << /N %d 0 R >>" % self.add(appearance)
        number = self.next() if number is None else number
        signed = b"" if value is None else b" /V %d 0 R" % value
        self.write(
            number,
            b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (%s) /P %d 0 R /F %d /Rect %s%s%s %s >>"
            % (name.encode(), page, flags, rect, signed, shown, widget),
        )
        self.list_field(number)
        self.list_annotation(number, page)
        return number

    def list_field(self, number: int) -> None:
        """Enter a field into the form, which may lie apart, and may not be there yet."""
        place = FORM
        if b"/AcroForm <<" in self.objects[CATALOG]:
            place = CATALOG
        elif b"/AcroForm" not in self.objects[CATALOG]:
            self.write(FORM, b"<< /Fields [] /SigFlags 3 >>")
            self.extend(CATALOG, b"/AcroForm %d 0 R" % FORM)
        self._list(place, b"/Fields", number)

    def list_annotation(self, number: int, page: int = PAGE) -> None:
        """Enter an annotation into its page, whose array may lie apart."""
        self._list(page, b"/Annots", number)

    def _list(self, place: int, key: bytes, number: int) -> None:
        apart = re.search(key + rb" (\d+) 0 R", self.objects[place])
        if apart:
            text = self.objects[int(apart[1])]
            self.write(int(apart[1]), text.replace(b"]", b" %d 0 R]" % number))
        else:
            self.append(place, key, b"%d 0 R" % number)

    def value(
        self,
        *,
        about: bytes = b"/Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached",
        byte_range: bytes = b"/ByteRange [0 0000000000 0000000000 0000000000]",
        contents: bytes = b"/Contents <%s>",
        room_bytes: int = 3000,
        number: int | None = None,
    ) -> int:
        """A signature dictionary with room for what `seal` writes."""
        room = contents % (b"00" * room_bytes) if b"%s" in contents else contents
        return self.write(
            self.next() if number is None else number,
            b"<< %s %s %s /M (D:20261122080000Z) >>" % (about, byte_range, room),
        )

    def seal(
        self,
        number: int,
        key: LiveKey,
        made: Cms = detached,
        covered: Callable[[list[int]], list[int]] = lambda pieces: pieces,
        written: Callable[[list[int]], bytes] = lambda pieces: b"[%s]" % numbers(pieces),
    ) -> None:
        """Sign the file into the last signature dictionary of this number.

        `covered` may have other pieces signed than those around the value, `written` names others.
        """
        *_, found = re.finditer(rb"[\r\n]%d 0 obj" % number, self._body)
        place = found.start()
        start = self._body.index(b"/Contents <", place) + len(b"/Contents ")
        end = self._body.index(b">", start) + 1
        pieces = covered([0, start, end, len(self._body) - end])
        field = self._body.index(b"/ByteRange [0 0000000000", place)
        room = self._body.index(b"]", field) + 1 - field
        text = (b"/ByteRange " + written(pieces)).ljust(room)
        assert len(text) == room
        self._body[field : field + room] = text
        parts = zip(pieces[::2], pieces[1::2], strict=True)
        signed = b"".join(self._body[first : first + length] for first, length in parts)
        value = made(signed, key).hex().encode()
        assert len(value) <= end - start - 2
        self._body[start + 1 : start + 1 + len(value)] = value
