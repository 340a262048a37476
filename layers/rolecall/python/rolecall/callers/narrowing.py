"""Narrowing: why a condition keeps nobody out."""

from rolecall.callers.keys import is_free
from rolecall.iam.policy import Condition


def why_open(condition: Condition) -> str:
    """Why a condition that lets strangers in does so, for a message.

    >>> why_open(Condition("StringEquals", None, True, "aws:PrincipalOrgID", ("o-a1b2c3d4e5",)))
    '`StringEqualsIfExists` on `aws:PrincipalOrgID` holds without it'
    """
    key, operator = condition.key, condition.operator
    if condition.if_exists:
        return f"`{operator}IfExists` on `{key}` holds without it"
    if condition.set_operator == "ForAllValues":
        return f"`ForAllValues:{operator}` on `{key}` holds without it"
    if condition.is_negated:
        return f"`{operator}` on `{key}` lets all others in"
    if operator == "Null":
        return f"that `{key}` is absent or present says nothing of who calls"
    if operator.startswith("Date"):
        return f"a date in `{key}` keeps nobody out"
    if operator == "IpAddress":
        return f"`{condition.values[0]}` of `{key}` is open to the internet"
    if any(not value.strip("*?") and "*" in value for value in condition.values):
        return f"`*` of `{key}` is any value"
    if is_free(key):
        return f"whoever calls chooses `{key}`"
    return f"`{key}` fits anybody"


def reasons(conditions: tuple[Condition, ...]) -> str:
    """Of all the conditions, for a message: the first two, and how many more there are."""
    said = [why_open(each) for each in conditions]
    more = f" and {len(said) - 2} more" if len(said) > 2 else ""
    return ", ".join(said[:2]) + more
