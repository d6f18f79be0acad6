"""The service desk: one method per command of the SOP's table, clause by clause.

5.1      intake.mail  what machines hand in, and the quarantine
5.2      attachments  files that come with a case
5.1      intake.monitoring  what monitoring systems say; sources: who they are, and their keys
5.1-5.5  handling     log, triage, refer, prioritise, diagnose
5.6      relating     has it been reported by others?
5.7      teamwork     assignment, waiting, major incidents
5.8-5.9  settling     verify, resolve, tell, dispute, close; contesting and following, by the links in mails
5.8.1    problems     Problem Cases and known errors
         replaying    what was, from the events alone
4.1, 7.1 catalogue    services, teams, desks, policy, grants
         sealing      what happened to the transparency log itself
5.9f     privacy      legal holds, and the erasure of personal data
"""

from __future__ import annotations

from application.following import Following
from application.intake.mail import MailIntake
from application.intake.monitoring.alerts import AlertIntake
from application.privacy import Privacy
from application.replaying import Replaying
from application.sealing import Sealing
from application.sources import Sources


class Desk(Following, MailIntake, AlertIntake, Replaying, Sealing, Sources, Privacy):
    """Everything that can be asked of the desk."""
