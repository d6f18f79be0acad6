"""What there is to administer, for those who read it."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response

from api.http.console.admin.access import Office
from api.http.console.admin.measures import READERS
from api.http.console.frame import ADMINISTRATION, frame_of
from api.http.console.rendering import show
from api.http.console.route import area
from api.http.routes.administration.office import OFFICE_READERS, WEBHOOK_READERS

router = area("/admin")
_ABOUT = {
    "/ui/admin/catalogue": "Services, and the scripts that lead to what is wrong.",
    "/ui/admin/teams": "Service teams with their members, and other agencies' help desks.",
    "/ui/admin/policy": "Priorities, targets, hours, and everything else that the organisation decides.",
    "/ui/admin/grants": "Who may act in which role, by whose approval.",
    "/ui/admin/sources": "Monitoring systems, what their labels mean, and their keys.",
    "/ui/admin/webhooks": "Programs that are sent events as they happen.",
    "/ui/customers": "Who a customer is, and their cases.",
    "/ui/erasures": "Whose data are erased: requested by one person, approved by another.",
    "/ui/holds": "Cases of which nothing is erased: requested by one person, approved by another.",
}
_FEWER = {"/ui/admin/webhooks": WEBHOOK_READERS, "/ui/erasures": READERS, "/ui/holds": READERS}
"""Pages that not everybody on the staff reads."""


@router.get("")
async def overview(request: Request, actor: Office) -> Response:
    """The places of the administration."""
    places = [place for place in ADMINISTRATION if actor.role in _FEWER.get(place.path, OFFICE_READERS)]
    return show(await frame_of(request, actor), "admin/overview", title="Administration", places=places, about=_ABOUT)
