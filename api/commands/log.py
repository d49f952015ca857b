"""`vanthu log`: how the log above the journal stands."""

from __future__ import annotations

import argparse

from api.commands import OK, REFUSED, say
from api.commands.opening import opened
from workflow import receipts


def state(_chosen: argparse.Namespace) -> int:
    """The newest signed head and what waits; exit code 1 when something waits for too long."""
    with opened() as office, office.reading(None) as reading:
        found = receipts.state(reading)
        newest = found.newest
        say(f"{found.origin}: {found.leaves} lá.")
        if newest is None:
            say("Chưa có điểm kiểm soát nào được ký.")
        else:
            root = newest.head.root.hex()
            say(f"Điểm kiểm soát mới nhất: {newest.checkpoint.size} lá, gốc {root},")
            say(f"  ký cho thời điểm {newest.checkpoint.at.isoformat()}.")
            say(f"  Chứng thư số hết hạn: {newest.certificate_expires_at.isoformat()}.")
    if found.stamped_at is not None:
        say(f"Dấu thời gian mới nhất: {found.stamped_size} lá, {found.stamped_at.isoformat()}.")
    if found.unlogged_since is not None:
        say(f"Nhật ký chưa vào sổ kiểm soát từ {found.unlogged_since.isoformat()}.")
    if found.unsigned_since is not None:
        say(f"Chưa được ký từ {found.unsigned_since.isoformat()}.")
    if found.unstamped_since is not None:
        say(f"Chưa có dấu thời gian từ {found.unstamped_since.isoformat()}.")
    if found.overdue:
        hours = found.outage_budget.total_seconds() / 3600
        say(f"Quá {hours:.0f} giờ: hãy xem tiến trình việc có chạy không (vanthu jobs list), rồi")
        say("  kiểm tra khóa ký, kho lưu và dịch vụ cấp dấu thời gian.")
    return REFUSED if found.overdue else OK
