"""The services behind an office's signatures, answering in process, that can be made to go away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from asn1crypto import tsp
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.timestamps.common_utils import TimestampRequestError

from signing.devca import DevelopmentCA
from signing.errors import TrustUnavailable
from signing.responders import TimeStampAuthority
from signing.trust import Evidence, RevocationSource
from tests.signing import pki
from workflow.office import Office


class Services:
    """Stands between an office and its time-stamp authority and OCSP; both answer at first."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self.tsa_away = self.ocsp_away = False
        self.stamps = 0
        self.known: set[bytes] | None = None
        trust = office.sealing.trust
        assert trust.timestamper is not None
        self._normal = trust.timestamper
        sources = tuple(_Status(self, source) for source in trust.revocation)
        office.sealing.trust = replace(trust, revocation=sources)
        self.authority_lasts(None)

    def forget(self) -> None:
        """As in a process that has just started: without asking, nothing is known of status."""
        self.known = set()

    def authority_lasts(self, days: float | None) -> None:
        """From now on the authority's certificate ends in so many days; None: in years."""
        stamper = self._normal
        if days is not None:
            ca = DevelopmentCA(self._office.settings.data_dir / "pki")
            profile = replace(pki.TSA, valid=(-1, days))
            chain = (ca.issuing.certificate,)
            stamper = TimeStampAuthority(
                pki.issue(profile, ca.issuing, "http://status.invalid", chain)
            )
        trust = self._office.sealing.trust
        self._office.sealing.trust = replace(trust, timestamper=_Stamper(self, stamper))


class _Stamper(TimeStamper):
    def __init__(self, services: Services, authority: TimeStamper) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._services, self._authority = services, authority

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        if self._services.tsa_away:
            raise TimestampRequestError("nobody answers")
        self._services.stamps += 1
        return await self._authority.async_request_tsa_response(req)


@dataclass(frozen=True)
class _Status:
    services: Services
    source: RevocationSource

    def evidence(self, certificates: Sequence[bytes], *, fetch: bool) -> Evidence:
        if fetch and self.services.ocsp_away:
            raise TrustUnavailable("Dịch vụ kiểm tra chứng thư số")
        known = self.services.known
        if known is not None and fetch:
            known.update(certificates)
        elif known is not None:
            certificates = [der for der in certificates if der in known]
            if not certificates:
                return Evidence()
        return self.source.evidence(certificates, fetch=fetch)
