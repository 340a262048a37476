from collections.abc import Iterator

from rolecall.callers.declared import declared
from rolecall.callers.delivery import INVOKE, deliver
from rolecall.callers.keys import OF_URLS
from rolecall.callers.principals import Principal, principals
from rolecall.callers.strangers import filling
from rolecall.callers.trial import case
from rolecall.finding import Hit, Severity
from rolecall.fixes import narrowed_deny, sparing, sparing_services
from rolecall.iam.evaluate import Outcome, Policies
from rolecall.iam.policy import Statement
from rolecall.iam.request import Request
from rolecall.iam.settle import settle
from rolecall.model import Account, Function
from rolecall.needs.references import pasted
from rolecall.rules import Yields, rule


@rule(Severity.HIGH, silences=("refused-trigger",))
def blocked_caller(function: Function, account: Account) -> Yields:
    """A Deny of the function's own policy stops a trigger, or a caller that was declared.

    A Deny wins over every Allow. One that was meant for strangers (`NotPrincipal`, `StringNotEquals` on a key that
    services do not send) meets the service that should invoke as well.

    Bad:
        triggers: [{type: eventbridge, source: "arn:aws:events:us-east-1:111122223333:rule/daily"}]
        resource policy:
          - {Effect: Allow, Principal: {Service: events.amazonaws.com}, Action: "lambda:InvokeFunction", Resource: "*",
             Condition: {ArnLike: {"aws:SourceArn": "arn:aws:events:us-east-1:111122223333:rule/daily"}}}
          - {Effect: Deny, Principal: "*", Action: "lambda:*", Resource: "*",
             Condition: {StringNotEquals: {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}}

    Good:
        triggers: [{type: eventbridge, source: "arn:aws:events:us-east-1:111122223333:rule/daily"}]
        resource policy:
          - {Effect: Allow, Principal: {Service: events.amazonaws.com}, Action: "lambda:InvokeFunction", Resource: "*",
             Condition: {ArnLike: {"aws:SourceArn": "arn:aws:events:us-east-1:111122223333:rule/daily"}}}
          - {Effect: Deny, Principal: "*", Action: "lambda:*", Resource: "*",
             Condition: {StringNotEquals: {"aws:PrincipalOrgID": "o-a1b2c3d4e5"},
                         Bool: {"aws:PrincipalIsAWSService": "false"}}}
    """
    own = function.resource_policy.denies if function.resource_policy else ()
    if not own:
        return
    for trigger in function.triggers:
        delivery = deliver(trigger, function, account)
        for statement in delivery.denies if delivery else ():
            if statement in own and delivery is not None:
                yield Hit(
                    statement,
                    f"keeps `{trigger.source.split(':', 5)[-1]}` ({trigger.type}) from invoking `{function.name}`",
                    fix=narrowed_deny(function, statement, pasted(sparing_services(statement), account)),
                    actions=(INVOKE,),
                    evidence={"trigger": trigger.source, "deny": statement.document()},
                    witness=delivery.witness,
                    triggers=(trigger.source,),
                )
    for caller in _declared(function, account):
        request = caller.request(INVOKE, function, account, OF_URLS)
        decision = settle(request, Policies(resource=function.resource_policy))
        if decision.outcome is Outcome.EXPLICITLY_DENIED:
            yield _of_caller(function, decision.statements[0], caller.arn, request, account)


def _of_caller(function: Function, statement: Statement, caller: str, request: Request, account: Account) -> Hit:
    return Hit(
        statement,
        f"keeps `{caller.rpartition(':')[2]}`, a declared caller, from invoking `{function.name}`",
        fix=narrowed_deny(function, statement, pasted(sparing(statement, caller), account)),
        actions=(INVOKE,),
        principal=caller,
        evidence={"caller": caller, "deny": statement.document()},
        witness=case(request) | {"principal": {"type": "AWS", "id": filling(request.caller.id)}},
    )


def _declared(function: Function, account: Account) -> Iterator[Principal]:
    """The roles and users that the function's tags name as callers, as far as they are known."""
    told = declared(function)
    names = told.names if told else frozenset[str]()
    yield from (each for each in principals(account) if names & {each.arn, each.name})
