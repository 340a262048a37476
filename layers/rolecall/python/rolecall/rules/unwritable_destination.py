from rolecall.finding import Severity
from rolecall.model import Account, Function
from rolecall.needs import Need
from rolecall.needs.lack import lacks
from rolecall.rules import Yields, rule


@rule(Severity.HIGH, silences=("denied-call",))
def unwritable_destination(function: Function, account: Account) -> Yields:
    """A dead-letter queue or destination cannot be written.

    Lambda sends there with the rights of the execution role. Where it may not, the events are lost, and only a
    metric (`DeadLetterErrors`, `DestinationDeliveryFailures`) says so.

    Bad:
        settings: {targets: [{"on": dead-letter, arn: "arn:aws:sqs:us-east-1:111122223333:orders-failed"}]}

    Bad:
        more policies:
          Send: [{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::failures/*"}]
        settings: {targets: [{"on": failure, arn: "arn:aws:s3:::failures"}]}

    Good:
        more policies:
          Send: [{"Effect": "Allow", "Action": "sns:Publish", "Resource": "arn:aws:sns:us-east-1:111122223333:done"}]
        settings: {targets: [{"on": success, arn: "arn:aws:sns:us-east-1:111122223333:done"}]}

    Misses: a queue policy that another account wrote.
    """
    for each in lacks(function, account, _is_sending, by=_target):
        setting, target = each.need.proof.where, _target(each.need)
        yield each.hit(
            f"`{each.role}` may not {each.quoted} on `{target.split(':', 5)[-1]}`, the {setting}: events are lost",
            subject=target,
            place=function.place,
            setting=setting,
            target=target,
        )


def _is_sending(need: Need) -> bool:
    setting = need.proof.where
    return (
        need.proof.kind == "config"
        and (setting == "dead-letter queue" or setting.startswith("destination on "))
        and not need.action.startswith("kms:")
    )


def _target(need: Need) -> str:
    return need.resource.removesuffix("/*")
