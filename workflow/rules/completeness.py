"""How much of what lists from outside hold is in the registers: counts, checked when entered.

What was issued outside the System never enters it, and an inspector doubts that first. So what
the exchange axis lists, the paper registers and the secret register are counted by hand, month by
month, and set against the System's registers. Of secret documents the first and the last number
of a month are taken and nothing else, ever (Law on protection of state secrets; R1.4.1).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from workflow.rules.errors import Invalid

REGISTERS: Mapping[str, str] = {"outgoing": "văn bản đi", "incoming": "văn bản đến"}
SOURCES: Mapping[str, str] = {
    "exchange": "danh sách của trục liên thông",
    "paper": "sổ giấy",
    "secret": "sổ văn bản mật",
}
SECRET = "secret"  # noqa: S105  a source
_MONTH = re.compile(r"(?P<year>[1-9][0-9]{3})-(?P<month>0[1-9]|1[0-2])")
_MOST = 10_000_000


@dataclass(frozen=True)
class Listing:
    """What somebody counted in a list: `listed` in all, `matched` of them in the register."""

    month: str  # 2026-11
    register: str
    source: str
    listed: int | None = None
    matched: int | None = None
    first_number: int | None = None
    last_number: int | None = None
    note: str | None = None


@dataclass(frozen=True)
class Counted:
    """A listing that holds. Of a secret register `listed` follows from its range."""

    month: int  # 202611
    listed: int
    matched: int


def month_number(text: str) -> int:
    """`2026-11` as 202611. Raises ValueError."""
    found = _MONTH.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return int(found["year"]) * 100 + int(found["month"])


def month_text(number: int) -> str:
    """202611 as `2026-11`."""
    return f"{number // 100}-{number % 100:02d}"


def counted(said: Listing, *, this_month: int) -> Counted:
    """The counts of a listing, as far as they can be judged without the register.

    Raises:
        Invalid: with every field that is wrong.
    """
    errors: list[tuple[str, str]] = []
    month = this_month
    try:
        month = month_number(said.month)
    except ValueError:
        errors.append(("/month", "Tháng phải có dạng 2026-11."))
    if month > this_month:
        errors.append(("/month", "Không đối chiếu được tháng chưa đến."))
    if said.register not in REGISTERS:
        errors.append(("/register", f"Sổ phải là: {', '.join(REGISTERS)}."))
    if said.source not in SOURCES:
        errors.append(("/source", f"Nguồn phải là: {', '.join(SOURCES)}."))
        raise Invalid(errors)
    listed, matched, wrong = _secret(said) if said.source == SECRET else _plain(said)
    errors += wrong
    if errors:
        raise Invalid(errors)
    return Counted(month, listed, matched)


def held_unmet(matched: int, held: int) -> str | None:
    """Why so many cannot be in a register that holds `held` in that month, or None."""
    if matched <= held:
        return None
    return f"Sổ trên Hệ thống trong tháng chỉ có {held} văn bản, không thể khớp {matched}."


def _plain(said: Listing) -> tuple[int, int, list[tuple[str, str]]]:
    errors = [
        (f"/{name}", "Chỉ sổ văn bản mật ghi số đầu và số cuối.")
        for name in ("first_number", "last_number")
        if getattr(said, name) is not None
    ]
    listed, matched = said.listed, said.matched
    for name, value in (("listed", listed), ("matched", matched)):
        if value is None:
            errors.append((f"/{name}", "Phải có số lượng."))
        elif not 0 <= value <= _MOST:
            errors.append((f"/{name}", f"Số lượng phải từ 0 đến {_MOST}."))
    if listed is not None and matched is not None and matched > listed:
        errors.append(("/matched", "Số khớp không thể lớn hơn số trong danh sách."))
    return listed or 0, matched or 0, errors


def _secret(said: Listing) -> tuple[int, int, list[tuple[str, str]]]:
    """None of it is in the System, so nothing is matched; without numbers there was none."""
    errors = [
        (f"/{name}", "Về sổ văn bản mật chỉ ghi số đầu và số cuối, không ghi gì khác.")
        for name in ("listed", "matched", "note")
        if getattr(said, name) is not None
    ]
    first, last = said.first_number, said.last_number
    if first is None and last is None:
        return 0, 0, errors
    if first is None or last is None:
        errors.append(("/first_number", "Ghi cả số đầu và số cuối; không có số nào thì để trống."))
    elif not 1 <= first <= last <= _MOST:
        errors.append(("/last_number", "Số cuối không được nhỏ hơn số đầu, số đầu từ 1 trở lên."))
    else:
        return last - first + 1, 0, errors
    return 0, 0, errors
