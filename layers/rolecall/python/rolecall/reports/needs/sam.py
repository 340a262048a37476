"""Needs as `Policies` in a template, to be pasted: references in place of ARNs, comments for doubts.

Those of an AWS::IAM::Role are named documents, those of an AWS::Serverless::Function without a role one document.
"""

import json
import re
from collections.abc import Sequence

from rolecall.needs.policy import Proposal, Proposed, camel
from rolecall.needs.references import References
from rolecall.reports.needs import Answer
from rolecall.reports.needs.policy import notes

UNNAMED = "# May be needed as well, on what is not known:"
OPTIONAL = "# May be needed as well: above each is the code that may do so, or what decides it. Delete what is not:"
MOST = 3
"""Reasons that are told of a statement."""
# Where a plain scalar of YAML would be read as something else.
QUOTED = re.compile(r"^[\[\]{}&*!|>'\"%@`#?-]|: |\s#|\s$")


def render(answers: Sequence[Answer]) -> str:
    """YAML, a block for each function, without a trailing newline."""
    return "\n\n".join(_block(each) for each in answers)


def _block(answer: Answer) -> str:
    doubts = [f"# {note.partition(': ')[2]}" for note in notes([answer]) if "left out" not in note]
    whose = "its own, of which SAM makes its role" if answer.own else f"the policies of {answer.role_name}"
    head = [
        f"# {answer.name}: {whose}",
        *(doubts or ["# proven: all that it must be allowed, and no more"]),
        *(["# SAM attaches a managed policy that allows more; to a `Role` of the template it does not"] * answer.own),
        *_circles(answer),
    ]
    if not (answer.proposal.statements or answer.proposal.optional or answer.proposal.unnamed):
        return "\n".join([*head, "Policies: []"])
    made = own if answer.own else sam
    return "\n".join([*head, made(answer.proposal, answer.references).rstrip()])


def _circles(answer: Answer) -> list[str]:
    resources = (resource for each in answer.proposal.statements for resource in each.resources)
    waiting = answer.references.circles(resources)
    quoted = ", ".join(f"`{each}`" for each in waiting)
    advice = "name it, or put its statement in an AWS::IAM::Policy of its own"
    return [f"# a circle, which CloudFormation refuses: {quoted} waits for the function: {advice}"] if waiting else []


def sam(proposal: Proposal, references: References) -> str:
    """The statements as `Policies` of an AWS::IAM::Role in YAML."""
    lines = ["Policies:"]
    for each in proposal.statements:
        lines += _policy(each, references)
    if proposal.optional:
        lines.append(f"  {OPTIONAL}")
        for each in proposal.optional:
            lines += [f"  # {line}" for line in (*_reasons(each), *(line[2:] for line in _policy(each, references)))]
    lines += [f"  {line}" for line in _unnamed(proposal)]
    return "\n".join(lines) + "\n"


def own(proposal: Proposal, references: References) -> str:
    """The statements as `Policies` of an AWS::Serverless::Function: one document."""
    lines = ["Policies:", '  - Version: "2012-10-17"', "    Statement:"]
    for each in proposal.statements:
        lines += [f"      {line}" for line in _statement(each, references)]
    if proposal.optional:
        lines.append(f"      {OPTIONAL}")
        for each in proposal.optional:
            lines += [f"      # {line}" for line in (*_reasons(each), *_statement(each, references))]
    lines += [f"      {line}" for line in _unnamed(proposal)]
    return "\n".join(lines) + "\n"


def _reasons(each: Proposed) -> list[str]:
    more = len(each.reasons) - MOST
    return [*each.reasons[:MOST], *([f"and {more} more like it"] if more > 0 else [])]


def _unnamed(proposal: Proposal) -> list[str]:
    needs = proposal.unnamed
    places = dict.fromkeys(f"# {n.action} on {n.resource} ({n.proof.where}: {n.proof.why})" for n in needs)
    return [UNNAMED, *places] if places else []


def _policy(each: Proposed, references: References) -> list[str]:
    head = [
        f"  - PolicyName: {_sid(each, references)}",
        "    PolicyDocument:",
        '      Version: "2012-10-17"',
        "      Statement:",
    ]
    return [*head, "        - Effect: Allow", *(f"          {line}" for line in _members(each, references))]


def _statement(each: Proposed, references: References) -> list[str]:
    return [
        f"- Sid: {_sid(each, references)}",
        "  Effect: Allow",
        *(f"  {line}" for line in _members(each, references)),
    ]


def _sid(each: Proposed, references: References) -> str:
    """The Sid; what polls is called after the source's logical id, not after its stand-in for a name."""
    resource = each.resources[0]
    name = references.names.get(resource)
    if name is None or not each.sid.startswith("Poll"):
        return each.sid
    return each.sid.replace(camel(resource.split(":", 5)[-1]), name.partition(".")[0], 1)


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
