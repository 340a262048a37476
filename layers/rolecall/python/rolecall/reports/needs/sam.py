"""Needs as the `Policies` of roles in a template, to be pasted: references in place of ARNs, comments for doubts."""

import json
import re
from collections.abc import Sequence

from rolecall.needs.policy import Proposal, Proposed
from rolecall.needs.references import References
from rolecall.reports.needs import Answer
from rolecall.reports.needs.policy import notes

# Where a plain scalar of YAML would be read as something else.
QUOTED = re.compile(r"^[\[\]{}&*!|>'\"%@`#?-]|: |\s#|\s$")


def render(answers: Sequence[Answer]) -> str:
    """YAML, a block for each function, without a trailing newline."""
    return "\n\n".join(_block(each) for each in answers)


def _block(answer: Answer) -> str:
    doubts = [f"# {note.partition(': ')[2]}" for note in notes([answer]) if "left out" not in note]
    head = [
        f"# {answer.name}: the policies of {answer.role_name}",
        *(doubts or ["# proven: all that it must be allowed, and no more"]),
    ]
    if not answer.proposal.statements and not answer.proposal.optional:
        return "\n".join([*head, "Policies: []"])
    return "\n".join([*head, sam(answer.proposal, answer.references).rstrip()])


def sam(proposal: Proposal, references: References) -> str:
    """The statements as `Policies` of an AWS::IAM::Role in YAML."""
    lines = ["Policies:"]
    for each in proposal.statements:
        lines += _policy(each, references)
    if proposal.optional:
        lines.append("  # Needed only if the code takes certain ways; delete what is not:")
        lines += [f"  # {line[2:]}" for each in proposal.optional for line in _policy(each, references)]
    return "\n".join(lines) + "\n"


def _policy(each: Proposed, references: References) -> list[str]:
    head = [
        f"  - PolicyName: {each.sid}",
        "    PolicyDocument:",
        '      Version: "2012-10-17"',
        "      Statement:",
    ]
    return [*head, "        - Effect: Allow", *(f"          {line}" for line in _members(each, references))]


def _members(each: Proposed, references: References) -> list[str]:
    actions = each.actions[0] if len(each.actions) == 1 else f"[{', '.join(each.actions)}]"
    resources = [_reference(one, references) for one in each.resources]
    if len(resources) == 1:
        return [f"Action: {actions}", f"Resource: {resources[0]}"]
    return [f"Action: {actions}", "Resource:", *(f"  - {one}" for one in resources)]


def _reference(resource: str, references: References) -> str:
    """What gives a resource, in the short form of YAML.

    >>> inbox = References("111122223333", "eu-west-1", names={"arn:aws:s3:::inbox": "Inbox.Arn"})
    >>> _reference("arn:aws:s3:::inbox/*", inbox)
    '!Sub ${Inbox.Arn}/*'
    """
    value = references.value(resource)
    if isinstance(value, str):
        return _scalar(value)
    if "Fn::GetAtt" in value:
        return f"!GetAtt {'.'.join(value['Fn::GetAtt'])}"
    return f"!Ref {value['Ref']}" if "Ref" in value else f"!Sub {_scalar(value['Fn::Sub'])}"


def _scalar(text: str) -> str:
    return json.dumps(text, ensure_ascii=False) if QUOTED.search(text) else text
