"""Trust in each signature: the best time proven for it, and its certificate at that time.

EN 319 102-1 §5.6 in outline: go from the newest signature to the oldest. A document time-stamp that
can be trusted proves that everything it covers existed at its time; a signature's own time-stamp
token proves a time for that signature. What is proven to have existed then is judged as of then.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from asn1crypto import cms, parser
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.sign.general import extract_signer_info
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from signing.algorithms import strongly_digested
from signing.carried import carried, signers_in
from signing.certificates import readable
from signing.chain import SIGNING, TIME_STAMPING, Chains, ChainVerdict
from signing.errors import TrustUnavailable
from signing.examination import Examination, Examined
from signing.particulars import claimed, particulars
from signing.policy import CLOCKS_DIFFER
from signing.reading import prefix_sha256
from signing.report import EvidencePiece, Indication, Level, SignatureFinding
from signing.security_store import stored
from signing.timestamps import signer_of, token_time, tokens
from signing.trust import Evidence, Trust, is_development
from signing.words import finding

_DER = Encoding.DER
_Kind = Literal["certificate", "ocsp", "crl", "timestamp"]

# EN 319 102-1 §5.1.3: what our findings on integrity are called there.
_FAILURES = {"digest_mismatch": "HASH_FAILURE", "changed_after": "HASH_FAILURE"} | {
    "signature_mismatch": "SIG_CRYPTO_FAILURE",
    "certificate_missing": "NO_SIGNING_CERTIFICATE_FOUND",
}

# Far more than genuine signatures need. What is beyond stands in the file and is not kept apart.
_MOST_EVIDENCE_BYTES = 16_000_000


@dataclass(frozen=True)
class Assessment:
    """The findings in the order of the file, and the bytes of their evidence by SHA-256."""

    findings: tuple[SignatureFinding, ...]
    evidence: Mapping[str, bytes]


@dataclass(frozen=True)
class _Stamp:
    """A time that a token proves, and by what: the token (DER) and its authority's chain."""

    moment: datetime
    token: bytes
    verdict: ChainVerdict


@dataclass(frozen=True)
class _Judged:
    """What is to be said of a signature; `now` is its chain at the time of checking."""

    then: ChainVerdict
    now: ChainVerdict
    stamp: _Stamp | None = None
    level: Level | None = None
    warnings: tuple[str, ...] = ()


def assess(examination: Examination, trust: Trust, at: datetime) -> Assessment:
    """Judge every signature of an examined file as of `at`."""
    assessor = _Assessor(examination, trust, at)
    findings = [assessor.assess(item) for item in reversed(examination.signatures)]
    return Assessment(tuple(reversed(findings)), assessor.evidence)


class _Assessor:
    """Walks from the newest signature to the oldest, carrying the time proven so far."""

    def __init__(self, examination: Examination, trust: Trust, at: datetime) -> None:
        self.evidence: dict[str, bytes] = {}
        self._reader = examination.reader
        self._at = at
        store = stored(examination.reader.root)
        self._archive = store.evidence
        known = [*carried(examination), *store.certificates]
        self._chains = Chains(trust, (one.dump() for one in known))
        self._chains.learn(self._heard(examination, trust) + self._archive)
        self._proof: _Stamp | None = None  # by a time-stamp over everything older than here
        self._earliest: datetime | None = None  # of all times proven for what is newer
        self._archived_by: list[int] = []  # revisions of the document time-stamps found trusted

    def _heard(self, examination: Examination, trust: Trust) -> Evidence:
        """What the sources know already of those certificates that lead to an anchor."""
        leaves = [leaf.dump() for leaf in signers_in(examination)]
        above = [asn1_x509.Certificate.load(der) for der in self._chains.above(leaves)]
        try:
            return trust.evidence(above, fetch=False) if above else Evidence()
        except TrustUnavailable:
            # Missing evidence is no reason to fail, and never a reason to believe.
            return Evidence()

    def assess(self, item: Examined) -> SignatureFinding:
        """The finding on one signature; whatever goes wrong with it is part of the finding."""
        embedded = item.embedded
        if embedded is None or not item.intact:
            return self._failed(item)
        try:
            if item.kind == "timestamp":
                judged = self._timestamp(embedded)
            else:
                judged = self._signature(item, embedded)
            return self._finding(item, embedded.signer_cert.dump(), judged)
        except Exception:
            # A chain or token that makes its parser fail is no ground for trust, nor for a crash.
            return self._failed(item, "CERTIFICATE_CHAIN_GENERAL_FAILURE")

    def _timestamp(self, embedded: EmbeddedPdfSignature) -> _Judged:
        moment = token_time(embedded.signed_data, embedded.compute_digest)
        assert moment is not None, "intact by examination"
        value = embedded.pkcs7_content
        stamp = self._stamp(embedded.signed_data, value[: parser.peek(value)], moment)
        if _is_later(moment, self._earliest):
            # What it claims to have seen was covered by what is proven to be older.
            stamp = _disbelieved(stamp)
        if stamp.verdict.trusted:
            self._proof = stamp
            self._earliest = _earlier(moment, self._earliest)
            self._archived_by.append(embedded.signed_revision)
        now = self._judge_token(embedded.signed_data, self._at)
        return _Judged(stamp.verdict, now, stamp)

    def _signature(self, item: Examined, embedded: EmbeddedPdfSignature) -> _Judged:
        signer = embedded.signer_cert.dump()
        own, doubtful = self._stamped(embedded)
        proof = self._proof if own is None else own
        moment = self._at if proof is None else proof.moment
        then, now = (
            _unless_weak(self._chains.judge(signer, SIGNING, at), embedded.signer_info)
            for at in (moment, self._at)
        )
        if own is not None:
            if self._proof is not None and _is_later(own.moment, self._proof.moment):
                then, proof = replace(then, sub_indication="TIMESTAMP_ORDER_FAILURE"), None
            self._earliest = _earlier(own.moment, self._earliest)
        level = self._level(item, embedded, None if proof is None else proof.moment)
        warnings = []
        if proof is None:
            warnings.append("time_untrusted" if doubtful else "time_unproven")
        if level is None:
            warnings.append("not_pades")
        return _Judged(then, now, proof, level, tuple(warnings))

    def _stamped(self, embedded: EmbeddedPdfSignature) -> tuple[_Stamp | None, bool]:
        """The earliest time its own tokens prove, and whether one of them proves nothing."""
        doubtful = False
        best: _Stamp | None = None
        value: bytes = embedded.signer_info["signature"].native

        def imprint(algorithm: str) -> bytes:
            return hashlib.new(algorithm, value).digest()

        for token in tokens(embedded.signer_info):
            try:
                moment = token_time(token["content"], imprint)
                stamp = moment and self._stamp(token["content"], token.dump(), moment)
            except Exception:
                stamp = None
            if not isinstance(stamp, _Stamp) or not stamp.verdict.trusted:
                doubtful = True
            elif best is None or stamp.moment < best.moment:
                best = stamp
        return best, doubtful

    def _stamp(self, token: cms.SignedData, der: bytes, moment: datetime) -> _Stamp:
        """A token judged as of the time proven so far.

        Lacking only fresh evidence, as of its own time while its certificate lasts: a lapsed OCSP
        answer does not undo a time-stamp.
        """
        control = self._at if self._proof is None else self._proof.moment
        verdict = self._judge_token(token, control)
        if verdict.sub_indication == "TRY_LATER" and control <= signer_of(token).not_valid_after:
            verdict = self._judge_token(token, moment)
        return _Stamp(moment, der, verdict)

    def _judge_token(self, token: cms.SignedData, moment: datetime) -> ChainVerdict:
        signer = signer_of(token).dump()
        verdict = self._chains.judge(signer, TIME_STAMPING, moment)
        return _unless_weak(verdict, extract_signer_info(token))

    def _level(
        self, item: Examined, embedded: EmbeddedPdfSignature, proven: datetime | None
    ) -> Level | None:
        """The PAdES baseline level reached (EN 319 142-1 §6), None when it is no PAdES."""
        names = {attribute["type"].native for attribute in embedded.signer_info["signed_attrs"]}
        if (
            item.subfilter != "ETSI.CAdES.detached"
            or "signing_certificate_v2" not in names
            or "signing_time" in names
        ):
            return None
        if proven is None:
            return "B-B"
        signer = embedded.signer_cert.dump()
        if not self._chains.judge(signer, SIGNING, proven, self._archive).trusted:
            return "B-T"
        # A time-stamp preserves the evidence that was there when it was made, no later one.
        for revision in self._archived_by:
            archived = stored(self._reader.get_historical_root(revision)).evidence
            if self._chains.judge(signer, SIGNING, proven, archived).trusted:
                return "B-LTA"
        return "B-LT"

    def _failed(self, item: Examined, sub: str | None = None) -> SignatureFinding:
        """A signature that something else decides on: its trust is not asked."""
        try:
            signer = None if item.embedded is None else item.embedded.signer_cert.dump()
        except Exception:
            signer = None
        if sub is None:
            codes = [reason.code for reason in item.findings]
            sub = next((_FAILURES[code] for code in codes if code in _FAILURES), None)
        if sub is None:
            sub = "GENERIC" if item.intact is None else "FORMAT_FAILURE"
        return self._finding(item, signer, _Judged(ChainVerdict(sub), ChainVerdict(sub)))

    def _finding(self, item: Examined, signer: bytes | None, judged: _Judged) -> SignatureFinding:
        then, embedded = judged.then, item.embedded
        signed_at = claimed(embedded)
        indication, sub = _indication(item, then, signed_at)
        reasons = list(item.findings)
        if item.intact and sub is not None:
            reasons.append(finding(sub))
        own = readable([signer] if signer else ())
        development = any(map(is_development, (*then.path, *own)))
        if development:
            reasons.append(finding("development"))
        coverage = None if embedded is None else embedded.coverage
        return SignatureFinding(
            field=item.field,
            kind=item.kind,
            subfilter=item.subfilter,
            level=judged.level,
            intact=item.intact,
            coverage=None if coverage is None else coverage.name,
            changes=None if item.changes is None else item.changes.level,
            locks=item.locks,
            trusted=item.intact is True and then.trusted,
            trusted_now=item.intact is True and judged.now.trusted,
            development=development,
            **particulars(embedded, signer),
            signed_at=signed_at,
            proven_at=None if judged.stamp is None else judged.stamp.moment,
            indication=indication,
            sub_indication=sub,
            revision_sha256=None
            if item.covered_bytes is None
            else prefix_sha256(self._reader.stream, item.covered_bytes),
            revision_bytes=item.covered_bytes,
            reasons=(*reasons, *map(finding, judged.warnings)),
            evidence=tuple(self._kept(signer, judged)),
        )

    def _kept(self, signer: bytes | None, judged: _Judged) -> Iterator[EvidencePiece]:
        """Names what a signature was judged by, each piece once, and keeps its bytes."""
        verdicts = [judged.then, judged.now]
        pieces: list[tuple[_Kind, bytes]] = [] if signer is None else [("certificate", signer)]
        if judged.stamp is not None:
            pieces.append(("timestamp", judged.stamp.token))
            verdicts.append(judged.stamp.verdict)
        for verdict in verdicts:
            pieces += [("certificate", one.public_bytes(_DER)) for one in reversed(verdict.path)]
            pieces += [(answer.kind, answer.der) for answer in verdict.answers]
        for kind, der in dict.fromkeys(pieces):
            digest = hashlib.sha256(der).hexdigest()
            if digest not in self.evidence:
                if sum(map(len, self.evidence.values())) + len(der) > _MOST_EVIDENCE_BYTES:
                    continue
                self.evidence[digest] = der
            yield EvidencePiece(kind, digest, len(der))


def _disbelieved(stamp: _Stamp) -> _Stamp:
    verdict = stamp.verdict
    if not verdict.trusted:
        return stamp
    return replace(stamp, verdict=replace(verdict, sub_indication="TIMESTAMP_ORDER_FAILURE"))


def _is_later(moment: datetime, bound: datetime | None) -> bool:
    return bound is not None and moment > bound + CLOCKS_DIFFER


def _earlier(moment: datetime, bound: datetime | None) -> datetime:
    return moment if bound is None else min(moment, bound)


def _unless_weak(verdict: ChainVerdict, signer: cms.SignerInfo) -> ChainVerdict:
    """A digest that collides lets one signature stand for two documents (EN 319 102-1 §5.2.8)."""
    if not verdict.trusted or strongly_digested(signer):
        return verdict
    return replace(verdict, sub_indication="CRYPTO_CONSTRAINTS_FAILURE_NO_POE")


def _indication(
    item: Examined, verdict: ChainVerdict, signed_at: datetime | None
) -> tuple[Indication, str | None]:
    sub = verdict.sub_indication
    if item.intact is False:
        return "TOTAL_FAILED", sub
    if verdict.trusted:
        return "TOTAL_PASSED", None
    revoked_at = verdict.revoked_at if sub == "REVOKED_NO_POE" else None
    if signed_at is not None and revoked_at is not None and signed_at >= revoked_at:
        # By the signer's own word it was made after the revocation.
        return "TOTAL_FAILED", "REVOKED"
    return "INDETERMINATE", sub
