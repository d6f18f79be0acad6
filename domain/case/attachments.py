"""Files: like notes, in any state and from everybody who may see the case (SOP, table of commands: attach)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from domain.aggregate import Recorded
from domain.case.holdings import Attachment
from domain.case.state import CaseState
from domain.errors import AttachmentsFull
from domain.policy import Policy
from domain.values import Disclosure, Provenance


class Attached(Recorded):
    TOPIC = "case.attached"
    attachments: tuple[Disclosure, ...]
    attached_at: datetime
    visible_to_customer: bool = False

    def apply(self, case: CaseState) -> None:
        """Neither the status nor the deadline changes (R-5.9e)."""
        version, shown = self.originator_version, self.visible_to_customer
        new = (Attachment(said, version, self.by, self.attached_at, shown) for said in self.attachments)
        case.attachments = (*case.attachments, *new)


class Attachments(CaseState):
    def attach(
        self, files: Sequence[Disclosure], policy: Policy, provenance: Provenance, *, visible_to_customer: bool
    ) -> None:
        """Add files; also after closing (R-5.9f). Raises AttachmentsFull."""
        self.allow("attach", provenance)
        self.require_room(len(files), sum(int(said.text("size")) for said in files), policy)
        self.record(
            Attached,
            provenance,
            attachments=tuple(files),
            attached_at=provenance.at,
            visible_to_customer=visible_to_customer,
        )

    def require_room(self, files: int, size: int, policy: Policy) -> None:
        """Raises AttachmentsFull where so many files of so many bytes would be more than the policy has for a case."""
        if len(self.attachments) + files > policy.attachments_per_case:
            raise AttachmentsFull(f"a case may have {policy.attachments_per_case} attachments")
        if sum(each.size for each in self.attachments) + size > policy.attachments_total:
            raise AttachmentsFull(f"the attachments of a case may have {policy.attachments_total} bytes together")


EVENTS = (Attached,)
