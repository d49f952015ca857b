"""Keys, trust and reports as the office uses them: files in, files and reports out."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

from signing import fields, pades, tsa
from signing.appearance import Stamp
from signing.archive import archive
from signing.devca import DevelopmentCA
from signing.errors import (
    KeyRefused,
    KeyUnavailable,
    SandboxBusy,
    SigningError,
    SigningRefused,
    TrustUnavailable,
    UnknownKey,
)
from signing.keyring import Keyring
from signing.peers import Peers, networks
from signing.pending import Prepared
from signing.permission import LIMITS
from signing.report import Judgement
from signing.revocation import HttpRevocation, Inquiry
from signing.sandbox import Sandbox
from signing.timestamping import HttpTimeStamper
from signing.trust import Trust, load_anchors
from signing.volumes import Added, Volume
from signing.witness import check_chain
from workflow.rules.errors import GuardsUnmet, Refusal, Unavailable, UnreadableDocument
from workflow.rules.signed import AGENCY_FIELD, person_field
from workflow.settings import Settings
from workflow.stamps import Places, Showing, StampOrder, laid_out

NUMBER_FIELD = fields.NUMBER
DATE_FIELD = fields.DATE
_LEVELS: dict[str, pades.Level] = {"B-B": "B-B", "B-T": "B-T", "B-LT": "B-LT", "B-LTA": "B-LTA"}
#: How long a job rests before it asks a service or a key again.
_AWAY_SECONDS = 30


@dataclass(frozen=True)
class Layout:
    """Where number and date stand, and the signers' images one by one.

    A signer's place that is not given is looked for on the page.
    """

    number: fields.Box
    date: fields.Box
    signatures: tuple[fields.Box | None, ...] = ()

    @classmethod
    def from_json(cls, text: str) -> Layout:
        """Read `Outgoing.layout`."""
        boxes = json.loads(text)
        return cls(
            number=fields.Box(**boxes["number"]),
            date=fields.Box(**boxes["date"]),
            signatures=tuple(box and fields.Box(**box) for box in boxes["signatures"]),
        )

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)


#: Where Annex I part V puts them on A4: under the issuer's name, and right of it under the motto.
DECREE_LAYOUT = Layout(
    number=fields.Box(page=0, x=85, y=715, width=180, height=18),
    date=fields.Box(page=0, x=268, y=715, width=270.5, height=18),
)


class SigningRefusal(Refusal):
    """The key, the certificate or the file does not allow this signature; nothing was signed."""

    def __init__(self, why: str) -> None:
        super().__init__(f"Không ký được: {why}")


class KeyRefusal(SigningRefusal):
    """The key itself says no, and would say so again: a wrong PIN, a locked token, another key.

    Whoever has more to sign with it stops: a token locks after a few wrong tries. `code` is stable.
    """

    def __init__(self, code: str, why: str) -> None:
        self.code = code
        super().__init__(why)


class KeyAway(Unavailable):
    """The token is not in its slot, or the service that keeps the key does not answer."""


class TrustAway(Unavailable):
    """The time-stamping or revocation service does not answer: a lower level may do meanwhile."""


@dataclass(frozen=True)
class Shows:
    """What a signature shows: what was ordered, and the image where that names one."""

    order: StampOrder
    image: bytes | None

    def laid_out(
        self, sandbox: Sandbox, source: Path, moment: datetime
    ) -> tuple[Stamp, fields.Box | None]:
        """See `workflow.stamps.laid_out`."""
        return laid_out(sandbox, self.order, self.image, source, moment)


@dataclass(frozen=True)
class IssuedKey:
    """A certificate and where its key answers."""

    certificate_sha256: str
    certificate: bytes
    key_url: str


def _reaching(trust: Trust, settings: Settings) -> Trust:
    """The same trust with the services outside that the settings name."""
    hosts = settings.listed_revocation_hosts
    peers = Peers(networks(settings.listed_revocation_networks))
    return replace(
        trust,
        revocation=(HttpRevocation(hosts, trust.anchors, peers=peers),) if hosts else (),
        timestamper=HttpTimeStamper(settings.tsa_url) if settings.tsa_url else None,
    )


@dataclass(frozen=True)
class SignedText:
    """A detached signature, and the certificate (DER) and chain it was made under."""

    signature: bytes
    certificate: bytes
    chain: tuple[bytes, ...]


class Sealing:
    """The keys this office can reach, the anchors it trusts, and the sandbox that opens files.

    What a stranger made is parsed in the sandbox alone, until it has been judged there once.
    """

    def __init__(self, trust: Trust, keyring: Keyring, development: DevelopmentCA | None) -> None:
        self.trust, self.keyring = trust, keyring
        self.sandbox = Sandbox()
        self._development = development

    @classmethod
    def open(cls, settings: Settings) -> Sealing:
        """Development trusts its own CA as well; production only the configured anchors.

        A configured time-stamp authority goes before the development one.
        Raises ValueError when anchors or keys are not as configured; no key is opened yet.
        """
        anchors = settings.trust_anchors
        configured = _reaching(load_anchors(anchors) if anchors else Trust(anchors=()), settings)
        keys = settings.signing_keys
        if not settings.development:
            return cls(configured, Keyring.load(keys, None), None)
        development = DevelopmentCA(settings.data_dir / "pki")
        keyring = Keyring.load(keys, development)
        return cls(configured.joined(development.trust), keyring, development)

    def close(self) -> None:
        """End the sandbox's processes."""
        self.sandbox.close()

    def issue_person(self, person_id: uuid.UUID, name: str, organisation: str) -> IssuedKey:
        """A development certificate of a person; the same one for the same id."""
        return self._issued(
            self._authority.issue_person(str(person_id), name, organisation).certificate,
            f"devca:person/{person_id}",
        )

    def issue_agency(self, organisation_id: uuid.UUID, name: str) -> IssuedKey:
        """A development certificate of an agency; the same one for the same id."""
        return self._issued(
            self._authority.issue_agency(str(organisation_id), name).certificate,
            f"devca:agency/{organisation_id}",
        )

    def log_key(self, settings: Settings) -> str:
        """The address of the key that signs tree heads; development has one of its own."""
        if not settings.log_key:
            self._authority.issue_agency("log", "Sổ kiểm soát Vanthu")
        return settings.log_key or "devca:agency/log"

    @property
    def _authority(self) -> DevelopmentCA:
        if self._development is None:
            raise RuntimeError("development certificates are made in development only")
        return self._development

    @staticmethod
    def _issued(certificate: bytes, key_url: str) -> IssuedKey:
        return IssuedKey(hashlib.sha256(certificate).hexdigest(), certificate, key_url)

    def sign(
        self,
        source: Path,
        target: Path,
        *,
        key_url: str,
        certificate_sha256: str,
        field: str,
        level: str,
        fill: Mapping[str, str],
        locks: bool,
        shows: Shows | None,
        moment: datetime,
    ) -> pades.SignedRevision:
        """Write `source` plus one signed and checked revision to `target`.

        The signature claims `moment` as its time.

        Raises:
            SigningRefusal: the file or the certificate does not allow it.
            KeyRefusal: the key does not, or is not that of the certificate.
            KeyAway, TrustAway: the key, or a service the level needs, does not answer now.
        """
        with _refusing():
            key = self.keyring.open(key_url)
            if hashlib.sha256(key.certificate).hexdigest() != certificate_sha256:
                raise KeyRefusal("key_mismatch", "khóa ký không khớp chứng thư số đã khai báo.")
            stamp, box = shows.laid_out(self.sandbox, source, moment) if shows else (None, None)
            return pades.sign(
                source,
                target,
                key=key,
                field=field,
                level=_LEVELS[level],
                trust=self.trust,
                fill=fill,
                lock=locks,
                stamp=stamp,
                box=box,
                moment=moment,
            )

    def sign_text(self, text: bytes, *, key_url: str, now: datetime) -> SignedText:
        """The key's signature over a text, by SHA-256 with RSA (PKCS#1 v1.5) or ECDSA.

        Raises:
            KeyRefusal: the key says no, or its certificate is not to sign with now.
            KeyAway: it does not answer now.
        """
        with _refusing():
            key = self.keyring.open(key_url)
            if not check_chain(key.certificate, (), [key.certificate], now):
                raise KeyRefusal("key_unusable", "chứng thư số của khóa hết hạn hoặc không để ký.")
            return SignedText(key.sign(text, "sha256"), key.certificate, key.chain)

    def time_stamp(self, text: bytes, *, now: datetime) -> bytes:
        """A time-stamp token (RFC 3161) over a text, from an authority that is trusted.

        Raises:
            SigningRefusal: the authority is not to be believed.
            TrustAway: it does not answer now, or there is none.
        """
        with _refusing():
            digest = hashlib.sha256(text).digest()
            return tsa.time_stamp(digest, trust=self.trust, now=now).token

    def archive(self, source: Path, target: Path) -> pades.SignedRevision:
        """Write `source` plus validation data and a time-stamp over all of it to `target`.

        Raises:
            SigningRefusal: some signature in it cannot be brought to B-LTA any more.
            TrustAway: the time-stamping or revocation service does not answer now.
        """
        with _refusing():
            return archive(source, target, trust=self.trust)

    def prepare(
        self,
        source: Path,
        *,
        certificate: bytes,
        chain: Sequence[bytes],
        field: str,
        level: str,
        fill: Mapping[str, str],
        locks: bool,
        shows: Shows | None,
        moment: datetime,
    ) -> Prepared:
        """What the key of `certificate`, which its holder keeps, is to sign; as `sign` otherwise.

        `chain` are certificates that may lead up from it, besides those known here.

        Raises:
            SigningRefusal: the certificate or the file does not allow it.
            TrustAway: the time-stamping or revocation service does not answer now.
        """
        with _refusing():
            stamp, box = shows.laid_out(self.sandbox, source, moment) if shows else (None, None)
            return pades.prepare(
                source,
                certificate=certificate,
                chain=chain,
                field=field,
                level=_LEVELS[level],
                trust=self.trust,
                fill=fill,
                lock=locks,
                stamp=stamp,
                box=box,
                moment=moment,
            )

    def hand_out(
        self,
        source: Path,
        target: Path,
        *,
        field: str,
        fill: Mapping[str, str],
        locks: bool,
        shows: Shows | None,
        moment: datetime,
    ) -> None:
        """Write to `target` what a program that signs by itself is to sign: `source`, and these
        texts and the field, where it has none, in a revision of their own.

        Raises:
            SigningRefusal: the file does not allow it.
        """
        with _refusing():
            box = shows.laid_out(self.sandbox, source, moment)[1] if shows else None
            pades.fill_only(source, target, fill, fields.SignatureField(field, box, locks))

    def verify_value(self, prepared: bytes, value: bytes) -> None:
        """Raises SigningRefusal unless `value` is a signature over what was prepared."""
        with _refusing():
            Prepared.from_bytes(prepared).verify_value(value)

    def complete(
        self, source: Path, target: Path, *, prepared: bytes, value: bytes
    ) -> pades.SignedRevision:
        """Write `source` with its prepared revision and this value to `target`.

        Raises:
            SigningRefusal: the value, the file or, by now, the certificate does not allow it.
            TrustAway: the time-stamping or revocation service does not answer now.
        """
        with _refusing():
            done = Prepared.from_bytes(prepared)
            return pades.complete(source, target, done, value, trust=self.trust)

    def adopt(
        self, source: Path, returned: Path, *, certificate: bytes, field: str
    ) -> pades.SignedRevision:
        """Check a file that came back signed as a whole.

        Raises:
            SigningRefusal: it does not extend `source` by exactly this signature.
            TrustAway: the revocation service does not answer now.
        """
        with _refusing():
            # It came from outside: what the sandbox could not finish is not begun here.
            reasons = self.sandbox.validate(returned, trust=self.trust, limits=LIMITS).reasons
            if any(reason.code == "resources_exhausted" for reason in reasons):
                raise SigningRefusal("tệp đòi hỏi quá nhiều thời gian hoặc bộ nhớ.")
            return pades.adopt(
                source, returned, certificate=certificate, field=field, trust=self.trust
            )

    def places(self, source: Path, layout: Layout, shown: Showing) -> Places:
        """Where on the page the signatures show.

        Raises:
            UnreadableDocument: the page cannot be read within the limits.
            GuardsUnmet: a place is neither given nor found, or it is not free.
        """
        try:
            with _waiting():
                taken = [layout.number, layout.date]
                return shown.places(self.sandbox, source, layout.signatures, taken)
        except SigningRefused as refused:
            raise GuardsUnmet([str(refused)]) from refused
        except SigningError as refused:
            raise UnreadableDocument(str(refused)) from refused

    def reserve_fields(
        self, source: Path, target: Path, layout: Layout, places: Places, *, seal: bool
    ) -> None:
        """Write a sound `source` with empty number, date and signature fields to `target`.

        A signature shows in its place, if it has one. The last signature locks everything: the
        agency's, or without one the last person's.

        Raises:
            UnreadableDocument: the file is no PDF that can be signed, or a box is off its page.
        """
        boxes = {person_field(n): box for n, box in enumerate(places.persons, start=1)}
        if seal:
            boxes[AGENCY_FIELD] = places.seal
        last = list(boxes)[-1]
        try:
            fields.prepare(
                source,
                target,
                number=layout.number,
                date=layout.date,
                signatures=[
                    fields.SignatureField(name, box, locks=name == last)
                    for name, box in boxes.items()
                ],
            )
        except SigningError as refused:
            raise UnreadableDocument(str(refused)) from refused

    def make_sound(self, source: Path, target: Path) -> bool:
        """Rewrite an unsigned file that is not sound to `target`; False when there is no need.

        Raises:
            UnreadableDocument: it could not be signed either way: locked by a signature, altered
                behind one, encrypted, or broken beyond repair.
        """
        try:
            with _waiting():
                return self.sandbox.make_sound(source, target)
        except SigningError as refused:
            raise UnreadableDocument(str(refused)) from refused

    def append(self, volume: Volume, source: Path) -> Added:
        """Put the pages of a file into a volume.

        Raises:
            UnreadableDocument: they cannot be taken over, and why; the volume is as before.
        """
        try:
            with _waiting():
                return volume.add(source)
        except SigningError as refused:
            raise UnreadableDocument(str(refused)) from refused

    def readable(self, source: Path) -> None:
        """Refuse what is not a PDF with pages that could be signed.

        Raises:
            UnreadableDocument: empty, truncated, encrypted, without pages, or no PDF at all.
        """
        report = self.judge(source, None).report
        if report.verdict == "KHONG_DOC_DUOC":
            raise UnreadableDocument(" ".join(reason.sentence for reason in report.reasons))

    def judge_own(self, source: Path, at: datetime, level: str) -> Judgement:
        """The judgement on a file signed here, at this level; below B-LT status is asked for.

        Raises:
            TrustAway: the revocation service does not answer now.
        """
        if level in ("B-B", "B-T"):
            with _refusing():
                self.sandbox.ask_status(source, trust=self.trust)
        return self.judge(source, at)

    def judge_asking(self, source: Path, at: datetime) -> tuple[Judgement, TrustAway | None]:
        """The judgement once the services that may be asked were, and which of them was away."""
        inquiries = tuple(map(Inquiry, self.trust.revocation))
        trust = replace(self.trust, revocation=inquiries)
        with _waiting():
            judgement = self.sandbox.judge(source, trust=trust, at=at, limits=LIMITS)
        away = next((one.away for one in inquiries if one.away), None)
        return judgement, TrustAway(away.what, _AWAY_SECONDS) if away else None

    def judge(self, source: Path, at: datetime | None) -> Judgement:
        """The document's signature report and its evidence; an unreadable file gets one too.

        Raises:
            Unavailable: too many files are being judged already.
        """
        with _waiting():
            # How large a file may be was for the door to say; signing has made ours larger since.
            return self.sandbox.judge(source, trust=self.trust, at=at, limits=LIMITS)


@contextmanager
def _waiting() -> Iterator[None]:
    """A sandbox with too much to do, as a part of the office that does not answer now."""
    try:
        yield
    except SandboxBusy as busy:
        raise Unavailable("Bộ phận kiểm tra tệp", _AWAY_SECONDS) from busy


@contextmanager
def _refusing() -> Iterator[None]:
    """What the seal raises, as the office's refusals."""
    try:
        with _waiting():
            yield
    except TrustUnavailable as fault:
        raise TrustAway(fault.what, _AWAY_SECONDS) from fault
    except KeyUnavailable as fault:
        raise KeyAway(fault.what, _AWAY_SECONDS) from fault
    except KeyRefused as refused:
        raise KeyRefusal(refused.code, str(refused)) from refused
    except UnknownKey as refused:
        raise KeyRefusal("key_unknown", str(refused)) from refused
    except SigningError as refused:
        raise SigningRefusal(str(refused)) from refused
