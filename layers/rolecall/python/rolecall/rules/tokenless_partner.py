from rolecall.callers import invokes
from rolecall.callers.errands import errands
from rolecall.callers.services import PARTNERS
from rolecall.callers.strangers import stranger
from rolecall.callers.trial import let_in, witness
from rolecall.finding import Hit, Severity
from rolecall.fixes import as_property, remove_permission
from rolecall.iam.policy import Statement
from rolecall.iam.search import UndecidedError
from rolecall.model import Account, Function
from rolecall.rules import Yields, rule, undecided

TOKEN = "lambda:EventSourceToken"


@rule(Severity.MEDIUM)
def tokenless_partner(function: Function, account: Account) -> Yields:
    """Alexa may invoke the function for any skill.

    Alexa sends no source and no account. Only the id of the skill, as lambda:EventSourceToken, tells one
    from another: without it every skill of everybody gets in.

    Bad:
        {"Effect": "Allow", "Principal": {"Service": "alexa-appkit.amazon.com"},
         "Action": "lambda:InvokeFunction", "Resource": "*"}

    Good:
        {"Effect": "Allow", "Principal": {"Service": "alexa-appkit.amazon.com"},
         "Action": "lambda:InvokeFunction", "Resource": "*",
         "Condition": {"StringEquals": {"lambda:EventSourceToken": "amzn1.ask.skill.a1b2"}}}
    """
    for statement in function.resource_policy.allows if function.resource_policy else ():
        partners = [each for each in statement.services if each in PARTNERS]
        if not partners or not invokes(statement):
            continue
        requests = errands(partners[0], stranger(account), statement, function, account)
        try:
            request = let_in(requests, statement, function.resource_policy)
        except UndecidedError:
            yield undecided(function, "tokenless-partner", statement)
            continue
        if request is None:
            continue
        yield Hit(
            statement,
            f"lets `{partners[0]}` in without `{TOKEN}`: for any skill",
            fix=_fix(function, statement),
            principal=partners[0],
            witness=witness(request),
        )


def _fix(function: Function, statement: Statement) -> str:
    """In SAM the id of the skill is a property of the event that the permission was made of."""
    place = statement.place
    if place is None:
        return f"{remove_permission(function, statement)}, and add it again with `--event-source-token SKILL_ID`"
    token = "SkillId" if place.added_by else "EventSourceToken"
    return f"{place.file}:{place.line}: add `{as_property(place, token, 'SKILL_ID')}`"
