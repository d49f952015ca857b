"""Changes to the interactive form: signatures in fields of their own, and our two text fields.

Any other field is content: whoever may change it may change what the page says (the form-field
shadow attack).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from pyhanko.pdf_utils import generic

from signing.difference import Comparison, Unexplained, Widget
from signing.fields import DATE, NUMBER
from signing.reading import entry
from signing.references import Key
from signing.values import array_of, dictionary_of, key_of, raw, text_of

_FORM_KEYS = {"/Fields", "/SigFlags", "/DR", "/DA", "/Q", "/NeedAppearances"}
# Of a signature field that is being signed, and of one that is not: Acrobat sets its flags.
_SIGNING_KEYS = {"/V", "/AP", "/AS", "/F", "/Ff", "/Type", "/DA", "/Q", "/MK", "/M"}
_HARMLESS_KEYS = {"/Ff"}
_FILLED_KEYS = {"/V", "/AP"}

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


class FormRules:
    """What may become of the form below a catalogue."""

    def __init__(self, comparison: Comparison, catalogue: Key | None) -> None:
        self._it = comparison
        self._root_key = catalogue

    def explain(
        self, old_value: generic.PdfObject | None, new_value: generic.PdfObject | None
    ) -> None:
        """Explain every change of the form. Raises Unexplained."""
        it = self._it
        old, new = dictionary_of(old_value), dictionary_of(new_value)
        if new_value is None and old_value is None:
            return
        holders = {self._root_key, key_of(new_value)}
        it.explain(key_of(new_value))
        it.explain_in_place(key_of(new_value), holders, "form")
        differing = it.differing(old, new, _FORM_KEYS)
        if differing:
            raise Unexplained(f"form: {sorted(differing)}")
        if bool(entry(new, "/NeedAppearances")) and not bool(entry(old, "/NeedAppearances")):
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
        before, after = dictionary_of(old), dictionary_of(new)
        it.explain(key_of(new))
        it.explain_in_place(key_of(new), holders, "resources of the form")
        holders = holders | {key_of(new)}
        for kind in after:
            given, kept = after.raw_get(kind), raw(before, kind)
            named, known = given.get_object(), dictionary_of(kept)
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
        signing = new.type == "/Sig" and signs and not signed
        filling = new.name in (NUMBER, DATE) and self._filled(old, new)
        allowed = _HARMLESS_KEYS if new.type == "/Sig" else set()
        if signing or filling:
            allowed = _SIGNING_KEYS if signing else _FILLED_KEYS
        if not keys <= allowed:
            raise Unexplained(f"field {new.name}: {sorted(keys - allowed)}", "field_changed")
        for key in touched:
            it.explain_here(key)
        if not signing and not filling:
            return
        for own, after in _shown(new):
            self._appearance(after, own)
        text = text_of(new.dictionary, "/V") if filling else None
        for own, widget in new.widgets:
            if own is not None:
                it.changes.widgets[own] = Widget(new.name, widget, text)
        if signing:
            self._signing(new)
        else:
            it.explain(key_of(raw(new.dictionary, "/V")))
            it.changes.note("fields_filled", "FORM_FILLING")
            it.changes.fields.add(new.name)

    def _filled(self, old: _Field, new: _Field) -> bool:
        """Number and date: from empty, and not empty any more."""
        return not text_of(old.dictionary, "/V") and bool(text_of(new.dictionary, "/V"))

    def _appearance(self, new: generic.DictionaryObject, own: Key | None) -> None:
        """A new picture of a field; the empty one that stood there may have been drawn over."""
        it, value = self._it, raw(new, "/AP")
        before = raw(dictionary_of(it.value(it.old, own)), "/AP") if own else None
        for around in (key_of(before), key_of(value)):
            if around is not None and it.holders(around) - {own}:
                raise Unexplained(f"the pictures {around} are shown elsewhere")
        it.explain_in_place(key_of(value), (own,), "appearance")
        normal = key_of(raw(dictionary_of(value), "/N"))
        it.explain_in_place(normal, (own, key_of(value)), "appearance")
        if normal in it.replaced:
            it.explain_all(it.value(it.new, normal))
        it.explain_all(value)
        it.explain_all(raw(new, "/MK"))

    def _signing(self, item: _Field) -> None:
        """A field takes a signature: an object of its own that was not there before."""
        it, value = self._it, raw(item.dictionary, "/V")
        signature = value.get_object() if value is not None else None
        if key_of(value) not in it.added or not isinstance(signature, generic.DictionaryObject):
            raise Unexplained(f"field {item.name} takes a signature from elsewhere")
        it.explain_all(value)
        stamp = text_of(signature, "/SubFilter") == "/ETSI.RFC3161"
        shown = any(Widget(item.name, widget).shows for _, widget in item.widgets)
        it.changes.note(
            "timestamped" if stamp else "signed",
            "FORM_FILLING" if shown or not stamp else "LTA_UPDATES",
        )
        if shown or not stamp:
            it.changes.fields.add(item.name)

    def _new_field(self, item: _Field) -> None:
        it = self._it
        if item.key not in it.added:
            raise Unexplained(f"field {item.name} was made of something else", "field_changed")
        if not item.group and item.type != "/Sig":
            raise Unexplained(f"field {item.name} was added", "field_changed")
        for key, dictionary in [(item.key, item.dictionary), *item.widgets]:
            if {"/A", "/AA"} & dictionary.keys():
                raise Unexplained(f"field {item.name} acts", "field_changed")
            if (
                isinstance(dictionary, generic.StreamObject)
                or text_of(dictionary, "/Subtype") not in ("", "/Widget")
                or (key != item.key and key not in it.added)
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
        shown = any(Widget(item.name, widget).shows for _, widget in item.widgets)
        if entry(item.dictionary, "/V") is not None:
            self._signing(item)
        else:
            it.changes.note("field_added", "FORM_FILLING" if shown else "LTA_UPDATES")
        if shown:
            it.changes.fields.add(item.name)
        for key, widget in item.widgets:
            if key is not None:
                it.changes.widgets[key] = Widget(item.name, widget)


def _fields(form: generic.DictionaryObject) -> dict[Key, _Field]:
    """The form's fields by their objects. Raises Unexplained for one without an object."""
    found: dict[Key, _Field] = {}
    stack: list[tuple[generic.PdfObject, str, str | None, frozenset[Key | None]]] = [
        (item, "", None, frozenset()) for item in reversed(array_of(raw(form, "/Fields")))
    ]
    while stack:
        item, prefix, inherited, above = stack.pop()
        key, dictionary = key_of(item), item.get_object()
        if not isinstance(dictionary, generic.DictionaryObject) or key in found:
            continue
        if key is None or len(found) > _MOST_FIELDS or len(above) > _DEEPEST_FIELD:
            raise Unexplained("form", "too_complex")
        own = text_of(dictionary, "/T")
        name = ".".join(filter(None, (prefix, own)))
        kind = text_of(dictionary, "/FT") or inherited
        it = found[key] = _Field(name, kind, key, dictionary)
        kids = list(array_of(raw(dictionary, "/Kids")))
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
