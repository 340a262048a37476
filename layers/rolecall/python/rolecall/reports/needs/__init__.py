"""Answers: what each function needs, with its proofs and the policy that would be right; one module per format."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from rolecall.model import Account, Function, Gap
from rolecall.needs import Certainty, Need
from rolecall.needs.of import EVERY, Needs, merged, of
from rolecall.needs.policy import Proposal, propose
from rolecall.needs.references import References

WHAT = "code"
UNREAD = "its code was not read"


@dataclass(frozen=True, slots=True)
class Answer:
    """What one function needs: all of its versions together, since they run with one role.

    Parameters
    ----------
    function : its id
    role : ARN of its execution role
    why : why the proposal is not proven to be all that the function needs; None where it is
    gaps : what was not read of its code
    own : whether SAM makes the role, out of the `Policies` of the function
    is_read : whether its code was read at all
    names : ARN -> what gives it in the template
    references : what stands for resources in its policies there
    """

    function: str
    role: str
    needs: Needs
    proposal: Proposal
    why: str | None
    gaps: tuple[Gap, ...]
    names: Mapping[str, str]
    references: References
    own: bool = False
    is_read: bool = True

    @property
    def name(self) -> str:
        """What people call the function: its logical id, or its name."""
        return self.function.rpartition(":")[2]

    @property
    def role_name(self) -> str:
        """What the role is called in the template, else its name."""
        return self.names.get(self.role, self.role.rpartition("/")[2]).removesuffix(".Arn") or "unknown"

    @property
    def proven(self) -> bool:
        return self.why is None


def answers(accounts: Sequence[Account]) -> tuple[Answer, ...]:
    """The answer for each function of these accounts, which are the variants of one template, sorted by its id."""
    ids = {function.id for account in accounts for function in account.functions}
    return tuple(_answer(id, [account for account in accounts if _versions(id, account)]) for id in sorted(ids))


def _versions(id: str, account: Account) -> tuple[Function, ...]:
    return tuple(function for function in account.functions if function.id == id)


def _answer(id: str, accounts: Sequence[Account]) -> Answer:
    found = [_together(of(function, account) for function in _versions(id, account)) for account in accounts]
    needs = _of_variants(found)
    functions = [function for account in accounts for function in _versions(id, account)]
    proposal = propose(needs)
    gaps = tuple(dict.fromkeys(gap for function in functions for gap in function.gaps if gap.what == WHAT))
    why = _unproven(needs, proposal, functions)
    names = {arn: name for account in accounts for arn, name in account.names}
    references = References.of(accounts, functions[0].role, needs.needs)
    return Answer(
        id,
        functions[0].role,
        needs,
        proposal,
        why,
        gaps,
        names,
        references,
        own=_is_of_sam(functions[0], accounts),
        is_read=all(map(_is_read, functions)),
    )


def _is_of_sam(function: Function, accounts: Sequence[Account]) -> bool:
    role = next(filter(None, (account.role_of(function) for account in accounts)), None)
    return role is not None and role.place is not None and role.place.added_by is not None


def _together(parts: Iterable[Needs]) -> Needs:
    """The needs of all versions."""
    every = list(parts)
    return Needs(
        merged(need for each in every for need in each.needs),
        tuple(dict.fromkeys(place for each in every for place in each.unresolved)),
        frozenset().union(*(each.unknown for each in every)),
    )


def _of_variants(found: Sequence[Needs]) -> Needs:
    """What is a must in every variant is one; what only some need may be needed."""
    together = _together(found)
    always = [{_key(need) for need in each.must} for each in found]
    sure = set.intersection(*always)
    needs = (
        need if need.certainty is not Certainty.MUST or _key(need) in sure else replace(need, certainty=Certainty.MAY)
        for need in together.needs
    )
    return replace(together, needs=tuple(needs))


def _key(need: Need) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    return need.action, need.resource, need.context


def _is_read(function: Function) -> bool:
    return function.code is not None and function.code.read


def _unproven(needs: Needs, proposal: Proposal, functions: Sequence[Function]) -> str | None:
    """Why it is not sure that the proposal is all that the function needs, and no more."""
    if not all(map(_is_read, functions)):
        return UNREAD
    if needs.unresolved:
        number = len(needs.unresolved)
        return f"{number} {'place' if number == 1 else 'places'} in its code may call more"
    if needs.unknown:
        return f"not every need of {', '.join(f'`{each}`' for each in sorted(needs.unknown - {EVERY}))} is known"
    return proposal.why
