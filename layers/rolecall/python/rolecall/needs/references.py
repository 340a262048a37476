"""References: what stands in a template for a resource that a policy names, in place of the ARN that it has here.

The stand-ins of this reading (account, region, name of the stack) are nobody's: a policy with them matches nothing once
it is deployed. What code or template wrote itself stays as it is.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rolecall.model import Account
from rolecall.needs import Need

PARAMETER = re.compile(r"⟨([A-Za-z]\w*)⟩")
"""What stands for a parameter of the template that has no value."""

VARIABLE = re.compile(r"\$\{[\w:.]+\}")


@dataclass(frozen=True, slots=True)
class References:
    """How the policies of one role refer to things.

    Parameters
    ----------
    account, region, partition : those of the function
    names : ARN -> what gives it in the template: `Orders.Arn` for an attribute, `Orders` for a Ref
    deployed : what has no reference here -> the text of `Fn::Sub` that gives it: ARNs, and names
    pinned : resources whose region the code itself wrote
    circular : ARNs of `names` whose resource waits for the role, and whose name cannot be said before it is there
    """

    account: str
    region: str
    partition: str = "aws"
    names: Mapping[str, str] = field(default_factory=dict)
    deployed: Mapping[str, str] = field(default_factory=dict)
    pinned: frozenset[str] = frozenset()
    circular: frozenset[str] = frozenset()

    @classmethod
    def of(cls, accounts: Sequence[Account], role: str, needs: Iterable[Need]) -> "References":
        """Those of a role (ARN) in the variants of one template, whose functions have these needs."""
        waiting = {arn for each in accounts for owner, arn in each.loops if owner == role}
        names = {arn: name for each in accounts for arn, name in each.names}
        deployed = {given: text for each in accounts for given, text in each.deployed}
        circular = frozenset(waiting & names.keys() - deployed.keys())
        names = {arn: name for arn, name in names.items() if arn not in waiting or arn in circular}
        pinned = frozenset(need.resource for need in needs if need.pinned)
        first = accounts[0]
        return cls(first.id, first.region, first.partition, names, deployed, pinned, circular)

    @classmethod
    def of_role(cls, account: Account, role: str, needs: Iterable[Need]) -> "References | None":
        """Those that findings on a role use; None where no template gives anything."""
        return cls.of([account], role, needs) if account.names else None

    def circles(self, resources: Iterable[str]) -> tuple[str, ...]:
        """What these refer to that waits for the role, by logical id: CloudFormation refuses that in its policies."""
        named = (arn for each in resources for arn in self.circular if f"{each}/".startswith(f"{arn}/"))
        return tuple(sorted({self.names[arn].partition(".")[0] for arn in named}))

    def statement(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """A statement that refers to its resources, also in conditions, and to its principals."""
        parts = ("Principal", "NotPrincipal", "Resource", "NotResource", "Condition")
        return {key: self._values(value) if key in parts else value for key, value in document.items()}

    def _values(self, values: Any) -> Any:
        if isinstance(values, Mapping):
            return {key: self._values(value) for key, value in values.items()}
        if not isinstance(values, str):
            return [self._values(each) for each in values]
        host = f".{self.region}.amazonaws.com"
        if values.endswith(host):
            return {"Fn::Sub": f"{values.removesuffix(host)}.${{AWS::Region}}.amazonaws.com"}
        return {"Ref": "AWS::AccountId"} if values == self.account else self.value(values)

    def value(self, resource: str) -> str | dict[str, Any]:
        """A resource of a policy: an intrinsic function in its long form, which YAML and JSON take, or plain text.

        >>> inbox = References("111122223333", "eu-west-1", names={"arn:aws:s3:::inbox": "Inbox.Arn"})
        >>> inbox.value("arn:aws:s3:::inbox"), inbox.value("arn:aws:s3:::inbox/*")
        ({'Fn::GetAtt': ['Inbox', 'Arn']}, {'Fn::Sub': '${Inbox.Arn}/*'})
        >>> inbox.value("arn:aws:iam::999999999999:role/x")
        'arn:aws:iam::999999999999:role/x'
        """
        # `Arn` of a log group ends with `:*` already.
        name = self.names.get(resource.removesuffix(":*") if ":log-group:" in resource else resource)
        if name is None:
            text = PARAMETER.sub(r"${\1}", self._text(resource))
            return {"Fn::Sub": text} if VARIABLE.search(text) else text
        logical_id, _, attribute = name.partition(".")
        return {"Fn::GetAtt": [logical_id, attribute]} if attribute else {"Ref": logical_id}

    def _text(self, resource: str) -> str:
        starts = [arn for arn in self.names if resource.startswith((f"{arn}/", f"{arn}:"))]
        if starts:
            arn = max(starts, key=len)
            return f"${{{self.names[arn]}}}{resource[len(arn) :]}"
        known = [arn for arn in self.deployed if f"{resource}:".startswith((f"{arn}:", f"{arn}/"))]
        if known:
            arn = max(known, key=len)
            return f"{self.deployed[arn]}{resource[len(arn) :]}"
        return self._open(resource)

    def _open(self, arn: str) -> str:
        """With the account and region of wherever it is deployed; of another account's ARN somebody wrote all."""
        parts = arn.split(":", 5)
        if len(parts) < 6 or parts[4] not in ("", self.account):
            return arn
        own = ((1, self.partition, "Partition"), (3, self.region, "Region"), (4, self.account, "AccountId"))
        for place, given, pseudo in own:
            if parts[place] == given and not (pseudo == "Region" and arn in self.pinned):
                parts[place] = f"${{AWS::{pseudo}}}"
        for given in sorted(self.deployed, key=len, reverse=True):
            if given in parts[5]:
                text = self.deployed[given].replace("\\", r"\\")
                parts[5] = re.sub(rf"(?<![\w${{}}-]){re.escape(given)}(?![\w-])", text, parts[5])
        return ":".join(parts)


def referring(document: Mapping[str, Any], references: References | None) -> dict[str, Any]:
    """A policy document, or a statement, with references where there are any."""
    if references is None:
        return dict(document)
    if "Statement" in document:
        return {**document, "Statement": [references.statement(each) for each in document["Statement"]]}
    return references.statement(document)


def pasted(document: Mapping[str, Any], account: Account, role: str = "") -> dict[str, Any]:
    """A policy document, or a statement, as a template of the account takes it; `role`: the ARN of whose it is."""
    return referring(document, References.of_role(account, role, ()))
