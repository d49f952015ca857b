"""The changes that may follow a signature (ISO 32000-2 §12.8.2.2, made stricter), place by place.

Later signatures and time-stamps in fields of their own, validation data, metadata; and our two
reserved fields, number and date, from empty and once (Decree 30/2020 has the number put in after
the person signed). Any other form field, and any annotation, is content: whoever may change it may
change what the page says (the form-field shadow attack).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from pyhanko.pdf_utils import generic

from signing.difference import Changes, Comparison, Unexplained, Widget, key_of, raw
from signing.fields import DATE, NUMBER
from signing.reading import Reader, entry
from signing.references import Key, References

_STORE_KEYS = {"/Type", "/Certs", "/CRLs", "/OCSPs", "/VRI"}
_RECORD_KEYS = {"/Type", "/Cert", "/CRL", "/OCSP", "/TU", "/TS"}
# By the digest of the signature: SHA-1 in the standard, longer ones in use.
_RECORD_NAME = re.compile(r"/[A-Fa-f0-9]{40,128}")

_FORM_KEYS = {"/Fields", "/SigFlags", "/DR", "/DA", "/Q", "/NeedAppearances"}
# Of a signature field that is being signed, and of one that is not: Acrobat sets its flags.
_SIGNING_KEYS = {"/V", "/AP", "/AS", "/F", "/Ff", "/Type", "/DA", "/Q", "/MK", "/M"}
_HARMLESS_KEYS = {"/Ff", "/Type", "/F"}
_FILLED_KEYS = {"/V", "/AP"}

_NOBODY = (0, 0)
_MOST_FIELDS = 5_000
_DEEPEST_FIELD = 32


@dataclass
class _Field:
    """A form field as of a revision: its name, type, dictionary, and the widgets that show it."""

    name: str
    type: str | None
    key: Key | None
    dictionary: generic.DictionaryObject
    widgets: list[tuple[Key | None, generic.DictionaryObject]] = field(default_factory=list)
    group: bool = False

    @property
    def shows(self) -> bool:
        """Whether it could stand on a page: a field without kids may be no group yet."""
        return "/Rect" in self.dictionary or "/V" in self.dictionary


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
            self._form()
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
            ("/AcroForm", None),
            ("/DSS", self._store),
            ("/Extensions", self._plain),
            ("/Version", self._plain),
            ("/MarkInfo", self._plain),
            ("/Metadata", self._metadata),
        ):
            differing.discard(key)
            if rule and (key in self._new_root or key in self._old_root):
                rule(raw(self._old_root, key), raw(self._new_root, key))
        if differing:
            raise Unexplained(f"catalogue: {sorted(differing)}")
        it.explain_in_place(root, filter(self._is_signature, it.holders(root)), "catalogue")

    def _is_signature(self, key: Key | None) -> bool:
        """A signature that locks fields names the catalogue as what it locks (table 256)."""
        it = self._it
        states = (it.old, it.new)
        values = [it.value(state, key) for state in states] if key is not None else []
        return any("/ByteRange" in _dictionary(value) for value in values)

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

    # Validation data

    def _store(self, old: generic.PdfObject | None, new: generic.PdfObject | None) -> None:
        """The document security store may be replaced as a whole: it holds streams, and no page."""
        it = self._it
        store = new.get_object() if new is not None else None
        if store is None and old is None:
            return
        if not isinstance(store, generic.DictionaryObject) or not store.keys() <= _STORE_KEYS:
            raise Unexplained("security store")
        holders = {self._root_key, key_of(new)}
        records = _dictionary(raw(store, "/VRI"))
        holders.add(key_of(raw(store, "/VRI")))
        holders |= {key_of(records.raw_get(name)) for name in records}
        before = len(it.unexplained())
        for key in (key_of(new), key_of(raw(store, "/VRI"))):
            it.explain(key)
            it.explain_in_place(key, holders, "security store")
        self._streams(store, ("/Certs", "/CRLs", "/OCSPs"), holders)
        for name in records.keys() - {"/Type"}:
            self._record(name, records.raw_get(name), holders)
        if len(it.unexplained()) < before or not it.same(old, new):
            it.changes.note("validation_data")

    def _record(self, name: str, value: generic.PdfObject, holders: set[Key | None]) -> None:
        it, record = self._it, value.get_object()
        if (
            not _RECORD_NAME.fullmatch(name)
            or not isinstance(record, generic.DictionaryObject)
            or isinstance(record, generic.StreamObject)
            or not record.keys() <= _RECORD_KEYS
        ):
            raise Unexplained(f"validation record {name}")
        it.explain(key_of(value))
        it.explain_in_place(key_of(value), holders, "validation record")
        self._streams(record, ("/Cert", "/CRL", "/OCSP"), holders)
        for key in ("/TS", "/TU", "/Type"):
            it.explain(key_of(raw(record, key)))

    def _streams(
        self, holder: generic.DictionaryObject, keys: tuple[str, ...], holders: set[Key | None]
    ) -> None:
        """Lists of streams of DER, which are new or as they were."""
        it = self._it
        for key in keys:
            value = raw(holder, key)
            if value is None:
                continue
            listed = value.get_object()
            if not isinstance(listed, generic.ArrayObject):
                raise Unexplained(f"{key} is no list")
            it.explain(key_of(value))
            it.explain_in_place(key_of(value), holders, key)
            for item in listed:
                stream = item.get_object()
                if key_of(item) is None or not isinstance(stream, generic.StreamObject):
                    raise Unexplained(f"{key} lists something else")
                it.explain_all(item)

    # The form

    def _form(self) -> None:
        it = self._it
        old_value, new_value = raw(self._old_root, "/AcroForm"), raw(self._new_root, "/AcroForm")
        old, new = _dictionary(old_value), _dictionary(new_value)
        if new_value is None and old_value is None:
            return
        holders = {self._root_key, key_of(new_value)}
        it.explain(key_of(new_value))
        it.explain_in_place(key_of(new_value), holders, "form")
        differing = it.differing(old, new, _FORM_KEYS)
        if differing:
            raise Unexplained(f"form: {sorted(differing)}")
        if _true(new, "/NeedAppearances") and not _true(old, "/NeedAppearances"):
            raise Unexplained("viewers would draw the fields anew")
        self._resources(raw(old, "/DR"), raw(new, "/DR"), holders)
        for key in ("/DA", "/Q", "/SigFlags", "/NeedAppearances"):
            it.explain(key_of(raw(new, key)))
        it.explain(key_of(raw(new, "/Fields")))
        it.explain_in_place(key_of(raw(new, "/Fields")), holders, "fields")
        before, after = _fields(old), _fields(new)
        gone = before.keys() - after.keys()
        if gone:
            raise Unexplained(f"fields {sorted(before[key].name for key in gone)} were removed")
        names = {item.name for item in before.values()}
        for own, item in after.items():
            if own in before:
                self._changed_field(before[own], item)
            elif item.name in names and not item.group:
                raise Unexplained(f"a second field {item.name}")
            else:
                self._new_field(item)

    def _resources(
        self,
        old: generic.PdfObject | None,
        new: generic.PdfObject | None,
        holders: set[Key | None],
    ) -> None:
        """Fonts and pictures for fields: more of them, none that was there differently."""
        it = self._it
        before, after = _dictionary(old), _dictionary(new)
        it.explain(key_of(new))
        it.explain_in_place(key_of(new), holders, "resources of the form")
        holders = holders | {key_of(new)}
        for kind in after:
            given, kept = after.raw_get(kind), raw(before, kind)
            named, known = given.get_object(), _dictionary(kept)
            if isinstance(named, generic.DictionaryObject) and not isinstance(
                named, generic.StreamObject
            ):
                it.explain(key_of(given))
                it.explain_in_place(key_of(given), holders, "resources of the form")
                for name in named:
                    if name not in known:
                        it.explain_all(named.raw_get(name))
                    elif not it.same(raw(known, name), raw(named, name)):
                        raise Unexplained(f"resource {name} of the form")
            elif kept is None:
                it.explain_all(given)
            elif not it.same(kept, given):
                raise Unexplained(f"resources {kind} of the form")

    def _changed_field(self, old: _Field, new: _Field) -> None:
        it = self._it
        touched = {key for key, _ in new.widgets} | {new.key}
        if old.name != new.name or old.type != new.type:
            raise Unexplained(f"field {old.name} became {new.name}")
        signed, signs = (entry(it.dictionary, "/V") is not None for it in (old, new))
        if old.group or (new.group and not old.shows):
            differing = it.differing(old.dictionary, new.dictionary, ("/Kids",))
            if differing:
                raise Unexplained(f"group {new.name}: {sorted(differing)}")
            it.explain_here(new.key)
            it.explain_in_place(key_of(raw(new.dictionary, "/Kids")), (new.key,), "kids")
            return
        keys = {
            key
            for one, other in zip(_shown(old), _shown(new), strict=False)
            for key in it.differing(one[1], other[1], ("/Kids",))
        }
        if [key for key, _ in old.widgets] != [key for key, _ in new.widgets]:
            raise Unexplained(f"widgets of {new.name}", "field_changed")
        if new.type == "/Sig" and signs and not signed:
            allowed, level = _SIGNING_KEYS, self._signing(new)
        elif new.name in (NUMBER, DATE) and self._filled(old, new):
            allowed, level = _FILLED_KEYS, "fields_filled"
        elif new.type == "/Sig":
            allowed, level = _HARMLESS_KEYS, "nothing"
        else:
            allowed, level = set(), "nothing"
        if not keys <= allowed:
            raise Unexplained(f"field {new.name}: {sorted(keys - allowed)}", "field_changed")
        if not keys and not touched & it.replaced:
            return
        for key in touched:
            it.explain_here(key)
        if level == "nothing":
            return
        for own, after in _shown(new):
            self._appearance(after, own)
        if level == "fields_filled":
            it.explain(key_of(raw(new.dictionary, "/V")))
            it.changes.filled += [(widget, _text(new.dictionary)) for _, widget in new.widgets]
            it.changes.note(level, "FORM_FILLING")
            it.changes.fields.add(new.name)

    def _filled(self, old: _Field, new: _Field) -> bool:
        """Number and date: from empty, and not empty any more."""
        return not _text(old.dictionary) and bool(_text(new.dictionary))

    def _appearance(self, new: generic.DictionaryObject, own: Key | None) -> None:
        """A new picture of a field; the empty one that stood there may have been drawn over."""
        it, value = self._it, raw(new, "/AP")
        it.explain_in_place(key_of(value), (own,), "appearance")
        shown = _dictionary(value)
        normal = key_of(raw(shown, "/N"))
        it.explain_in_place(normal, (own, key_of(value)), "appearance")
        if normal in it.replaced:
            it.explain_all(it.value(it.new, normal))
        it.explain_all(value)
        it.explain_all(raw(new, "/MK"))

    def _signing(self, item: _Field) -> str:
        """A field takes a signature: an object of its own that was not there before."""
        it, value = self._it, raw(item.dictionary, "/V")
        signature = value.get_object() if value is not None else None
        if key_of(value) not in it.added or not isinstance(signature, generic.DictionaryObject):
            raise Unexplained(f"field {item.name} takes a signature from elsewhere")
        it.explain_all(value)
        stamp = _name(signature, "/SubFilter") == "/ETSI.RFC3161"
        shown = any(Widget(item.name, widget, None).shows for _, widget in item.widgets)
        it.changes.note(
            "timestamped" if stamp else "signed",
            "FORM_FILLING" if shown or not stamp else "LTA_UPDATES",
        )
        if shown or not stamp:
            it.changes.fields.add(item.name)
        return "timestamped" if stamp else "signed"

    def _new_field(self, item: _Field) -> None:
        it = self._it
        if item.key not in it.added:
            raise Unexplained(f"field {item.name} was made of something else", "field_changed")
        if not item.group and item.type != "/Sig":
            raise Unexplained(f"field {item.name} was added", "field_changed")
        for key, dictionary in [(item.key, item.dictionary), *item.widgets]:
            if {"/A", "/AA"} & dictionary.keys():
                raise Unexplained(f"field {item.name} acts", "field_changed")
            if isinstance(dictionary, generic.StreamObject) or (
                key != item.key and key not in it.added
            ):
                raise Unexplained(f"field {item.name} shows something else", "field_changed")
            it.explain(key)
            if not item.group:
                for name in dictionary:
                    if name not in ("/V", "/P", "/Parent", "/Kids"):
                        it.explain_all(dictionary.raw_get(name))
        it.explain(key_of(raw(item.dictionary, "/Kids")))
        if item.group:
            return
        shown = any(Widget(item.name, widget, None).shows for _, widget in item.widgets)
        if entry(item.dictionary, "/V") is not None:
            self._signing(item)
        else:
            it.changes.note("field_added", "FORM_FILLING" if shown else "LTA_UPDATES")
        if shown:
            it.changes.fields.add(item.name)
        for key, widget in item.widgets:
            it.changes.widgets[key or item.key] = Widget(item.name, widget, raw(widget, "/P"))

    # The pages

    def _pages(self) -> None:
        """New signature fields may stand among a page's annotations, beside those before."""
        it = self._it
        for key in it.unexplained() & it.replaced:
            old, new = it.value(it.old, key), it.value(it.new, key)
            if _is_page(old) and _is_page(new):
                self._page(key, _dictionary(old), _dictionary(new))
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
        self._annotations(_array(before), _array(after), key)
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


def _fields(form: generic.DictionaryObject) -> dict[Key, _Field]:
    """The form's fields by their objects. Raises Unexplained for one without an object."""
    found: dict[Key, _Field] = {}
    stack: list[tuple[generic.PdfObject, str, str | None, frozenset[Key | None]]] = [
        (item, "", None, frozenset()) for item in reversed(_array(raw(form, "/Fields")))
    ]
    while stack:
        item, prefix, inherited, above = stack.pop()
        key, dictionary = key_of(item), item.get_object()
        if not isinstance(dictionary, generic.DictionaryObject) or key in found:
            continue
        if key is None or len(found) > _MOST_FIELDS or len(above) > _DEEPEST_FIELD:
            raise Unexplained("form", "too_complex")
        own = _name(dictionary, "/T")
        name = ".".join(filter(None, (prefix, own)))
        kind = _name(dictionary, "/FT") or inherited
        it = found[key] = _Field(name, kind, key, dictionary)
        kids = list(_array(raw(dictionary, "/Kids")))
        for kid in reversed(kids):
            value = kid.get_object()
            if isinstance(value, generic.DictionaryObject) and "/T" in value:
                it.group = True
                if key_of(kid) in above:
                    raise Unexplained("fields in a circle", "field_changed")
                stack.append((kid, name, kind, above | {key}))
            elif isinstance(value, generic.DictionaryObject):
                it.widgets.append((key_of(kid), value))
        if not kids:
            it.widgets.append((key, dictionary))
    return found


def _shown(item: _Field) -> Iterator[tuple[Key | None, generic.DictionaryObject]]:
    """A field's own dictionary, then those of its widgets."""
    yield item.key, item.dictionary
    yield from (widget for widget in item.widgets if widget[0] != item.key)


def _is_page(value: generic.PdfObject) -> bool:
    return isinstance(value, generic.DictionaryObject) and _name(value, "/Type") == "/Page"


def _dictionary(value: generic.PdfObject | None) -> generic.DictionaryObject:
    found = value.get_object() if value is not None else None
    return found if isinstance(found, generic.DictionaryObject) else generic.DictionaryObject()


def _array(value: generic.PdfObject | None) -> generic.ArrayObject:
    found = value.get_object() if value is not None else None
    return found if isinstance(found, generic.ArrayObject) else generic.ArrayObject()


def _name(dictionary: generic.DictionaryObject, key: str) -> str:
    return str(entry(dictionary, key) or "")


def _text(dictionary: generic.DictionaryObject) -> str:
    return _name(dictionary, "/V")


def _true(dictionary: generic.DictionaryObject, key: str) -> bool:
    return bool(entry(dictionary, key))
