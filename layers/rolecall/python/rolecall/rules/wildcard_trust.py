from collections.abc import Iterator

from rolecall.callers.trial import case
from rolecall.callers.trust import assumes, held_back, stranger_in, without, witness
from rolecall.finding import Hit, Severity
from rolecall.fixes import new_trust
from rolecall.iam.policy import Condition, Principal, Statement
from rolecall.iam.wildcard import is_wild
from rolecall.model import Account, Function
from rolecall.needs.references import pasted
from rolecall.rules import Yields, rule

NAMES = ("aws:principalarn", "aws:principalaccount", "aws:principalorgid", "aws:userid", "sts:externalid")
OF_PROVIDERS = (":sub", ":aud", ":amr", "saml:sub", "saml:iss")
"""Ends of the keys by which an identity provider says whom it means: IAM User Guide, "Keys for OIDC federation"."""


@rule(Severity.HIGH, silences=("assumable-role",))
def wildcard_trust(function: Function, account: Account) -> Yields:
    """The trust policy of the execution role names whom it lets in by a pattern.

    `NotPrincipal` lets in everybody but a few. A pattern for an ARN lets in whoever is given a fitting name, today or
    next year, and one that leaves the account open lets in other accounts.

    Bad:
        trust:
          - {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
          - {"Effect": "Allow", "NotPrincipal": {"AWS": "arn:aws:iam::111122223333:user/ann"},
             "Action": "sts:AssumeRole"}

    Bad:
        trust:
          - {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
          - {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole",
             "Condition": {"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/deploy"}}}

    Good:
        trust:
          - {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
          - {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/deploy"},
             "Action": "sts:AssumeRole"}

    Good:
        trust:
          - {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
          - {"Effect": "Deny", "NotPrincipal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    """
    role = account.role_of(function)
    if role is None or role.trust is None or role.unread("trust policy"):
        return
    for statement in role.trust.allows:
        patterns = list(_patterns(statement))
        if not patterns or not assumes(statement):
            continue
        others = [each for each in statement.principals if each.type != "Service"]
        if others and all(not _is_pattern(each) and held_back(role, statement, each, account) for each in others):
            continue
        stranger = stranger_in(role, account)
        yield Hit(
            statement,
            f"the trust policy of `{role.name}`, the execution role of `{function.name}`, lets in {patterns[0]}",
            fix="name each principal by its ARN, or let in no more than: "
            + new_trust(role, pasted(without(role.trust, _is_no_service), account, role.arn)),
            principal=others[0].value if others else "*",
            evidence={"patterns": patterns},
            witness=case(stranger) if stranger else witness(role, statement, others[0], account) if others else None,
        )


def _is_no_service(principal: Principal) -> bool:
    return principal.type != "Service"


def _is_pattern(principal: Principal) -> bool:
    """Does it stand for several? AWS refuses it, so that the evaluator knows nobody who fits."""
    return is_wild(principal.value) and not principal.is_everyone


def _patterns(statement: Statement) -> Iterator[str]:
    if statement.not_principals:
        yield f"everybody but `{statement.not_principals[0].value}` (`NotPrincipal`)"
    for each in statement.principals:
        if each.type != "Service" and _is_pattern(each):
            yield f"whoever fits `{each.value}`"
    if all(each.type == "Service" for each in statement.principals):
        return
    for condition in statement.conditions:
        if condition.operator in ("StringLike", "ArnLike", "ArnEquals") and _says_who(condition.key.lower()):
            for value in condition.values:
                if _is_open(condition, value):
                    yield f"whoever fits `{value}` (`{condition.operator}` on `{condition.key}`)"


def _says_who(key: str) -> bool:
    return key in NAMES or key.endswith(OF_PROVIDERS)


def _is_open(condition: Condition, value: str) -> bool:
    """Does the pattern leave open who it is? That of a repository's branches names the repository."""
    if condition.key.lower().endswith(OF_PROVIDERS):
        return is_wild(value) and "/" not in value.replace("?", "*").partition("*")[0]
    return is_wild(value)
