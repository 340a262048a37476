from rolecall.finding import Hit, Severity
from rolecall.model import Account
from rolecall.rules import Yields, rule


@rule(Severity.INFO)
def stale_acceptance(account: Account) -> Yields:
    """A tag accepts a finding that is not there.

    What it accepted was mended, or the rule's name is wrong: then the tag hides nothing today, and would hide
    the same fault tomorrow, unseen.

    Bad:
        tags: {"rolecall:accept:admin-role": "legacy"}

    Bad:
        tags: {"rolecall:accept:administrator": "legacy"}

    Good:
        more policies:
          Example:
            - {"Effect": "Allow", "Action": "*", "Resource": "*"}
        tags: {"rolecall:accept:admin-role": "legacy until 2999-12-31"}
    """
    for each in account.stale:
        yield Hit(
            None,
            f"the tag `{each.tag}` accepts nothing: {each.why}",
            fix=f"take the tag `{each.tag}` away",
            subject=each.tag,
            function=each.function,
            role=each.role,
            place=next((owner.place for owner in account.functions if owner.id == each.function), None)
            or next((owner.place for owner in account.roles if owner.arn == each.role), None),
        )
