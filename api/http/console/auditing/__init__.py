"""What auditors look at: proofs, what the checks of the whole record found, and who read whose words."""

from __future__ import annotations

from fastapi import APIRouter

from api.http.console.auditing import findings, proofs, reads

router = APIRouter()
for _area in (proofs, findings, reads):
    router.routes.extend(_area.router.routes)
