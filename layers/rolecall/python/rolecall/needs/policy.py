"""The right policy: what a function must be allowed, and nothing else, in statements that people can read.

It is proven both ways: the policy allows every MUST need, and nothing beyond them, because it says the same actions on
the same resources, or else by `iam.access.covers`. Where a resource is not wholly known, `*` stands in the policy for
what is not. That is exact for a name that the code takes from data, which can be any; of a parameter or variable that
has one value, and nobody told it, the policy is not proven.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from rolecall.iam import catalog
from rolecall.iam.access import Access, UndecidedError, covers
from rolecall.iam.policy import Policy, PolicyError, parse
from rolecall.iam.statement import is_unresolved
from rolecall.model import Account, Function
from rolecall.needs import Need
from rolecall.needs.of import Needs
from rolecall.needs.parts import widened
from rolecall.needs.placeholders import UNKNOWN

LONGEST = 10_240
"""Characters of all inline policies of a role together, without white space: IAM User Guide, "IAM and STS quotas"."""

VERSION = "2012-10-17"


@dataclass(frozen=True, slots=True)
class Proposed:
    """One statement: what it is for (its Sid), sorted actions and resources, and by what they are needed."""

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    reasons: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        return {
            "Sid": self.sid,
            "Effect": "Allow",
            "Action": _one_or_all(self.actions),
            "Resource": _one_or_all(self.resources),
        }


@dataclass(frozen=True, slots=True)
class Proposal:
    """A policy for a function.

    Parameters
    ----------
    statements : of every MUST need
    optional : of the MAY needs whose resource is known: right if the code takes the way that needs them
    unnamed : the MAY needs whose resource is not wholly known
    open : MUST needs whose resource is not wholly known
    proven : whether it allows exactly the MUST needs
    why : why it is not proven; None if it is
    """

    statements: tuple[Proposed, ...]
    optional: tuple[Proposed, ...] = ()
    unnamed: tuple[Need, ...] = ()
    open: tuple[Need, ...] = ()
    proven: bool = False
    why: str | None = None

    @property
    def size(self) -> int:
        """Characters without white space, as AWS counts them."""
        return len(re.sub(r"\s", "", json.dumps(self.document(), ensure_ascii=False)))

    @property
    def fits(self) -> bool:
        """Whether it fits the inline policies of a role."""
        return self.size <= LONGEST

    def document(self, *, optional: bool = False) -> dict[str, Any]:
        """The policy document; with the optional statements if they are wanted."""
        statements = (*self.statements, *(self.optional if optional else ()))
        return {"Version": VERSION, "Statement": [each.document() for each in statements]}


def propose(needs: Needs) -> Proposal:
    """The policy that a function needs.

    Examples
    --------
    >>> from rolecall.needs import Certainty, Need, Proof
    >>> queue = "arn:aws:sqs:us-east-1:111122223333:orders"
    >>> need = Need("sqs:SendMessage", queue, Certainty.MUST, Proof("code", "app.py:7", "a call"))
    >>> proposal = propose(Needs((need,)))
    >>> proposal.document()["Statement"][0]["Sid"], proposal.proven
    ('CallSqs', True)
    """
    must = needs.must
    statements = _statements(must, ())
    have = {(need.action, need.resource) for need in must}
    may = [need for need in needs.may if (need.action, need.resource) not in have]
    optional = _statements((need for need in may if not is_unresolved(need.resource)), statements)
    unnamed = tuple(need for need in may if is_unresolved(need.resource))
    unsure = tuple(need for need in must if is_unresolved(need.resource))
    unread = tuple(need for need in unsure if is_unresolved(need.resource.replace(UNKNOWN, "")))
    why = _unproven(statements, must, unread)
    return Proposal(statements, optional, unnamed, unsure, why is None, why)


def printed(function: Function, account: Account) -> str:
    """The policy that would be right, by the command that prints it: as a template has it, or as IAM takes it."""
    kind, name = ("sam", function.id) if account.names else ("policy", function.name)
    return f"what `rolecall needs --function {name} --format {kind}` prints"


def _statements(needs: Iterable[Need], before: Sequence[Proposed]) -> tuple[Proposed, ...]:
    """Per purpose, the actions that go on the same resources together."""
    by_purpose: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    reasons: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    for need in needs:
        purpose = _purpose(need)
        by_purpose[purpose][need.action].add(widened(need.resource))
        reasons[purpose, need.action][f"{need.proof.where}: {need.proof.why}"] = None
    taken = {each.sid for each in before}
    made: list[Proposed] = []
    for purpose in sorted(by_purpose, key=lambda name: (_rank(name), name)):
        together: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for action, found in by_purpose[purpose].items():
            together[("*",) if "*" in found else tuple(sorted(found))].append(action)
        for resources, actions in sorted(together.items(), key=lambda item: sorted(item[1])):
            named = sorted(actions)
            sid = _fresh(purpose, named[0], taken)
            why = dict.fromkeys(reason for action in named for reason in reasons[purpose, action])
            made.append(Proposed(sid, tuple(named), resources, tuple(why)))
    return tuple(made)


PURPOSES = ("WriteLogs", "WriteTraces", "JoinNetwork", "Poll", "Use", "Mount", "Send", "Call")
"""The order of statements; beginnings of their Sids."""


def _rank(purpose: str) -> int:
    return next((place for place, start in enumerate(PURPOSES) if purpose.startswith(start)), len(PURPOSES))


def _purpose(need: Need) -> str:
    """What a need is for, as a Sid: letters and digits only."""
    prefix = need.action.partition(":")[0]
    source = need.proof.kind
    if source == "config":
        return _of_setting(need, prefix)
    if prefix == "kms":
        return "UseKeys"
    if source == "trigger":
        return "JoinNetwork" if prefix == "ec2" else f"Poll{camel(need.resource.split(':', 5)[-1])}"
    return f"Call{camel(prefix)}"


def _of_setting(need: Need, prefix: str) -> str:
    fixed = {
        "logs": "WriteLogs",
        "xray": "WriteTraces",
        "ec2": "JoinNetwork",
        "kms": "UseKeys",
        "elasticfilesystem": "MountFiles",
        "s3files": "MountFiles",
    }
    if need.proof.where == "durable execution":
        return "CallDurableExecution"
    return fixed.get(prefix, "SendFailures" if "success" not in need.proof.where else "SendResults")


def camel(text: str) -> str:
    """Words of letters and digits, each with a capital.

    >>> camel("table/orders-by-day"), camel("*"), camel("execute-api")
    ('OrdersByDay', 'Source', 'ExecuteApi')
    """
    words = re.findall(r"[A-Za-z0-9]+", text.split("/")[1] if "/" in text else text)
    return "".join(word[:1].upper() + word[1:] for word in words)[:48] or "Source"


def _fresh(purpose: str, action: str, taken: set[str]) -> str:
    """A Sid: the purpose, with the action where that is taken already, and with a number where that is too.

    >>> _fresh("CallS3", "s3:PutObject", {"CallS3"})
    'CallS3PutObject'
    """
    sid = purpose if purpose not in taken else f"{purpose}{camel(action.partition(':')[2])}"
    number, found = 1, sid
    while found in taken:
        number += 1
        found = f"{sid}{number}"
    taken.add(found)
    return found


def _one_or_all(texts: tuple[str, ...]) -> str | list[str]:
    return texts[0] if len(texts) == 1 else list(texts)


def _unproven(statements: tuple[Proposed, ...], needs: tuple[Need, ...], unsure: tuple[Need, ...]) -> str | None:
    """Why it is not proven that the statements allow the needs and nothing else; None where it is."""
    if not needs:
        return None
    unknown = [need.action for need in needs if catalog.action(need.action) is None]
    if unknown:
        return f"the catalog does not know `{unknown[0]}`"
    if _pairs(statements) != {(need.action, widened(need.resource)) for need in needs}:
        # Not word for word the same: then only a proof over all requests tells.
        try:
            proposal = Access.of(_parsed([each.document() for each in statements]))
            needed = Access.of(_parsed([_alone(need) for need in needs]))
            if not (covers(proposal, needed) and covers(needed, proposal)):
                return "it does not allow exactly what is needed"
        except PolicyError as error:
            return str(error)
        except UndecidedError as error:
            return f"not decided: {error}"
    return _unsure(unsure[0]) if unsure else None


def _unsure(need: Need) -> str:
    """A statement cannot name an alias; KMS Developer Guide, "kms:ResourceAliases": a condition can."""
    alias = re.search(r"⟨(alias/[^⟩]+)⟩", need.resource)
    if alias is None:
        return f"the resource of `{need.action}` is not wholly known"
    narrow = f"a condition on `kms:ResourceAliases`, `{alias[1]}`, narrows `{need.action}` to it"
    return f"which key `{alias[1]}` stands for is not known; {narrow}"


def _pairs(statements: tuple[Proposed, ...]) -> set[tuple[str, str]]:
    return {(action, resource) for each in statements for action in each.actions for resource in each.resources}


def _alone(need: Need) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": need.action, "Resource": widened(need.resource)}


def _parsed(statements: list[dict[str, Any]]) -> Policy:
    return parse({"Version": VERSION, "Statement": statements}, name="proposal")
