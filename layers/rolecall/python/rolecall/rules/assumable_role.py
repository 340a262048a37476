from rolecall.callers.principals import was_deleted
from rolecall.callers.trial import case
from rolecall.callers.trust import assumes, held_back, stranger_in, without, witness
from rolecall.finding import Hit, Severity
from rolecall.fixes import new_trust
from rolecall.iam.arn import Arn
from rolecall.iam.policy import Principal, Statement
from rolecall.model import Account, Function
from rolecall.needs.references import pasted
from rolecall.rules import Yields, rule


@rule(Severity.HIGH)
def assumable_role(function: Function, account: Account) -> Yields:
    """People, roles or accounts may assume the execution role.

    They act with the function's rights, and in its name, without the function. Critical where everybody may, high for
    another account that is not trusted and for identity providers outside of AWS, medium for principals of the own
    account.

    Bad:
        trust:
          - {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
          - {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::444455556666:root"}, "Action": "sts:AssumeRole"}

    Bad:
        trust:
          - {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com", "AWS": "*"},
             "Action": "sts:AssumeRole"}

    Bad:
        trust:
          - {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
          - {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/deploy"},
             "Action": "sts:AssumeRole"}

    Good:
        trust:
          - {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
          - {"Effect": "Deny", "Principal": {"AWS": "arn:aws:iam::444455556666:root"}, "Action": "sts:AssumeRole"}

    Misses: what an identity provider outside of AWS lets its users be is not known. Principals that were deleted
    (`AROA…`), whom nobody can be any more, are no finding.
    """
    role = account.role_of(function)
    if role is None or role.trust is None or role.unread("trust policy"):
        return
    stranger = stranger_in(role, account)
    for statement in role.trust.allows:
        if not assumes(statement):
            continue
        named = [each for each in statement.principals if each.type != "Service" and not was_deleted(each.value)]
        others = [each for each in named if not held_back(role, statement, each, account)]
        if not others:
            continue
        severity, worst = max(
            ((_severity(each, statement, account, open_to_all=stranger is not None), each) for each in others),
            key=lambda pair: pair[0].rank,
        )
        proof = case(stranger) if severity is Severity.CRITICAL and stranger else None
        yield Hit(
            statement,
            f"`{role.name}`, the execution role of `{function.name}`, can be assumed by {_names(others)}"
            f"{_only_if(statement)}",
            fix=new_trust(role, pasted(without(role.trust, _is_no_service), account, role.arn)),
            principal=worst.value,
            severity=severity,
            evidence={"principals": [each.value for each in others]},
            witness=proof or witness(role, statement, worst, account),
        )


def _names(principals: list[Principal]) -> str:
    return ", ".join("everybody" if each.is_everyone else f"`{each.value}`" for each in principals)


def _only_if(statement: Statement) -> str:
    keys = ", ".join(sorted({f"`{condition.key}`" for condition in statement.conditions}))
    return f", under conditions on {keys}" if keys else ""


def _severity(principal: Principal, statement: Statement, account: Account, *, open_to_all: bool) -> Severity:
    if principal.is_everyone and open_to_all:
        return Severity.CRITICAL
    owners = _left_by_conditions(statement) if principal.is_everyone else {_owner(principal)}
    known = {account.id, *account.trusted}
    return Severity.MEDIUM if owners and owners <= known else Severity.HIGH


def _owner(principal: Principal) -> str:
    """The account that a principal belongs to; what is outside of AWS has none, and is its own.

    An identity provider has an ARN of the account, but those whom it lets in are outside.
    """
    if principal.type == "Federated":
        return principal.value
    arn = Arn.parse(principal.value)
    return principal.account or (arn.account if arn else principal.value)


def _left_by_conditions(statement: Statement) -> set[str]:
    """The accounts and organizations to which conditions narrow everybody."""
    for key in ("aws:principalarn", "aws:principalaccount", "aws:principalorgid"):
        values = [v for each in statement.conditions if each.key.lower() == key and each.pins for v in each.values]
        if values:
            return {arn.account if (arn := Arn.parse(value)) else value for value in values}
    return set()


def _is_no_service(principal: Principal) -> bool:
    return principal.type != "Service"
