"""OCSP answers and CRLs from the hosts an operator listed, about certificates under our anchors.

NĐ 68/2024 Đ29, Đ31: whoever signs first makes sure, by OCSP or CRL, that the certificate is active.
What a file that came in lacks is asked for by a job of its own, after it was judged without.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from threading import Lock

import urllib3.util

from signing.errors import TrustUnavailable
from signing.peers import Peers
from signing.status import (
    Subject,
    accept,
    addresses,
    ask_list,
    ask_responder,
    lineage,
    next_update,
)
from signing.trust import Evidence, RevocationSource, Trust
from signing.wire import WireFault

#: What a clerk is told does not answer.
SERVICE = "Dịch vụ kiểm tra trạng thái chứng thư số"
#: How old an answer may be when somebody signs, even if its own next update is days away.
MAX_AGE = timedelta(minutes=10)

#: How many certificates are asked about at once: a document's signers and the authorities above.
MOST_ASKED = 16

_MOST_KEPT = 256
# Those of a stranger's file that are looked at for a way to an anchor.
_MOST_LOOKED_AT = 64
_DEFAULT_PORTS = {"http": 80, "https": 443}

log = logging.getLogger("vanthu.signing")


@dataclass(frozen=True)
class _Answer:
    """What a service said about a certificate: it counts before signing until `fresh_until`."""

    url: str
    evidence: Evidence
    fresh_until: datetime


class HttpRevocation:
    """A RevocationSource that asks OCSP first, then CRLs, and keeps what it was told.

    Only `hosts` are asked (`host` for the default port of http or https, `host:port` for another),
    at addresses that `peers` allows, and only about certificates that lead by key to one of
    `anchors` (DER). An answer counts only when our own validation would use it for that
    certificate. Thread-safe.
    """

    def __init__(
        self,
        hosts: Iterable[str],
        anchors: Sequence[bytes],
        *,
        peers: Peers = Peers(),  # noqa: B008  frozen
        timeout_seconds: float = 10,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._hosts = frozenset(host.lower() for host in hosts)
        self._trust = Trust(anchors=tuple(anchors))
        self._peers = peers
        self._timeout_seconds = timeout_seconds
        self._now = now
        self._answers: dict[bytes, _Answer] = {}
        self._lock = Lock()

    def evidence(self, certificates: Sequence[bytes], *, fetch: bool) -> Evidence:
        """What is known about these certificates; with `fetch`, not older than MAX_AGE.

        Nothing about those without a listed address, or whose chain is broken or expired. With
        `fetch` it takes the timeout at most, for all questions together.

        Raises TrustUnavailable when no service gave an answer that can be used.
        """
        if fetch:
            self._refresh(certificates)
        with self._lock:
            known = [self._answers[der] for der in certificates if der in self._answers]
        return Evidence(
            tuple(dict.fromkeys(chain.from_iterable(item.evidence.ocsps for item in known))),
            tuple(dict.fromkeys(chain.from_iterable(item.evidence.crls for item in known))),
        )

    def _refresh(self, certificates: Sequence[bytes]) -> None:
        now = self._now()
        with self._lock:
            fresh = {der for der, answer in self._answers.items() if now < answer.fresh_until}
        missing = [der for der in certificates if der not in fresh and any(self._listed(der))]
        if not missing:
            return
        ends_at = time.monotonic() + self._timeout_seconds
        subjects = list(lineage(certificates, self._trust, now))
        others = [subject.der for subject in subjects]
        away: TrustUnavailable | None = None
        for subject in [item for item in subjects if item.der in missing][:MOST_ASKED]:
            try:
                self._keep(subject.der, self._ask(subject, others, ends_at))
            except TrustUnavailable as fault:
                away = fault  # another authority may know that another signer's is revoked
        if away is not None:
            raise away

    def _listed(self, der: bytes) -> tuple[list[str], list[str]]:
        """The addresses in a certificate that may be asked: for OCSP, for CRLs."""
        responders, lists = addresses(der)
        return list(filter(self._may_ask, responders)), list(filter(self._may_ask, lists))

    def _may_ask(self, url: str) -> bool:
        try:
            # With the parser of the client that will connect: two parsers may read two hosts.
            parts = urllib3.util.parse_url(url)
        except urllib3.exceptions.LocationParseError:
            return False
        default = _DEFAULT_PORTS.get(parts.scheme or "")
        if default is None or parts.auth is not None or not parts.host:
            return False
        port = parts.port or default
        return f"{parts.host}:{port}" in self._hosts or (
            port == default and parts.host in self._hosts
        )

    def _ask(self, subject: Subject, others: Iterable[bytes], ends_at: float) -> _Answer:
        responders, lists = self._listed(subject.der)
        for url in (*responders, *lists):
            # Half of what is left: a silent responder leaves time for the list.
            seconds = max((ends_at - time.monotonic()) / 2, 0.001)
            try:
                if url in responders:
                    evidence = Evidence(ocsps=(ask_responder(url, subject, seconds, self._peers),))
                else:
                    evidence = self._held(url) or Evidence(
                        crls=(ask_list(url, seconds, self._peers),)
                    )
                accept(subject, others, evidence, self._trust)
            except WireFault as fault:
                host, serial = urllib3.util.parse_url(url).netloc, subject.certificate.serial_number
                log.warning("status of %x at %s: %s", serial, host, fault)
                continue
            due = self._now() + MAX_AGE
            return _Answer(url, evidence, min(due, next_update(evidence) or due))
        raise TrustUnavailable(SERVICE)

    def _held(self, url: str) -> Evidence | None:
        """A list speaks of many certificates: it is fetched and held once."""
        now = self._now()
        with self._lock:
            for answer in self._answers.values():
                if answer.url == url and now < answer.fresh_until:
                    return answer.evidence
        return None

    def _keep(self, der: bytes, answer: _Answer) -> None:
        with self._lock:
            self._answers.pop(der, None)
            self._answers[der] = answer
            while len(self._answers) > _MOST_KEPT:
                del self._answers[next(iter(self._answers))]


class Inquiry:
    """A RevocationSource for judging one file once more: what it is asked for, it asks outside.

    Once only: whoever reads a stranger's file may be made to ask for more. `away` says, after the
    judging, that a service was to be asked and gave no answer of use.
    """

    def __init__(self, source: RevocationSource) -> None:
        self._source = source
        self._asked = False
        self.away: TrustUnavailable | None = None

    def evidence(self, certificates: Sequence[bytes], *, fetch: bool) -> Evidence:  # noqa: ARG002
        """What is known about these certificates, after those who may be asked were asked."""
        few, first = certificates[:_MOST_LOOKED_AT], not self._asked
        self._asked = True
        try:
            return self._source.evidence(few, fetch=first)
        except TrustUnavailable as fault:
            self.away = fault
            return self._source.evidence(few, fetch=False)
