"""Needs as the `Policies` of roles in a template, to be pasted: references in place of ARNs, comments for doubts."""

from collections.abc import Sequence

from rolecall.needs.policy import sam
from rolecall.reports.needs import Answer
from rolecall.reports.needs.policy import notes


def render(answers: Sequence[Answer]) -> str:
    """YAML, a block for each function, without a trailing newline."""
    return "\n\n".join(_block(each) for each in answers)


def _block(answer: Answer) -> str:
    doubts = [f"# {note.partition(': ')[2]}" for note in notes([answer]) if "left out" not in note]
    head = [
        f"# {answer.name}: the policies of {answer.role_name}",
        *(doubts or ["# proven: all that it must be allowed, and no more"]),
    ]
    if not (answer.proposal.statements or answer.proposal.optional or answer.proposal.unnamed):
        return "\n".join([*head, "Policies: []"])
    return "\n".join([*head, sam(answer.proposal, answer.names).rstrip()])
