"""Changes to the document security store (ISO 32000-2 §12.8.4.3): it is evidence, and no page."""

from __future__ import annotations

import re

from pyhanko.pdf_utils import generic

from signing.difference import Comparison, Unexplained
from signing.references import Key
from signing.values import dictionary_of, key_of, raw

_STORE_KEYS = {"/Type", "/Certs", "/CRLs", "/OCSPs", "/VRI"}
_RECORD_KEYS = {"/Type", "/Cert", "/CRL", "/OCSP", "/TU", "/TS"}
# By the digest of the signature: SHA-1 in the standard, longer ones in use.
_RECORD_NAME = re.compile(r"/[A-Fa-f0-9]{40,128}")


class StoreRules:
    """What may become of the store below a catalogue."""

    def __init__(self, comparison: Comparison, catalogue: Key | None) -> None:
        self._it = comparison
        self._root_key = catalogue

    def explain(self, old: generic.PdfObject | None, new: generic.PdfObject | None) -> None:
        """The document security store may be replaced as a whole: it holds streams, and no page."""
        it = self._it
        store = new.get_object() if new is not None else None
        if store is None and old is None:
            return
        if not isinstance(store, generic.DictionaryObject) or not store.keys() <= _STORE_KEYS:
            raise Unexplained("security store")
        holders = {self._root_key, key_of(new)}
        records = dictionary_of(raw(store, "/VRI"))
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
