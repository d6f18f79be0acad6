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

from application.cases.replay import Replaying
from application.customers.self_service import Following
from application.mail_in.intake import MailIntake
from application.monitoring.intake import AlertIntake
from application.monitoring_sources import Sources
from application.personal_data import Privacy
from application.transparency_log import Sealing


class Desk(Following, MailIntake, AlertIntake, Replaying, Sealing, Sources, Privacy):
    """Everything that can be asked of the desk."""
