import json

from rolecall.finding import Hit, Severity
from rolecall.model import Account, Function
from rolecall.needs.references import pasted
from rolecall.rules import Yields, named, rule

PERMISSION, POLICY = "AWS::Lambda::Permission", "AWS::Lambda::ResourcePolicy"


@rule(Severity.MEDIUM)
def mixed_permissions(function: Function, account: Account) -> Yields:
    """Two kinds of resources of a template write the same resource policy.

    An AWS::Lambda::ResourcePolicy replaces the policy as a whole, an AWS::Lambda::Permission adds one
    statement to it. Which statements are there in the end depends on what was deployed last.

    Bad:
        function: {writers: [["AWS::Lambda::Permission", "Daily"], ["AWS::Lambda::ResourcePolicy", "Callers"]]}

    Good:
        function: {writers: [["AWS::Lambda::Permission", "Daily"], ["AWS::Lambda::Permission", "Inbox"]]}

    Misses: a permission of another template, or one that was added by hand.
    """
    by_kind = {kind: [name for each, name in function.writers if each == kind] for kind in (PERMISSION, POLICY)}
    single, whole = by_kind[PERMISSION], by_kind[POLICY]
    if not single or not whole:
        return
    statements = function.resource_policy.statements if function.resource_policy else ()
    statement = next((each for each in statements if each.sid == single[0]), None)
    place = statement.place if statement else None
    text = f": {json.dumps(pasted(statement.document(), account))}" if statement else ""
    at = f" of {place.file}:{place.line}" if place else ""
    moved = f"write the statement of `{single[0]}`{at} into the policy of `{whole[0]}`, and take `{single[0]}` out"
    yield Hit(
        None,
        f"{named(single)} ({PERMISSION}) and {named(whole)} ({POLICY}) overwrite each other",
        fix=f"{moved}{text}",
        subject="resource policy",
        evidence={PERMISSION: single, POLICY: whole},
        place=place,
    )
