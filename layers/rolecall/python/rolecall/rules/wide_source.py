import re

from rolecall.callers import invokes
from rolecall.callers.delivery import fits, named_for
from rolecall.callers.errands import errands, filled
from rolecall.callers.services import EDGE, PARTNERS, sender
from rolecall.callers.strangers import named
from rolecall.callers.trial import let_in, witness
from rolecall.finding import Hit, Severity
from rolecall.fixes import guarded_permission
from rolecall.iam.policy import Statement
from rolecall.iam.search import UndecidedError
from rolecall.iam.wildcard import is_wild
from rolecall.model import Account, Function
from rolecall.rules import Yields, rule, undecided

# What follows the one source: the stage, method and path of an API, the streams of a log group, and the
# random end that AWS gives to the name.
ENDS = (
    (":execute-api:", r"(?<=:)[^/:*?]+(/.*|\*)$", r"/.*$"),
    (":logs:", r"log-group:[^*?]+:\*$", r":\*$"),
    (":elasticloadbalancing:", r"targetgroup/[^/*?]+/[^/]*$", r"/[^/]*$"),
    (":cognito-idp:", r"userpool/[a-z0-9-]+_\*$", r"_\*$"),
    (":secretsmanager:", r"secret:[^*?]+-(\*|\?{6})$", r"-(\*|\?{6})$"),
)


@rule(Severity.MEDIUM, silences=("account-wide-source",))
def wide_source(function: Function, account: Account) -> Yields:
    """The source is a pattern that fits more than the triggers of the function.

    Whoever may make another rule, topic or API of a name that fits invokes the function with it. A
    wildcard within one source is none of that: stage and method of an API, the end of a log group, the
    random end of a target group.

    Bad:
        resource policy:
          - {Effect: Allow, Principal: {Service: events.amazonaws.com}, Action: "lambda:InvokeFunction", Resource: "*",
             Condition: {ArnLike: {"aws:SourceArn": "arn:aws:events:us-east-1:111122223333:rule/*"}}}
        triggers: [{type: eventbridge, source: "arn:aws:events:us-east-1:111122223333:rule/daily"}]

    Good:
        resource policy:
          - {Effect: Allow, Principal: {Service: apigateway.amazonaws.com}, Action: "lambda:InvokeFunction",
             Resource: "*",
             Condition: {ArnLike: {"aws:SourceArn": "arn:aws:execute-api:us-east-1:111122223333:a1b2c3/*/GET/orders"}}}
        triggers: [{type: api, source: "arn:aws:execute-api:us-east-1:111122223333:a1b2c3"}]

    Misses: whether a second source that fits exists today.
    """
    for statement in function.resource_policy.allows if function.resource_policy else ():
        services = [each for each in statement.services if each not in EDGE | PARTNERS]
        if not services or not invokes(statement) or not statement.pins("aws:SourceArn"):
            continue
        service = services[0]
        patterns = [each for each in named(statement, "aws:SourceArn") if _is_wide(each, statement)]
        for pattern in patterns[:1]:
            row = sender(service)
            other = filled(pattern, account.id, row.service if row else "any", account)
            requests = errands(service, account.id, statement, function, account, sources=[other] if other else [])
            try:
                request = let_in(requests, statement, function.resource_policy)
            except UndecidedError:
                yield undecided(function, "wide-source", statement)
                continue
            if request is None:
                continue
            sent = [each for each in function.triggers if fits(statement, pattern, each)]
            fitting = sorted({each.source for each in sent})
            known = f"`{fitting[0].split(':', 5)[-1]}`" if len(fitting) == 1 else f"its {len(fitting)} triggers"
            wanted, *also = named_for(sent) or (_exactly(pattern),)
            yield Hit(
                statement,
                f"lets `{service}` in for `{pattern}`" + (f", which is more than {known}" if fitting else ""),
                fix=guarded_permission(function, statement, service, wanted, account, also=also),
                principal=service,
                evidence={"patterns": patterns, "triggers": fitting, "also": other},
                witness=witness(request),
            )


def _is_wide(pattern: str, statement: Statement) -> bool:
    """Does a wildcard stand where another source can be named?"""
    head = pattern.split(":", 5)
    if len(head) == 6:
        own = [
            *head[:1],
            "aws" if head[1].startswith("aws") or head[1] == "*" else head[1],
            *head[2:4],
            head[4],
            head[5],
        ]
        if statement.pins("aws:SourceAccount") and is_wild(own[4]):
            own[4] = ""
        pattern = ":".join(own)
    for service, within, end in ENDS:
        if service in pattern and re.search(within, pattern):
            pattern = re.sub(end, "", pattern, count=1)
    return is_wild(pattern)


def _exactly(pattern: str) -> str:
    return pattern.replace("*", "NAME")
