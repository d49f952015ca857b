"""Is it alive, and can it work."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter

from api.auth import OfficeHere
from api.problems import documented
from api.schemas.values import Shape
from workflow.rules.errors import Unavailable

router = APIRouter(tags=["health"], prefix="/health")


class Alive(Shape):
    status: Literal["alive"] = "alive"


class Ready(Shape):
    status: Literal["ready"] = "ready"
    database: str
    objects: str
    mode: str


@router.get("/live", response_model=Alive)
def live() -> Alive:
    """The process answers. Restart it when it does not."""
    return Alive()


@router.get("/ready", response_model=Ready, responses=documented(Unavailable))
def ready(office: OfficeHere) -> Ready:
    """The database and the object store answer too. Send no requests here while they do not."""
    with office.reading(None):  # where a store's silence becomes a refusal
        database, objects = office.database.ping(), office.objects.ping()
    return Ready(database=database, objects=objects, mode=office.settings.mode)
