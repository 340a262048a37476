from rolecall.callers import invokes
from rolecall.callers.delivery import sources
from rolecall.callers.services import other_means
from rolecall.callers.wiring import State, states
from rolecall.finding import Hit, Severity
from rolecall.fixes import remove_permission
from rolecall.iam.arn import Arn
from rolecall.model import Account, Function
from rolecall.rules import Yields, rule


@rule(
    Severity.LOW,
    silences=(
        "ownerless-source",
        "unguarded-service",
        "qualifier-mismatch",
        "leftover-permission",
        "wide-source",
        "account-wide-source",
    ),
)
def pointless_permission(function: Function, account: Account) -> Yields:
    """The permission is for a service that never invokes in its own name.

    Lambda polls queues and streams with the function's own role, and schedulers, pipes and state machines
    come with theirs. The statement is without effect, and hides what does let them in.

    Bad:
        {"Effect": "Allow", "Principal": {"Service": "sqs.amazonaws.com"},
         "Action": "lambda:InvokeFunction", "Resource": "*",
         "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:sqs:us-east-1:111122223333:orders"}}}

    Good:
        triggers: [{type: sqs, source: "arn:aws:sqs:us-east-1:111122223333:orders"}]
    """
    for statement in function.resource_policy.allows if function.resource_policy else ():
        if any(
            row.state is State.TRIGGER_ONLY and row.source in sources(statement) for row in states(function, account)
        ):
            continue  # `refused-trigger` tells that it names the wrong service.
        whys = {service: why for service in statement.services if (why := other_means(service))}
        if not whys or not invokes(statement) or len(whys) < len(statement.principals):
            continue
        service, why = next(iter(whys.items()))
        kind = service.partition(".")[0]
        mappings = [each for each in function.triggers if _service(each.source) == kind]
        yield Hit(
            statement,
            f"`{service}` needs no permission: {why}",
            fix=remove_permission(function, statement),
            principal=service,
            evidence={"services": sorted(whys), "triggers": sorted({each.source for each in mappings})},
        )


def _service(source: str) -> str:
    arn = Arn.parse(source)
    return arn.service if arn else ""
