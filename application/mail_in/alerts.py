"""Mails of registered monitoring sources: each is one signal of one alert (`intake.md`, E-mail).

Mails carry no alert key and no episode. The subject without its status words identifies the alert, so that "down" and
"up" are one alert. Episodes follow the rules of PagerDuty's events.
"""

from __future__ import annotations

import re

from application.mail_in.parsing import Mail
from application.monitoring.signals import Signal, code_of, plain

_RECOVERED = re.compile(r"\b(?:OK|UP|NORMAL)\b|\b(?i:recover(?:y|ed)|resolved|cleared|back to normal)\b")
_FIRING = re.compile(r"\b(?i:firing|problem|alarm|down|critical)\b")
_STATES = re.compile(
    r"\[(?:firing|resolved)[^\]]*\]|\b(?:resolved|firing|recovered) in (?:\d+ ?[a-z]+ ?)+:|\b(?:problem|recover(?:y|ed)|resolved"
    r"|cleared|back to normal|firing|alarm|ok|up|normal|down|critical|warn(?:ing)?|unknown|unreachable|re|fwd?|is)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w(?:[\w.:/@-]*\w)?")


def signal_of(mail: Mail) -> Signal:
    """Make the signal of a mail. Never raises."""
    key = " ".join(_WORD.findall(_STATES.sub(" ", mail.subject))).casefold() or mail.subject
    subject = plain(mail.subject)
    return Signal(
        identity=code_of(f"mail\n{key}"),
        firing=bool(_FIRING.search(subject)) or not _RECOVERED.search(subject),
        summary=subject or plain(mail.words),
        key=plain(key),
        labels={"subject": subject},
        annotations={"text": plain(mail.words)},
    )
