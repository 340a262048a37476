from rolecall.escalation.held import granted, over_itself
from rolecall.escalation.mending import mended
from rolecall.escalation.paths import Kind, of_kind, unjudged
from rolecall.escalation.telling import causes, confidence, undecided
from rolecall.finding import Hit, Severity
from rolecall.model import Account, Function
from rolecall.rules import BROAD_GRANTS, Yields, named, rule


@rule(Severity.HIGH, silences=("role-chaining", *BROAD_GRANTS))
def self_rewrite(function: Function, account: Account) -> Yields:
    """The function can rewrite itself.

    Who gets into it once stays in: it replaces its code, lets others invoke it, sends its results elsewhere or
    turns code signing off, and no deployment shows it. A function is changed by who deploys it.

    Bad:
        {"Effect": "Allow", "Action": "lambda:UpdateFunctionCode",
         "Resource": "arn:aws:lambda:us-east-1:111122223333:function:orders"}

    Bad:
        {"Effect": "Allow", "Action": "lambda:AddPermission",
         "Resource": "arn:aws:lambda:us-east-1:111122223333:function:orders:*"}

    Good:
        {"Effect": "Allow", "Action": "lambda:InvokeFunction",
         "Resource": "arn:aws:lambda:us-east-1:111122223333:function:orders"}

    Misses: layers that it uses and may publish; what an alias of another account may do.
    """
    yield from unjudged(of_kind(Kind.REWRITE))
    own = granted(function, account)
    if own is None:
        return
    for cause in causes(over_itself(own)):
        if cause.doubtful:
            yield undecided(function, cause.doubtful)
            continue
        gains = ", ".join(dict.fromkeys(each.path.gains for each in cause.held))
        yield Hit(
            cause.statement,
            f"`{function.name}` can rewrite itself: by {named(cause.entries)} it {gains}",
            fix=mended(cause, own, over_itself),
            actions=cause.actions,
            confidence=confidence(own),
            evidence=cause.evidence(),
            witness=cause.witness,
            of_policy=cause.of_policy,
        )
