"""What may change after a signature: later signatures, validation data, our two reserved fields.

pyHanko's policy without its rule that lets any form field be filled: that rule lets an attacker
swap the text on the page while every signature stays "valid" (the form-field shadow attack).
"""

from __future__ import annotations

from collections.abc import Iterable

from pyhanko.pdf_utils import generic
from pyhanko.sign.diff_analysis import (
    CatalogModificationRule,
    DocInfoRule,
    DSSCompareRule,
    FormUpdatingRule,
    GenericFieldModificationRule,
    MetadataUpdateRule,
    ModificationLevel,
    ObjectStreamRule,
    SigFieldCreationRule,
    SigFieldModificationRule,
    StandardDiffPolicy,
    SuspiciousModification,
    XrefStreamRule,
)
from pyhanko.sign.diff_analysis.form_rules_api import (
    FieldComparisonContext,
    FieldComparisonSpec,
    FormUpdate,
)

from signing.fields import DATE, NUMBER
from signing.reading import entry

_VALUE_KEYS = frozenset({"/V", "/AP"})


class ReservedFieldRule(GenericFieldModificationRule):
    """Number and date may be filled: only they, only from empty, only once, value and appearance.

    That a signature follows is the document's rule (`signing.examination`), not a field's.
    """

    def __init__(self) -> None:
        super().__init__(
            allow_in_place_appearance_stream_changes=False,
            always_modifiable=frozenset(),
            value_update_keys=_VALUE_KEYS,
        )

    def check_form_field(
        self, fq_name: str, spec: FieldComparisonSpec, context: FieldComparisonContext
    ) -> Iterable[tuple[ModificationLevel, FormUpdate]]:
        """The updates of one field between two revisions that this rule allows."""
        if fq_name not in (NUMBER, DATE) or spec.old_field is None or spec.new_field is None:
            return
        assert spec.new_field_ref is not None
        if _text(spec.old_field) or not _text(spec.new_field):
            # Filled before, or still empty: nothing about it may change.
            return
        # The comparison is with the signed revision; "once" is about the one just before this.
        reader = context.new.reader
        before = reader.get_historical_resolver(context.new.revision - 1)
        earlier = before(spec.new_field_ref)
        if isinstance(earlier, generic.DictionaryObject) and (
            _text(earlier) and not _same(earlier, spec.new_field)
        ):
            raise SuspiciousModification(f"{fq_name} was filled more than once")
        yield from super().check_form_field(fq_name, spec, context)


def _text(field: generic.DictionaryObject) -> str:
    return str(entry(field, "/V") or "")


def _same(one: generic.DictionaryObject, other: generic.DictionaryObject) -> bool:
    return all(_raw(one, key) == _raw(other, key) for key in _VALUE_KEYS)


def _raw(field: generic.DictionaryObject, key: str) -> generic.PdfObject | None:
    return field.raw_get(key) if key in field else None


POLICY = StandardDiffPolicy(
    global_rules=[
        CatalogModificationRule(),
        *(
            rule.as_qualified(ModificationLevel.LTA_UPDATES)
            for rule in (
                DocInfoRule(),
                XrefStreamRule(),
                ObjectStreamRule(),
                DSSCompareRule(),
                MetadataUpdateRule(),
            )
        ),
    ],
    form_rule=FormUpdatingRule(
        field_rules=[SigFieldCreationRule(), SigFieldModificationRule(), ReservedFieldRule()]
    ),
)
