"""What a revision of a file changed, read from its own objects, and whether each change is allowed.

Every object that a revision's cross-references speak of must be explained, by its place in the
document, or be one that nothing refers to. Revisions are compared with the one before, each once,
so that the work grows with what was appended and not with the document (`signing.permitted` has
the rules themselves).

What is compared can be trusted to be all: an object that was not there before may not have been
referred to before, or the signed bytes would have been waiting for it (a shadow attack); and where
a container is changed in place, nobody else may be looking at it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import HistoricalResolver

from signing.reading import Reader
from signing.references import Key, References, containers
from signing.values import is_page, key_of, parts, present, raw

Level = Literal["NONE", "LTA_UPDATES", "FORM_FILLING"]
LEVELS: tuple[Level, ...] = ("NONE", "LTA_UPDATES", "FORM_FILLING")

_MOST_CHANGED = 20_000
_MOST_COMPARED = 100_000
_DEEPEST = 64
_MOST_LEFT_BEHIND = 50

_PRIMITIVES = (
    generic.NumberObject,
    generic.FloatObject,
    generic.BooleanObject,
    generic.NameObject,
)
_STRINGS = (generic.TextStringObject, generic.ByteStringObject)


class Unexplained(Exception):  # noqa: N818  it states a fact
    """A change that no rule allows; `code` is its finding, the text names the object."""

    def __init__(self, what: str, code: str = "changed_after") -> None:
        self.code = code
        super().__init__(what)


@dataclass(frozen=True)
class Widget:
    """What shows a field that a revision brought, signed or filled; `text` is what it holds."""

    field: str
    dictionary: generic.DictionaryObject
    text: str | None = None

    @property
    def shows(self) -> bool:
        """Whether it takes room on its page; an unreadable rectangle may be all of it."""
        if "/Rect" not in self.dictionary:
            return False
        try:
            left, bottom, right, top = (float(number) for number in self.dictionary["/Rect"])
        except (TypeError, ValueError):
            return True
        return left != right and bottom != top


@dataclass
class Changes:
    """What one revision did, all of it allowed. `fields` were changed as a form is filled."""

    level: Level = "NONE"
    fields: set[str] = field(default_factory=set)
    widgets: dict[Key, Widget] = field(default_factory=dict)
    codes: list[str] = field(default_factory=list)

    def note(self, code: str, level: Level = "LTA_UPDATES") -> None:
        """Record an explained change."""
        self.level = max(self.level, level, key=LEVELS.index)
        if code not in self.codes:
            self.codes.append(code)


class Comparison:
    """One revision beside the one before it, and what of it is explained so far."""

    def __init__(self, reader: Reader, revision: int, references: References) -> None:
        self.reader = reader
        self.revision = revision
        self.old: HistoricalResolver = reader.get_historical_resolver(revision - 1)
        self.new: HistoricalResolver = reader.get_historical_resolver(revision)
        self.changes = Changes()
        self._references = references
        self._compared = 0
        self._alike: set[tuple[Key, Key]] = set()
        self._explained: set[Key] = set()
        spoken_of = spoken_of_in(reader, revision)
        if len(spoken_of) > _MOST_CHANGED:
            raise Unexplained("too many objects", "too_complex")
        self.added = {key for key in spoken_of if not self.defined(self.old, key)}
        self.added = {key for key in self.added if self.defined(self.new, key)}
        self.replaced = {
            key for key in spoken_of if self.defined(self.old, key) and not self._unchanged(key)
        }

    def defined(self, state: HistoricalResolver, key: Key) -> bool:
        """Whether an object exists in a revision."""
        reference = generic.Reference(*key, pdf=self.reader)
        return self.reader.xrefs.get_historical_ref(reference, state.revision) is not None

    def value(self, state: HistoricalResolver, key: Key) -> generic.PdfObject:
        """An object as of a revision; null when it does not exist."""
        if not self.defined(state, key):
            return generic.NullObject()
        found: generic.PdfObject = state(generic.Reference(*key, pdf=state))
        return found

    def _unchanged(self, key: Key) -> bool:
        return self.defined(self.new, key) and self.same(
            self.value(self.old, key), self.value(self.new, key)
        )

    # Reading values

    def same(
        self, old: generic.PdfObject | None, new: generic.PdfObject | None, depth: int = 0
    ) -> bool:
        """Whether two values say the same. Where they refer to different objects, those must.

        What is new among the latter is explained by it.
        """
        self._compared += 1
        if self._compared > _MOST_COMPARED or depth > _DEEPEST:
            raise Unexplained("too much to compare", "too_complex")
        old, new = present(old), present(new)
        before, after = key_of(old), key_of(new)
        if before and after:
            if before == after or (before, after) in self._alike:
                return True
            self._alike.add((before, after))
            if not self.same(self.value(self.old, before), self.value(self.new, after), depth + 1):
                self._alike.discard((before, after))
                return False
            self.explain(after)
            return True
        if before or after:
            old = self.value(self.old, before) if before else old
            new = self.value(self.new, after) if after else new
            if not self.same(old, new, depth + 1):
                return False
            self.explain(after)
            return True
        if isinstance(old, _PRIMITIVES) or isinstance(new, _PRIMITIVES):
            return isinstance(old, _PRIMITIVES) and isinstance(new, _PRIMITIVES) and old == new
        if isinstance(old, _STRINGS) and isinstance(new, _STRINGS):
            return bool(old.original_bytes == new.original_bytes)
        if isinstance(old, generic.ArrayObject) and isinstance(new, generic.ArrayObject):
            return len(old) == len(new) and all(
                self.same(*pair, depth + 1) for pair in zip(old, new, strict=True)
            )
        if isinstance(old, generic.DictionaryObject) and isinstance(new, generic.DictionaryObject):
            if isinstance(old, generic.StreamObject) != isinstance(new, generic.StreamObject):
                return False
            ignored: tuple[str, ...] = ()
            if isinstance(old, generic.StreamObject) and isinstance(new, generic.StreamObject):
                if old.encoded_data != new.encoded_data:
                    return False
                ignored = ("/Length",)
                self.explain(key_of(raw(new, "/Length")))
            return not self.differing(old, new, ignored, depth)
        return old is None and new is None

    def differing(
        self,
        old: generic.DictionaryObject,
        new: generic.DictionaryObject,
        besides: Collection[str] = (),
        depth: int = 0,
    ) -> set[str]:
        """The keys whose values differ, `besides` left aside."""
        return {
            key
            for key in (old.keys() | new.keys()) - set(besides)
            if not self.same(raw(old, key), raw(new, key), depth + 1)
        }

    def pages_of(self, widget: Key) -> set[Key]:
        """The pages that list an annotation now: any of them shows it, whatever it says itself."""
        pages, lists = set[Key](), set[Key]()
        for holder in set(self._references.to(widget, self.revision)) - {None}:
            assert holder is not None
            value = self.value(self.new, holder)
            if is_page(value):
                pages.add(holder)
            elif isinstance(value, generic.ArrayObject):
                lists.add(holder)
        if lists:
            further = References(self.reader, {number for number, _ in lists})
            for held in lists:
                for holder in set(further.to(held, self.revision)) - {None}:
                    assert holder is not None
                    if is_page(self.value(self.new, holder)):
                        pages.add(holder)
        return pages

    # Explaining

    def explain(self, key: Key | None) -> None:
        """An object that was not there before is explained by the place that refers to it."""
        if key in self.added:
            assert key is not None
            self._explained.add(key)

    def explain_all(self, value: generic.PdfObject | None) -> None:
        """All that is new below a value, itself included."""
        waiting = [value]
        while waiting:
            item = waiting.pop()
            key = key_of(item)
            if key:
                if key not in self.added or key in self._explained:
                    continue
                self._explained.add(key)
                item = self.value(self.new, key)
            waiting.extend(parts(item))

    def explain_in_place(self, key: Key | None, allowed: Iterable[Key | None], what: str) -> None:
        """A changed container, when nobody but those allowed refers to it, before or now."""
        if key is None or key not in self.replaced or key in self._explained:
            return
        allowed = {None, *allowed}
        outside = self._reachable(self.holders(key) - allowed)
        if outside:
            raise Unexplained(f"{what} {key} is used by {outside} too")
        if any(self._mentions(holder, key) > 1 for holder in allowed):
            raise Unexplained(f"{what} {key} is used under two names")
        self._explained.add(key)

    def _mentions(self, holder: Key | None, key: Key) -> int:
        """How often an object, or the trailer, refers to another in its own words."""
        counts = []
        for state in (self.old, self.new):
            waiting = [state.trailer_view if holder is None else self.value(state, holder)]
            count = 0
            while waiting:
                found = list(parts(waiting.pop()))
                count += sum(key_of(item) == key for item in found)
                waiting += [item for item in found if key_of(item) is None]
            counts.append(count)
        return max(counts)

    def explain_here(self, key: Key | None) -> None:
        """A changed object whose change is harmless whoever refers to it."""
        if key in self.replaced:
            assert key is not None
            self._explained.add(key)

    def _reachable(self, holders: set[Key | None]) -> set[Key | None]:
        """Those that anything but an earlier trailer still refers to, such as no old catalogue."""
        if not holders or len(holders) > _MOST_LEFT_BEHIND:
            return holders
        references = References(self.reader, {key[0] for key in holders if key})
        kept = {
            key_of(raw(state.trailer_view, name))
            for state in (self.old, self.new)
            for name in ("/Root", "/Info", "/Encrypt")
        }
        return {
            key
            for key in holders
            if key is None
            or key in kept
            or any(
                set(references.to(key, revision)) - {None, key}
                for revision in (self.revision - 1, self.revision)
            )
        }

    def holders(self, key: Key) -> set[Key | None]:
        """Objects that refer to one, before or now; None stands for a trailer."""
        references = self._references
        if key[0] not in references.wanted:
            references = References(self.reader, {key[0]})
        return {
            holder
            for revision in (self.revision - 1, self.revision)
            for holder in references.to(key, revision)
        }

    def unexplained(self) -> set[Key]:
        """Changed objects that nothing has explained."""
        return (self.replaced | self.added) - self._explained

    # The document as a whole

    def check_structure(self) -> None:
        """What would make the comparison itself untrue."""
        self._check_hybrid()
        used = set().union(
            *(containers(self.reader.xrefs.get_xref_data(it)) for it in range(self.revision))
        )
        for key in self.replaced | self.added:
            if key[0] in used:
                raise Unexplained(f"object stream {key} was changed")
        for key in self.added:
            if set(self._references.to(key, self.revision - 1)) - {None}:
                raise Unexplained(f"the signed bytes were waiting for {key}")
            if any(self.defined(self.old, (key[0], other)) for other in self._generations(key[0])):
                raise Unexplained(f"object {key} stands beside another generation")

    def _generations(self, number: int) -> Iterator[int]:
        """Those under which an object was known before."""
        for revision in range(self.revision):
            known = self.reader.xrefs.get_xref_data(revision).standard_xrefs.get(number)
            yield 0 if known is None else known[0]

    def _check_hybrid(self) -> None:
        """§7.5.8.4: two tables for two kinds of readers must not tell them different things."""
        section = self.reader.xrefs.get_xref_data(self.revision)
        if section.hybrid is None:
            return
        hidden = section.hybrid.xref_data
        for number, place in hidden.standard_xrefs.items():
            if section.standard_xrefs.get(number, place) != place:
                raise Unexplained(f"object {number} is in two places")
        for number in hidden.xrefs_in_objstm:
            if number in section.standard_xrefs:
                raise Unexplained(f"object {number} is in two places")

    def check_rest(self) -> None:
        """What is left is harmless only when nothing that counts refers to it."""
        left = self.unexplained()
        for key in left:
            outside = self._reachable(self.holders(key) - left - {None})
            if outside:
                raise Unexplained(f"object {key} was changed, and {outside} refer to it")
        if not self.changes.codes:
            self.changes.note("nothing", "LTA_UPDATES" if left or self._explained else "NONE")


def spoken_of_in(reader: Reader, revision: int) -> set[Key]:
    """The objects that a revision's cross-references speak of, in use or freed."""
    return {
        (reference.idnum, reference.generation)
        for reference in reader.xrefs.explicit_refs_in_revision(revision)
    }
