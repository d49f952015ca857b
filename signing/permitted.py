"""The changes that may follow a signature (ISO 32000-2 §12.8.2.2, made stricter), place by place.

Later signatures and time-stamps in fields of their own, validation data, metadata; and our two
reserved fields, number and date, from empty and once (Decree 30/2020 has the number put in after
the person signed). Any other form field, and any annotation, is content: whoever may change it may
change what the page says (the form-field shadow attack).
"""

from __future__ import annotations

from pyhanko.pdf_utils import generic

from signing.difference import Changes, Comparison, Unexplained
from signing.form_changes import FormRules
from signing.reading import Reader
from signing.references import Key, References
from signing.store_changes import StoreRules
from signing.values import array_of, dictionary_of, key_of, raw, text_of

_NOBODY = (0, 0)


def changes_in(reader: Reader, revision: int, references: References) -> Changes:
    """What a revision did. Raises Unexplained for what no rule allows."""
    return _Rules(Comparison(reader, revision, references)).applied()


class _Rules:
    def __init__(self, comparison: Comparison) -> None:
        self._it = comparison
        self._old_root = comparison.old.root
        self._new_root = comparison.new.root
        self._root_key = key_of(comparison.new.trailer_view.raw_get("/Root"))

    def applied(self) -> Changes:
        it = self._it
        it.check_structure()
        self._trailer()
        if it.replaced or it.added:
            self._catalogue()
            self._pages()
        it.check_rest()
        return it.changes

    def _trailer(self) -> None:
        it = self._it
        old, new = it.old.trailer_view, it.new.trailer_view
        if key_of(raw(old, "/Root")) != self._root_key or self._root_key is None:
            raise Unexplained("another catalogue")
        if not it.same(raw(old, "/Encrypt"), raw(new, "/Encrypt")):
            raise Unexplained("another encryption")
        info = raw(new, "/Info")
        if key_of(info) and not it.same(raw(old, "/Info"), info):
            it.explain_all(info)
        if key_of(info) in it.replaced:
            it.explain_in_place(key_of(info), (), "document information")
            it.changes.note("metadata")

    def _catalogue(self) -> None:
        it, root = self._it, self._root_key
        assert root is not None
        differing = it.differing(self._old_root, self._new_root)
        for key, rule in (
            ("/AcroForm", FormRules(it, root).explain),
            ("/DSS", StoreRules(it, root).explain),
            ("/Extensions", self._plain),
            ("/Version", self._plain),
            ("/MarkInfo", self._plain),
            ("/Metadata", self._metadata),
        ):
            differing.discard(key)
            if key in self._new_root or key in self._old_root:
                rule(raw(self._old_root, key), raw(self._new_root, key))
        if differing:
            raise Unexplained(f"catalogue: {sorted(differing)}")
        it.explain_in_place(root, filter(self._is_signature, it.holders(root)), "catalogue")

    def _is_signature(self, key: Key | None) -> bool:
        """A signature that locks fields names the catalogue as what it locks (table 256)."""
        it = self._it
        states = (it.old, it.new)
        values = [it.value(state, key) for state in states] if key is not None else []
        return any("/ByteRange" in dictionary_of(value) for value in values)

    def _plain(self, old: generic.PdfObject | None, new: generic.PdfObject | None) -> None:
        """Names and numbers that no page depends on."""
        it = self._it
        it.explain_in_place(key_of(new), (self._root_key,), "extensions")
        if not it.same(old, new):
            it.explain_all(new)
            it.changes.note("metadata")

    def _metadata(self, old: generic.PdfObject | None, new: generic.PdfObject | None) -> None:
        it, key = self._it, key_of(new)
        if key in it.replaced or not it.same(old, new):
            stream = new.get_object() if new is not None else None
            if stream is not None and not isinstance(stream, generic.StreamObject):
                raise Unexplained("metadata is no stream")
            it.explain_in_place(key, (self._root_key,), "metadata")
            it.explain_all(new)
            it.changes.note("metadata")

    # The pages

    def _pages(self) -> None:
        """New signature fields may stand among a page's annotations, beside those before."""
        it = self._it
        for key in it.unexplained() & it.replaced:
            old, new = it.value(it.old, key), it.value(it.new, key)
            if _is_page(old) and _is_page(new):
                self._page(key, dictionary_of(old), dictionary_of(new))
        for key in it.unexplained() & it.replaced:
            old, new = it.value(it.old, key), it.value(it.new, key)
            if isinstance(old, generic.ArrayObject) and isinstance(new, generic.ArrayObject):
                pages = it.holders(key) - {None}
                if pages and all(page and self._lists(page, key) for page in pages):
                    self._annotations(old, new, min(page for page in pages if page))
                    it.explain_in_place(key, pages, "annotations")

    def _lists(self, page: Key, annotations: Key) -> bool:
        it = self._it
        return all(
            _is_page(value) and key_of(raw(value, "/Annots")) == annotations
            for value in (it.value(it.old, page), it.value(it.new, page))
            if isinstance(value, generic.DictionaryObject)
        )

    def _page(
        self,
        key: Key,
        old: generic.DictionaryObject,
        new: generic.DictionaryObject,
    ) -> None:
        it = self._it
        differing = it.differing(old, new, ("/Annots", "/Tabs"))
        if differing:
            raise Unexplained(f"page {key}: {sorted(differing)}")
        before, after = raw(old, "/Annots"), raw(new, "/Annots")
        self._annotations(array_of(before), array_of(after), key)
        it.explain(key_of(after))
        it.explain_in_place(key_of(after), (key,), "annotations")
        it.explain_here(key)

    def _annotations(
        self,
        old: generic.ArrayObject,
        new: generic.ArrayObject,
        page: Key,
    ) -> None:
        it = self._it
        rest = iter(new)
        fresh: list[generic.PdfObject] = []
        for item in old:
            for candidate in rest:
                if it.same(item, candidate):
                    break
                fresh.append(candidate)
            else:
                raise Unexplained(f"an annotation of page {page} was removed")
        for item in (*fresh, *rest):
            widget = it.changes.widgets.get(key_of(item) or _NOBODY)
            if widget is None or widget.listed_on is not None:
                raise Unexplained(f"an annotation was added to page {page}")
            widget.listed_on = page


def _is_page(value: generic.PdfObject) -> bool:
    return isinstance(value, generic.DictionaryObject) and text_of(value, "/Type") == "/Page"
