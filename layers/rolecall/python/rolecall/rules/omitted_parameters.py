from rolecall.finding import Hit, Severity
from rolecall.model import Account
from rolecall.rules import Yields, rule


@rule(Severity.HIGH)
def omitted_parameters(account: Account) -> Yields:
    """A call changed IAM or Lambda, and CloudTrail left its parameters out.

    CloudTrail omits parameters that are too large. Who pads a request hides with them which role, policy or function
    it changed; so everything is audited after it, and the call itself is worth a look.

    Bad:
        omitted:
          - {event_id: 8ab12c94-0000-4000-8000-000000000001, event_name: PutRolePolicy,
             actor: "arn:aws:iam::111122223333:user/ada", time: "2026-01-31T03:00:00Z"}

    Good:
        omitted: []
    """
    for each in account.omitted:
        yield Hit(
            None,
            f"CloudTrail left out the parameters of `{each.event_name}`, which `{each.actor}` called at {each.time}",
            fix=f"ask `{each.actor}` what it was for, and look at what else was called: aws cloudtrail lookup-events"
            f" --region {each.region or account.region}"
            f" --lookup-attributes AttributeKey=EventId,AttributeValue={each.event_id}",
            subject=each.event_id,
            evidence={"event": each.event_id, "name": each.event_name, "actor": each.actor, "time": each.time},
        )
