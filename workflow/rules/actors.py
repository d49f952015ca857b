"""Who may sign in which capacity, and who may use the agency's key.

A capacity belongs to a signing, not to a person (ND 30/2020 Art. 13): it must rest on a mandate
that held on the day. Standing in for someone who is away gives no power to sign, so it is no
basis. The agency's key is in the hands of the văn thư, or of another person by written permission
and a handover record (Art. 32.2.b).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Capacity(StrEnum):
    """How a signer signs (Annex I part I II.7.b)."""

    TM = "TM"  # thay mặt tập thể
    Q = "Q"  # được giao quyền cấp trưởng
    KT = "KT"  # ký thay
    TL = "TL"  # ký thừa lệnh
    TUQ = "TUQ"  # ký thừa ủy quyền


Stack = tuple[Capacity, ...]
"""Capacities as printed from top to bottom; empty for a head's own document."""

STACKS: frozenset[Stack] = frozenset(
    {
        (),
        (Capacity.TM,),
        (Capacity.Q,),
        (Capacity.KT,),
        (Capacity.TL,),
        (Capacity.TUQ,),
        (Capacity.TM, Capacity.Q),
        (Capacity.TM, Capacity.KT),
        (Capacity.TL, Capacity.KT),
    }
)
"""Every capacity or stack of capacities in which a document can be signed; a closed list."""


def stack_of(text: str) -> Stack | None:
    """Read `TM+KT` (or an empty text); None when this is no stack of the closed list."""
    try:
        stack = tuple(Capacity(part) for part in text.split("+")) if text else ()
    except ValueError:
        return None
    return stack if stack in STACKS else None


def stack_text(stack: Stack) -> str:
    """Return the stack as kept in rows and facts: `TM+KT`, empty for none."""
    return "+".join(stack)


class Basis(StrEnum):
    """What a mandate rests on. Substitution during absence is not on this list on purpose."""

    HEAD = "head"
    IN_CHARGE = "in_charge"
    ASSIGNED_FIELD = "assigned_field"
    WORKING_REGULATION = "working_regulation"
    WRITTEN_DELEGATION = "written_delegation"


# Art. 13.1-2: the field assigned to the deputy, what the head has delegated, or the whole agency
# where the deputy is put in charge of it (then there may be no head).
_DEPUTY = frozenset({Basis.ASSIGNED_FIELD, Basis.WRITTEN_DELEGATION, Basis.IN_CHARGE})

_BASES: dict[Stack, frozenset[Basis]] = {
    (): frozenset({Basis.HEAD}),
    (Capacity.TM,): frozenset({Basis.HEAD}),
    (Capacity.Q,): frozenset({Basis.HEAD}),
    (Capacity.TM, Capacity.Q): frozenset({Basis.HEAD}),
    (Capacity.KT,): _DEPUTY,
    (Capacity.TM, Capacity.KT): _DEPUTY,
    # Art. 13.4: laid down in the working regulation or the regulation on văn thư.
    (Capacity.TL,): frozenset({Basis.WORKING_REGULATION}),
    (Capacity.TL, Capacity.KT): frozenset({Basis.WORKING_REGULATION}),
    # Art. 13.3: always in writing.
    (Capacity.TUQ,): frozenset({Basis.WRITTEN_DELEGATION}),
}


@dataclass(frozen=True)
class Mandate:
    """A person's power to sign for an issuer in one capacity.

    `position` is the holder's own, `delegator_position` that of the person who passed the power
    on (written delegation, TL+KT); `heads_unit` says that the holder heads a unit of the issuer's
    structure. `doc_types` and `fields` limit the content, None is no limit; the days are both
    included. `document_id` is the paper of a written delegation, `basis_text` names the basis in
    words.
    """

    person_id: str
    issuer_id: str
    capacity: Stack
    basis: Basis
    basis_text: str
    position: str
    valid_from: date
    valid_to: date | None = None
    doc_types: frozenset[str] | None = None
    fields: frozenset[str] | None = None
    heads_unit: bool = False
    delegator_position: str | None = None
    document_id: str | None = None

    def in_force(self, on: date) -> bool:
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)

    def covers(self, doc_type: str, field: str | None) -> bool:
        """Whether the content limits admit a document of this type and field (lĩnh vực)."""
        by_type = self.doc_types is None or doc_type in self.doc_types
        return by_type and (self.fields is None or field in self.fields)


def mandate_unmet(mandate: Mandate) -> str | None:
    """Return why such a mandate can't exist on its own terms, or None: ask before recording it."""
    if mandate.capacity not in STACKS:
        return "Không có hình thức ký này."
    if mandate.basis not in _BASES[mandate.capacity]:
        return f"Căn cứ không phù hợp với hình thức ký {_printed(mandate.capacity)}."
    if not mandate.basis_text.strip():
        return "Phải ghi rõ căn cứ giao quyền ký."
    if mandate.capacity in ((Capacity.TL,), (Capacity.TUQ,)) and not mandate.heads_unit:
        return (
            f"Chỉ người đứng đầu đơn vị thuộc cơ cấu tổ chức được giao ký"
            f" {_printed(mandate.capacity)}."
        )
    if mandate.basis is Basis.WRITTEN_DELEGATION and mandate.document_id is None:
        return "Việc ủy quyền ký phải bằng văn bản."
    if mandate.capacity == (Capacity.TUQ,):
        if mandate.valid_to is None:
            return "Văn bản giao ký thừa ủy quyền phải giới hạn thời gian."
        if mandate.doc_types is None and mandate.fields is None:
            return "Văn bản giao ký thừa ủy quyền phải giới hạn nội dung."
    if _is_passed_on(mandate) and mandate.delegator_position is None:
        return "Phải ghi rõ người giao quyền ký."
    return None


def _is_passed_on(mandate: Mandate) -> bool:
    """Whether the power comes from a person, and not from an act of the agency that outlives one.

    The working regulation and the assignment of fields hold until they are replaced, whoever
    heads the agency by then; only the deputy of a unit takes TL. from the unit's head.
    """
    return mandate.basis is Basis.WRITTEN_DELEGATION or mandate.capacity == (
        Capacity.TL,
        Capacity.KT,
    )


def incompetence(
    person_id: str,
    issuer_id: str,
    doc_type: str,
    capacity: Stack,
    mandates: Sequence[Mandate],
    on: date,
    *,
    field: str | None = None,
) -> str | None:
    """Return why this person may not sign such a document on this day, or None who may.

    `mandates` are all of the issuer's, since a power passed on stands only with the one it came
    from; `field` is the document's field (lĩnh vực), which a deputy's assignment is limited to.
    """
    if capacity not in STACKS:
        return "Không có hình thức ký này."
    how = f"ký {_printed(capacity)}" if capacity else "ký với tư cách người đứng đầu"
    reason = f"Người ký không được giao {how} văn bản của cơ quan này."
    held = [
        mandate
        for mandate in mandates
        if (mandate.person_id, mandate.issuer_id, mandate.capacity)
        == (person_id, issuer_id, capacity)
    ]
    in_force = [mandate for mandate in held if mandate.in_force(on)]
    if held and not in_force:
        reason = f"Quyền {how} không có hiệu lực vào ngày {on:%d/%m/%Y}."
    covering = [mandate for mandate in in_force if mandate.covers(doc_type, field)]
    if in_force and not covering:
        reason = f"Loại văn bản hoặc lĩnh vực này nằm ngoài phạm vi được giao {how}."
    for mandate in covering:
        unmet = mandate_unmet(mandate) or _source_unmet(mandate, doc_type, field, mandates, on)
        if unmet is None:
            return None
        reason = unmet
    return reason


def _source_unmet(
    mandate: Mandate, doc_type: str, field: str | None, mandates: Sequence[Mandate], on: date
) -> str | None:
    """Return why whoever passed this power on had none to give on this day, or None."""
    if not _is_passed_on(mandate):
        return None
    givers = [
        giver
        for giver in mandates
        if (giver.issuer_id, giver.position) == (mandate.issuer_id, mandate.delegator_position)
        and giver.in_force(on)
    ]
    if mandate.capacity == (Capacity.TL, Capacity.KT):
        # Art. 13.4: who signs TL. may pass it to the deputy, who signs KT. for him.
        passed_on = any(
            giver.capacity == (Capacity.TL,)
            and giver.covers(doc_type, field)
            and mandate_unmet(giver) is None
            for giver in givers
        )
        return None if passed_on else "Người giao ký thay không được giao ký thừa lệnh văn bản này."
    if any(giver.basis is Basis.HEAD for giver in givers):
        return None
    if any(Capacity.TUQ in giver.capacity for giver in givers):
        # Art. 13.3: never delegated again.
        return "Người được ký thừa ủy quyền không được ủy quyền lại cho người khác ký."
    return "Người giao quyền ký không phải người đứng đầu cơ quan vào ngày này."


def signature_block(
    capacity: Stack, *, title: str, head: str = "", body: str = "", unit_head: str = ""
) -> tuple[str, ...]:
    """Return the lines above a signature, in capitals: `TM. ỦY BAN NHÂN DÂN`, `CHỦ TỊCH`.

    `title` is the signer's own position, `head` that of the head of the agency (KT, TL, TUQ),
    `body` the collective signed for (TM), `unit_head` that of the head of the unit (TL+KT).
    Raises ValueError for a stack that is not in the list or a name that it needs and lacks.
    """
    own = ("", title)
    lines: dict[Stack, tuple[tuple[str, str], ...]] = {
        (): (own,),
        (Capacity.TM,): (("TM. ", body), own),
        (Capacity.Q,): (("Q. ", title),),
        (Capacity.KT,): (("KT. ", head), own),
        (Capacity.TL,): (("TL. ", head), own),
        (Capacity.TUQ,): (("TUQ. ", head), own),
        (Capacity.TM, Capacity.Q): (("TM. ", body), ("Q. ", title)),
        (Capacity.TM, Capacity.KT): (("TM. ", body), ("KT. ", head), own),
        (Capacity.TL, Capacity.KT): (("TL. ", head), ("KT. ", unit_head), own),
    }
    if capacity not in lines or not all(name.strip() for _, name in lines[capacity]):
        raise ValueError(f"no signature block for {stack_text(capacity)!r} with these names")
    return tuple(f"{prefix}{name.upper()}" for prefix, name in lines[capacity])


@dataclass(frozen=True)
class Custody:
    """A person's hold of an agency's key, both days included.

    The văn thư named by the head holds it by duty (`by_duty`); anybody else needs the written
    permission and the handover record.
    """

    person_id: str
    issuer_id: str
    by_duty: bool
    valid_from: date
    valid_to: date | None = None
    permission_id: str | None = None
    handover_record_id: str | None = None

    def in_force(self, on: date) -> bool:
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)


def custody_unmet(
    person_id: str, issuer_id: str, custodies: Iterable[Custody], on: date
) -> str | None:
    """Return why this person may not use the agency's key on this day, or None who may."""
    reason = "Người thực hiện không được giao quản lý, sử dụng khóa bí mật của cơ quan."
    for custody in custodies:
        if (custody.person_id, custody.issuer_id) != (person_id, issuer_id):
            continue
        if not custody.in_force(on):
            continue
        if custody.by_duty:
            return None
        # ND 30/2020 Art. 32.2.b asks for both.
        if custody.permission_id is None:
            reason = "Việc giao khóa bí mật của cơ quan chưa được cho phép bằng văn bản."
        elif custody.handover_record_id is None:
            reason = "Việc bàn giao khóa bí mật của cơ quan chưa được lập biên bản."
        else:
            return None
    return reason


def _printed(stack: Stack) -> str:
    return "“" + "/".join(f"{capacity}." for capacity in stack) + "”"
