"""An office in which something of everything has happened, for whoever inspects it."""

from __future__ import annotations

from tests.workflow.desk import CLERK, Desk
from tests.workflow.test_delivery import THEIR_CLERK, delivered, recall
from workflow import registration
from workflow.checkpointing import append, stamp


def live(desk: Desk) -> None:
    """Letters and a signed arrival, what was issued and delivered, then recalled and destroyed.

    Five signed checkpoints, one of them time-stamped; entries before, between and behind them.
    """
    sent, came = delivered(desk)
    desk.do(THEIR_CLERK, registration.register, came, desk.case(came).version)
    for _ in range(3):
        desk.registered()
        assert append(desk.office) is not None
    signed = desk.arrive(desk.signed_pdf())
    desk.do(CLERK, registration.register, signed, desk.case(signed).version)
    assert append(desk.office) is not None
    assert stamp(desk.office) is not None
    recall(desk, sent)
    desk.run_jobs()
    assert desk.case(came).state == "recalled"
    assert append(desk.office) is not None
    desk.registered()
