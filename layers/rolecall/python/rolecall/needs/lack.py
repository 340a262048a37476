"""Lacks: missing needs of one cause, and how a rule tells them: a hit with the statement that mends it."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from rolecall.finding import Confidence, Hit, Severity
from rolecall.iam import catalog
from rolecall.iam.arn import resource_matches
from rolecall.iam.policy import Place, Statement, parse
from rolecall.iam.statement import is_unresolved
from rolecall.iam.wildcard import is_wild, matches
from rolecall.model import Account, Function, Gap
from rolecall.needs import Need
from rolecall.needs.extent import fits
from rolecall.needs.grant import Grant, grant, made_by_lambda
from rolecall.needs.missing import Missing, block_of, missing
from rolecall.needs.of import of
from rolecall.needs.parts import widened
from rolecall.needs.references import References, referring

SHOWN = 5
"""Actions in the text of a gap."""

OWN_POLICY = frozenset(
    {
        "dynamodb",
        "ecr",
        "elasticfilesystem",
        "es",
        "events",
        "execute-api",
        "glue",
        "kafka",
        "kinesis",
        "kms",
        "lambda",
        "s3",
        "s3files",
        "secretsmanager",
        "sns",
        "sqs",
        "sts",
    }
)
"""Action prefixes of services whose resources have policies that may let a role in: IAM User Guide, "AWS services that
work with IAM", "Resource-based policies"; for sts the trust policy of a role.
"""


@dataclass(frozen=True, slots=True)
class Lack:
    """Missing needs that go together: what one finding tells. `held` is the grant that lacks them."""

    missing: tuple[Missing, ...]
    held: Grant

    @property
    def role(self) -> str:
        return self.held.role.name

    @property
    def need(self) -> Need:
        """The first of the needs."""
        return self.missing[0].need

    @property
    def actions(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(each.need.action for each in self.missing))

    @property
    def quoted(self) -> str:
        return ", ".join(f"`{action}`" for action in self.actions)

    def hit(
        self,
        message: str,
        *,
        subject: str,
        severity: Severity | None = None,
        place: Place | None = None,
        fix: str | None = None,
        **evidence: object,
    ) -> Hit:
        """The hit: its fix is what the role needs, its witness the request that is denied."""
        near = tuple(dict.fromkeys(each.near for each in self.missing if each.near))
        vain, instead = self._in_vain(near), self._instead(near)
        unread = self._unread()
        return Hit(
            None,
            message,
            fix=fix or instead + self._fix() + ("" if instead else _taken_out(vain, near)),
            subject=subject,
            actions=self.actions,
            resources=tuple(dict.fromkeys(each.need.resource for each in self.missing)),
            severity=severity,
            confidence=Confidence.MEDIUM if unread else Confidence.HIGH,
            evidence={
                **evidence,
                "needs": [_told(each.need) for each in self.missing],
                "near": told(near[0]) if near else None,
                **({"unread": f"the policy of {unread}"} if unread else {}),
            },
            witness=witness(self.need, self.held),
            near=near,
            steps=() if fix else tuple((near[0], entry) for entry in vain),
            place=place or self.held.role.place or self.held.function.place,
        )

    def with_statements(self) -> Grant:
        """The grant with the statements that are missing."""
        document = {"Version": "2012-10-17", "Statement": list(statements(self.missing))}
        role = self.held.role
        return replace(self.held, role=replace(role, policies=(*role.policies, parse(document, name="fix"))))

    def _instead(self, near: tuple[Statement, ...]) -> str:
        """Where the statements go in place of one that was meant to be them, and that nothing else needs."""
        place = near[0].place if len(near) == 1 else None
        if place is None or near[0].policy.startswith("arn:") or len(list(statements(self.missing))) != 1:
            return ""
        (one,) = near
        for entry in one.actions:
            meant = self._is_slip(entry) or any(entry.lower() == each.lower() for each in self.actions)
            if not meant and not _is_vain(entry, one):
                return ""
        for need in of(self.held.function, self.held.account).needs:
            named = any(matches(entry, need.action, ignore_case=True) for entry in one.actions)
            if named and any(resource_matches(pattern, need.resource) for pattern in one.resources):
                return ""
        return f"{place.file}:{place.line}: replace the statement ({one.where}) by "

    def _in_vain(self, near: tuple[Statement, ...]) -> tuple[str, ...]:
        """What a statement that was meant to be these names in vain: slips, and actions on what they never act on.

        That is to go where the template says the statement; elsewhere the fix is one to add.
        """
        if len(near) != 1 or near[0].place is None or near[0].policy.startswith("arn:"):
            return ()
        vain = [entry for entry in near[0].actions if _is_vain(entry, near[0])]
        whole = self._instead(near) or any(entry in self.actions or self._is_slip(entry) for entry in vain)
        return tuple(vain) if whole else ()

    def _is_slip(self, entry: str) -> bool:
        return any(catalog.is_slip(entry, each) for each in self.actions)

    def _fix(self) -> str:
        """The statements, and what would block them as well."""
        held = self.with_statements()
        blocks = (None if held.meets(each.need).allowed else block_of(held, each.need) for each in self.missing)
        also = "".join(f"; it takes a change of {block.by}, too" for block in list(filter(None, blocks))[:1])
        references = References.of_role(held.account, held.role.arn, (each.need for each in self.missing))
        written = (json.dumps(referring(each, references)) for each in statements(self.missing))
        return ", ".join(written) + also

    def _unread(self) -> str | None:
        """A resource whose own policy, which was not read, might allow what the role does not.

        That of another account's resource does not: both sides must allow.
        """
        for each in self.missing:
            named = each.need.resource != "*" and each.need.action.partition(":")[0] in OWN_POLICY
            if named and not each.verdict.resource_read and not self.held.is_foreign(each.need.resource):
                return f"`{each.need.resource}`"
        return None


def lacks(
    function: Function,
    account: Account,
    wanted: Callable[[Need], bool],
    *,
    by: Callable[[Need], object],
    blocked: bool = False,
) -> Iterator[Lack]:
    """The needs of a kind that are missing, those of one cause together.

    Parameters
    ----------
    wanted : is it the rule's kind of need?
    by : what the needs of one finding have in common
    blocked : those that a statement allows and something else blocks, in place of those that no statement allows
    """
    held = grant(function, account)
    if held is None:
        return
    found: dict[object, list[Missing]] = defaultdict(list)
    for each in missing(function, account):
        if wanted(each.need) and not each.is_open and bool(each.block) == blocked:
            found[by(each.need)].append(each)
    yield from (Lack(tuple(group), held) for group in found.values())


def undecided(function: Function, account: Account) -> Iterator[Gap]:
    """A gap for each reason why it is not decided whether needs of the function are met."""
    held = grant(function, account)
    if held is None:
        return
    found: dict[tuple[str, bool], list[Need]] = defaultdict(list)
    for each in missing(function, account):
        if each.is_open and not _is_told(each, held):
            found[_reason(each, held)].append(each.need)
    yield from (_gap(held, needs, *reason) for reason, needs in found.items())


def _is_told(each: Missing, held: Grant) -> bool:
    """Does it hang on keys alone that no request has? `unknown-action` names those of the role's own statements."""
    own = {one.key.lower() for policy in held.role.policies for each in policy.statements for one in each.conditions}
    keys = [key.lower() for key in each.verdict.keys]
    return bool(keys) and all(key in own and not catalog.knows_key(key, each.need.action) for key in keys)


def _reason(each: Missing, held: Grant) -> tuple[str, bool]:
    """Why it is not decided, and whether that can be mended."""
    need, verdict = each.need, each.verdict
    if verdict.keys:
        return f"a condition on {', '.join(f'`{key}`' for key in verdict.keys)} decides when it is called", False
    if held.is_foreign(need.resource) and not verdict.resource_read:
        return f"the role allows it, and account {need.resource.split(':')[4]} must allow it as well", False
    if "⟨?⟩" in need.resource:
        return "the code does not say on which resource", False
    if "⟨event:" in need.resource:
        return "the event says on which resource", False
    names = (need.resource, *(name for near in verdict.near for name in near.resources))
    if any(map(is_unresolved, names)):
        return "not all names are known", True
    if not verdict.resource_read and need.action.startswith(("elasticfilesystem:", "s3files:")):
        return "the policy of the file system was not read", True
    return "it is allowed on a part of it only", False


def _gap(held: Grant, needs: list[Need], why: str, mendable: bool) -> Gap:
    actions = sorted({need.action for need in needs})
    quoted = ", ".join(f"`{action}`" for action in actions[:SHOWN]) + (" …" if len(actions) > SHOWN else "")
    resources = sorted({need.resource for need in needs})
    on = f"`{resources[0]}`" + (" and others" if len(resources) > 1 else "")
    text = f"not decided whether `{held.role.name}` may {quoted} on {on}: {why}"
    return Gap("needs", text, None, held.function.id, mendable, held.function.place)


def _is_vain(entry: str, statement: Statement) -> bool:
    """Does the entry name an action that is none, or one that never acts on what the statement is about?"""
    if is_wild(entry) or not statement.resources:
        return False
    return catalog.action(entry) is None or not any(fits(entry, each) for each in statement.resources)


def _taken_out(vain: tuple[str, ...], near: tuple[Statement, ...]) -> str:
    """For the fix: what a statement that stays names in vain."""
    if not vain or near[0].place is None:
        return ""
    quoted, place = ", ".join(f"`{entry}`" for entry in vain), near[0].place
    return f"; take {quoted} out of {place.file}:{place.line} ({near[0].where}), where nothing comes of it"


def statements(lacking: tuple[Missing, ...]) -> Iterator[dict[str, object]]:
    """The statements that allow the needs: the actions that go on one resource together."""
    together: dict[tuple[str, tuple[tuple[str, str], ...]], list[str]] = defaultdict(list)
    for each in lacking:
        actions = together[(widened(each.need.resource), each.need.context)]
        actions += [] if each.need.action in actions else [each.need.action]
    for (resource, context), actions in together.items():
        statement: dict[str, object] = {"Effect": "Allow", "Action": actions, "Resource": resource}
        if context:
            statement["Condition"] = {"StringEquals": dict(context)}
        yield statement


def witness(need: Need, held: Grant) -> dict[str, object]:
    """The denied request, as a case of `rolecall simulate` without its policies."""
    request = held.request(need.action, need.resource, need.keys, by_lambda=made_by_lambda(need))
    return {
        "principal": {"type": request.caller.type, "id": request.caller.id},
        "action": request.action,
        "resource": widened(request.resource),
        "context": dict(request.context),
    }


def told(statement: Statement) -> dict[str, object]:
    """A statement, as evidence shows it."""
    return {
        "policy": statement.policy,
        "index": statement.index,
        "sid": statement.sid,
        "statement": statement.document(),
    }


def _told(need: Need) -> dict[str, object]:
    return {"action": need.action, "resource": need.resource, "where": need.proof.where, "why": need.proof.why}
