"""Intent of an answer to a resolution mail (R-5.9c): a plain dispute, plain thanks, or unclear.

Only plain intent takes effect. An unclear answer stops the timer, and a person reads it. A dispute mistaken for
thanks would be lost, so only short thanks without other words count.
"""

from __future__ import annotations

import re
from enum import StrEnum

from application.mail_in.parsing.quoting import without_signature


class Intent(StrEnum):
    """The intent of an answer to a resolution."""

    DISPUTE = "dispute"
    THANKS = "thanks"
    UNCLEAR = "unclear"


_DISPUTES = re.compile(
    r"\bi (?:hereby )?(?:dispute|disagree|object)\b|\bplease (?:re-?open|do not close)\b|\bre-?open (?:it|this|the|my)\b"
    r"|\bnot (?:been )?(?:fixed|solved|resolved|working|repaired|corrected|ok|okay)\b"
    r"|\b(?:isn'?t|wasn'?t|hasn'?t been|aren'?t) (?:\w+ )?(?:fixed|solved|resolved|working|repaired)\b"
    r"|\bstill (?:\w+ ){0,2}(?:broken|down|dead|fail\w*|wrong|the same|happen\w*|not|doesn'?t|does not|don'?t|can'?t|cannot|won'?t|isn'?t)\b"
    r"|\b(?:does not|doesn'?t|do not|don'?t|won'?t|will not) work\b"
    r"|\b(?:broken|down|dead|failing|happening|back|the same (?:problem|error|issue)) again\b"
    r"|\b(?:problem|issue|error|fault) (?:persists|remains|is back|came back|has returned)\b",
    re.IGNORECASE,
)
_HEDGES = re.compile(
    r"\b(?:if|unless|in case|whether|no longer|any ?more|not sure|used to|before you|yesterday it)\b", re.IGNORECASE
)
_THANKS = re.compile(
    r"\b(?:many |much )?(?:thanks?(?: you)?|thx|cheers|appreciated?|great|perfect|excellent|wonderful|brilliant)\b"
    r"|\b(?:all (?:is )?(?:good|well|fine)|(?:it |that |everything )?works?(?: now| again| fine| well| perfectly)"
    r"|(?:it |that )?(?:is )?working (?:now|again|fine)|(?:that|this|you) (?:has |have )?(?:fixed|solved|resolved) it|is fixed)\b",
    re.IGNORECASE,
)
_POLITE = re.compile(
    r"\b(?:a|all|and|appreciate|best|dear|desk|every(?:one|thing)|fast|fine|fix|for|good|hello|help|hi|i|indeed|is|it|kind(?:ly)?|lots?"
    r"|much|my|now|okay|ok|prompt|quick(?:ly)?|really|regards|service|so|support|team|the|this|to|very|we|well|with|work|yes|your?)\b",
    re.IGNORECASE,
)
"""Words allowed next to thanks. Any other words may mean the opposite ("Great. The printer is dead.")."""
_NAME = re.compile(r"(?:(?:, ?|(?<![.!\s]) )[A-Z][\w'-]*|\n[A-Z][\w'-]*(?: [A-Z][\w.'-]*){0,2})[.!]?\Z")
"""The name below the thanks."""
_LONGEST_THANKS = 200


def intent_of(text: str) -> Intent:
    """Return the intent of an answer's own words, without quotes."""
    lines = [" ".join(line.split()) for line in without_signature(text).replace("\u2019", "'").splitlines()]
    own = "\n".join(filter(None, lines))
    said = own.replace("\n", " ")
    if _DISPUTES.search(said[:2_000]):
        return Intent.UNCLEAR if _HEDGES.search(said[:2_000]) else Intent.DISPUTE
    if len(said) <= _LONGEST_THANKS and _THANKS.search(said) and not _beside_thanks(own):
        return Intent.THANKS
    return Intent.UNCLEAR


def _beside_thanks(own: str) -> str:
    """Return the words other than thanks, politeness and a name."""
    left = _POLITE.sub(" ", _THANKS.sub(" ", _NAME.sub("", own)))
    return left.strip(" \n.,;:!()-")
