import json
from collections.abc import Iterator

from rolecall.finding import Confidence, Hit, Severity
from rolecall.iam import managed
from rolecall.iam.arn import service_of_arn
from rolecall.iam.policy import Policy, Statement, parse
from rolecall.iam.wildcard import is_wild, matches
from rolecall.model import Account, Function
from rolecall.needs.excess import is_aws_managed
from rolecall.needs.grant import Grant
from rolecall.needs.of import Needs, of_role
from rolecall.needs.policy import printed, propose
from rolecall.needs.references import References, referring
from rolecall.needs.witness import request, witness
from rolecall.rules import Yields, rule, undecided

# With any of these on every role, user or policy it gives itself the rest.
GRANTS = (
    "iam:AttachGroupPolicy",
    "iam:AttachRolePolicy",
    "iam:AttachUserPolicy",
    "iam:CreatePolicyVersion",
    "iam:PutGroupPolicy",
    "iam:PutRolePolicy",
    "iam:PutUserPolicy",
)
# Whoever may do all of these everywhere may do anything: PowerUserAccess, and `*` without IAM.
ANYTHING = (
    "dynamodb:DeleteTable",
    "ec2:TerminateInstances",
    "kms:ScheduleKeyDeletion",
    "lambda:UpdateFunctionCode",
    "s3:DeleteBucket",
    "secretsmanager:GetSecretValue",
)


@rule(
    Severity.CRITICAL,
    silences=(
        "broad-managed-policy",
        "bulk-read",
        "leftover-config-grant",
        "leftover-poller-grant",
        "negated-grant",
        "role-chaining",
        "role-passing",
        "self-escalation",
        "self-rewrite",
        "service-wildcard",
        "trigger-loop",
        "unneeded-grant",
        "wide-log-grant",
        "wide-resource",
        "workload-takeover",
    ),
)
def admin_role(function: Function, account: Account) -> Yields:
    """The execution role is an administrator.

    Whoever gets code into the function, or data that its code trusts, owns the account. `iam:*`, or a
    right to write policies, is as much as `*:*`: it can grant itself the rest. What a Deny, the boundary
    or an SCP takes away does not count.

    Bad:
        {"Effect": "Allow", "Action": "*", "Resource": "*"}

    Bad:
        {"Effect": "Allow", "Action": ["s3:GetObject", "iam:*"], "Resource": "*"}

    Bad:
        {"Effect": "Allow", "Action": "iam:PutRolePolicy", "Resource": "arn:aws:iam::111122223333:role/*"}

    Bad:
        policies:
          arn:aws:iam::aws:policy/PowerUserAccess:
            - {"Effect": "Allow", "NotAction": ["iam:*", "organizations:*", "account:*"], "Resource": "*"}

    Good:
        {"Effect": "Allow", "Action": "iam:GetRole", "Resource": "*"}

    Good:
        {"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::inbox/*"}

    Good:
        {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}

    Good:
        {"Effect": "Allow", "Action": "iam:PutRolePolicy", "Resource": "arn:aws:iam::111122223333:role/*",
         "Condition": {"StringEquals": {"iam:PermissionsBoundary": "arn:aws:iam::111122223333:policy/edge"}}}

    Good:
        more policies:
          Everything: [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
          Nothing: [{"Effect": "Deny", "NotAction": ["logs:*", "sqs:*"], "Resource": "*"}]

    Good:
        more policies:
          Everything: [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
        boundary: [{"Effect": "Allow", "Action": ["logs:*", "sqs:*"], "Resource": "*"}]

    Misses: `*` on the names of all services one by one, rights on all but a few resources, and what a boundary of the
    account, which a condition asks for, leaves.
    """
    role = account.role_of(function)
    if role is None:
        return
    granted = Grant(role, function, account)
    for policy in role.policies:
        for statement in policy.allows:
            probes = tuple(_probes(statement, policy))
            if not probes:
                continue
            verdict = _verdict(granted, statement, probes)
            if verdict is None and statement.conditions:
                yield undecided(function, "admin-role", statement)
            elif verdict is not False:
                is_sure = verdict and not (role.unread("boundary") or role.unread("role policies"))
                yield _hit(granted, policy, statement, probes, Confidence.HIGH if is_sure else Confidence.MEDIUM)
                break


def _probes(statement: Statement, policy: Policy) -> Iterator[tuple[str, ...]]:
    """Groups of actions that the statement names on everything: one of which makes an administrator if it holds."""
    if not (statement.not_resources or any(map(_is_every_resource, statement.resources))):
        return
    grants = () if _is_delegated(statement) else GRANTS
    yield from ((action,) for action in grants if _names(statement, action))
    is_everywhere = "*" in statement.resources or bool(statement.not_resources)
    if statement.not_actions and not is_aws_managed(policy) and not _names(statement, "iam:PassRole"):
        return  # All but IAM, as somebody wrote it: `negated-grant`.
    if is_everywhere and all(_names(statement, action) for action in ANYTHING):
        yield ANYTHING


def _is_delegated(statement: Statement) -> bool:
    """Does what it grants stay within a boundary, or is it one of a few policies, none of which makes an administrator?

    IAM User Guide, "Delegating responsibility to others using permissions boundaries"; a policy of AWS is known.
    """
    bounds = _pinned(statement, "iam:permissionsboundary")
    if bounds and all(map(_makes_no_administrator, bounds)):
        return True
    attached = _pinned(statement, "iam:policyarn")
    return bool(attached) and all(managed.document(arn) and _makes_no_administrator(arn) for arn in attached)


def _pinned(statement: Statement, key: str) -> tuple[str, ...]:
    """The ARNs that a condition pins a key to; none where one of them is a pattern."""
    pinning = (each for each in statement.conditions if each.pins and each.key.lower() == key)
    return next((each.values for each in pinning if not any(map(is_wild, each.values))), ())


def _makes_no_administrator(arn: str) -> bool:
    """Of a policy of the account that is not known."""
    text = managed.document(arn)
    policy = parse(json.loads(text), name=arn) if text else None
    return policy is None or not any(next(_probes(each, policy), None) for each in policy.allows)


def _names(statement: Statement, action: str) -> bool:
    entries = statement.actions or statement.not_actions
    return any(matches(entry, action, ignore_case=True) for entry in entries) != bool(statement.not_actions)


def _is_every_resource(pattern: str) -> bool:
    """`*`, or every role, user or policy of the account.

    >>> _is_every_resource("arn:aws:iam::111122223333:*"), _is_every_resource("arn:aws:s3:::inbox/*")
    (True, False)
    """
    service, resource = service_of_arn(pattern), pattern.rpartition(":")[2]
    return pattern == "*" or (service in ("*", "iam") and resource in ("*", "role/*", "user/*", "policy/*", "group/*"))


def _verdict(granted: Grant, statement: Statement, probes: tuple[tuple[str, ...], ...]) -> bool | None:
    """Does any group hold? None: that hangs on conditions."""
    states = []
    for group in probes:
        verdicts = [granted.allows(action, _everything(granted, statement, action)).allowed for action in group]
        states.append(False if False in verdicts else None if None in verdicts else True)
        if states[-1]:
            return True
    return None if None in states else False


def _everything(granted: Grant, statement: Statement, action: str) -> str:
    pattern = next((each for each in statement.resources if _is_every_resource(each)), "*")
    return str(request(granted, action, pattern)["resource"])


def _hit(
    granted: Grant, policy: Policy, statement: Statement, probes: tuple[tuple[str, ...], ...], confidence: Confidence
) -> Hit:
    function = granted.function
    needs = of_role(function, granted.account)
    proposal = propose(needs)
    evidence: dict[str, object] = {
        "policy": policy.name,
        "boundary": "unread" if granted.role.unread("boundary") else granted.role.boundary is not None,
        "scps": len(granted.account.scps) or "unknown",
    }
    if not needs.unknown:
        references = References.of_role(granted.account, granted.role.arn, needs.needs)
        evidence["proposal"] = referring(proposal.document(), references)
    pattern = next((each for each in statement.resources if _is_every_resource(each)), "*")
    seen = (witness(granted, statement, action, pattern) for group in probes for action in group)
    return Hit(
        statement,
        f"`{function.name}` runs as an administrator: {_why(policy, statement)}",
        fix=_fix(policy, granted, needs),
        evidence=evidence,
        witness=next(filter(None, seen), None),
        confidence=confidence,
        of_policy=is_aws_managed(policy),
    )


def _why(policy: Policy, statement: Statement) -> str:
    if is_aws_managed(policy):
        return f"the managed policy `{policy.name.rpartition('/')[2]}`"
    on = ", ".join(statement.resources) or f"all but {', '.join(statement.not_resources)}"
    return f"`{', '.join(statement.actions) or 'all but ' + ', '.join(statement.not_actions)}` on `{on}`"


def _fix(policy: Policy, granted: Grant, needs: Needs) -> str:
    function = granted.function
    role = function.role.rpartition("/")[2]
    if policy.name.startswith("arn:") and function.place:
        return f"take `{policy.name.rpartition('/')[2]}` out of the policies of `{role}`"
    if policy.name.startswith("arn:"):
        return f"aws iam detach-role-policy --role-name {role} --policy-arn {policy.name}"
    granting = next((need for need in needs.must if need.action in GRANTS), None)
    if granting:
        key = "iam:PolicyARN" if granting.action.startswith("iam:Attach") else "iam:PermissionsBoundary"
        value = dict(granting.told).get(key)
        condition = f": {json.dumps({'Condition': {'ArnEquals': {key: value}}})}" if value else ""
        by = f"by its resource or by a condition on `{key}`{condition}"
        return f"narrow `{granting.action}`, which the code needs, {by}"
    if needs.unknown:
        return f"replace the statement in `{policy.name}` by the actions and resources that the function uses"
    return f"replace the statement in `{policy.name}` by {printed(function, granted.account)}: {len(needs.must)} needs"
