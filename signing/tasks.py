"""What a child of the sandbox can be asked to do: a closed table, each task about one open file."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import BinaryIO

from signing import extraction, pades, placement, repair, validation
from signing.channel import MOST_CERTIFICATE_BYTES, MOST_CERTIFICATES, Channel, Message
from signing.errors import SigningRefused, UnreadablePdf
from signing.fields import Box
from signing.reading import Limits
from signing.trust import Evidence, Trust


@dataclass(frozen=True)
class Job:
    """One file and what is to be done with it; `target` is empty, and open for both."""

    source: BinaryIO
    target: BinaryIO | None
    asked: Message
    channel: Channel


@dataclass(frozen=True)
class _Asking:
    """Revocation evidence that the service holds, about no more than it is willing to hear."""

    channel: Channel

    def evidence(self, certificates: Sequence[bytes], *, fetch: bool) -> Evidence:  # noqa: ARG002
        """See `signing.trust.RevocationSource`: the service never fetches for a child."""
        self.channel.send(Message({"kind": "question"}, _few(certificates)))
        told = self.channel.receive()
        ocsps = told.values["ocsps"]
        return Evidence(told.blobs[:ocsps], told.blobs[ocsps:])


def perform(name: str, job: Job) -> None:
    """Do it and tell the service: the result, what was refused, or where it failed.

    Raises Broken when the service is not there to hear it.
    """
    try:
        result = TASKS[name](job)
    except SigningRefused as refused:
        result = Message({"kind": "refused", "code": refused.code, "sentence": str(refused)})
    except UnreadablePdf as refused:
        result = Message({"kind": "unreadable", "sentence": str(refused)})
    except Exception as fault:
        # For the log: which line of ours or a library's, and nothing that stood in the file.
        where = traceback.extract_tb(fault.__traceback__)[-1]
        what = f"{type(fault).__name__} in {where.filename}:{where.lineno}"
        result = Message({"kind": "failed", "what": what})
    job.channel.send(result)


def _result(value: object = None, blobs: tuple[bytes, ...] = ()) -> Message:
    return Message({"kind": "result", "value": value}, blobs)


def _judge(job: Job) -> Message:
    values = job.asked.values
    anchors = values["anchors"]
    judgement = validation.judge(
        job.source,
        trust=Trust(
            anchors=job.asked.blobs[:anchors],
            intermediates=job.asked.blobs[anchors:],
            revocation=(_Asking(job.channel),) if values["asks"] else (),
        ),
        at=datetime.fromisoformat(values["at"]),
        expected_fill=values["expected_fill"],
        limits=Limits(**values["limits"]),
    )
    return _result(blobs=(judgement.report.to_json(), *judgement.evidence.values()))


def _certificates(job: Job) -> Message:
    limits = Limits(**job.asked.values["limits"])
    return _result(blobs=_few(validation.certificates(job.source, limits)))


def _make_sound(job: Job) -> Message:
    assert job.target is not None
    sound = repair.is_sound(job.source)
    if not sound:
        repair.rewrite(job.source, job.target)
        job.target.flush()
    pades.check_signable(job.source if sound else job.target)
    return _result(not sound)


def _person_box(job: Job) -> Message:
    box = placement.person_box(job.source, **job.asked.values)
    return _result(box and asdict(box))


def _top_right(job: Job) -> Message:
    return _result(asdict(placement.top_right(job.source, **job.asked.values)))


def _check_free(job: Job) -> Message:
    values = job.asked.values
    placement.check_free(job.source, Box(**values["box"]), [Box(**box) for box in values["taken"]])
    return _result()


def _turned(job: Job) -> Message:
    return _result(placement.turned(job.source, **job.asked.values))


def _extract(job: Job) -> Message:
    assert job.target is not None
    extract = extraction.extract(job.source, job.target, **job.asked.values)
    job.target.flush()
    return _result(extract.mended, (extract.offsets.tobytes(), extract.pages.tobytes()))


def _few(certificates: Sequence[bytes]) -> tuple[bytes, ...]:
    small = (der for der in certificates if len(der) <= MOST_CERTIFICATE_BYTES)
    return tuple(dict.fromkeys(small))[:MOST_CERTIFICATES]


TASKS: Mapping[str, Callable[[Job], Message]] = {
    "judge": _judge,
    "certificates": _certificates,
    "make_sound": _make_sound,
    "person_box": _person_box,
    "top_right": _top_right,
    "check_free": _check_free,
    "turned": _turned,
    "extract": _extract,
}
