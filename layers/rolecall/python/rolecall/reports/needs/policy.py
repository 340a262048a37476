"""Needs as IAM policy documents: what must be allowed and nothing else; notes say what a document cannot."""

import json
from collections.abc import Iterator, Sequence

from rolecall.reports.needs import Answer

GROUP = "logs:CreateLogGroup"
MOST = 3
"""Actions that are named of those left out."""


def render(answers: Sequence[Answer], *, single: bool = False) -> str:
    """A JSON object of function -> policy document; with `single` the document of the one function alone."""
    documents = {each.function: each.proposal.document() for each in answers}
    if single and len(documents) == 1:
        return json.dumps(next(iter(documents.values())), indent=2)
    return json.dumps(documents, indent=2)


def notes(answers: Sequence[Answer]) -> Iterator[str]:
    """What is to be known before one of these policies is put to use, one line each."""
    for each in answers:
        if not each.proven:
            yield f"{each.function}: not proven: {each.why}{_cause(each)}"
        if each.proposal.optional or each.proposal.unnamed:
            yield f"{each.function}: left out what it may need as well: {_left_out(each)}"
        if not each.proposal.fits:
            yield f"{each.function}: {each.proposal.size:,} characters, more than a role's inline policies may have"


def unread(answers: Sequence[Answer]) -> Iterator[str]:
    """Of which functions the code was not read, so that all else is said without it, one line each."""
    yield from (f"{each.function}: not proven: {each.why}{_cause(each)}" for each in answers if not each.is_read)


def _left_out(answer: Answer) -> str:
    """The actions, the first of them, and what is lost without that which makes the group of its logs."""
    proposal = answer.proposal
    optional = (action for statement in proposal.optional for action in statement.actions)
    actions = tuple(dict.fromkeys((*optional, *(need.action for need in proposal.unnamed))))
    shown = ", ".join(f"`{action}`" for action in actions[:MOST])
    more = f" and {len(actions) - MOST} more" if len(actions) > MOST else ""
    lost = f"; where its log group is missing, all logs are lost without `{GROUP}`" if GROUP in actions else ""
    return f"{shown}{more}{lost}; `--format sam` shows in comments what decides"


def _cause(answer: Answer) -> str:
    """Why the code was not read."""
    return "" if answer.is_read else "".join(f": {gap.why}" for gap in answer.gaps[:1])
