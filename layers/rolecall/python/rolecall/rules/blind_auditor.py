from collections.abc import Iterator

from rolecall.finding import Hit, Severity
from rolecall.iam import catalog
from rolecall.model import Account, Trail, Watch
from rolecall.rules import Yields, rule

OLD = 180  # days
OWN_TRAIL = "sam deploy --parameter-overrides CreateTrail=true"


@rule(Severity.HIGH, whole=True)
def blind_auditor(account: Account) -> Yields:
    """The deployed auditor does not hear, or loses, what it should audit.

    It is woken by CloudTrail's events. Without a trail they do not arise, without a rule they do not arrive, and
    those that failed wait in a dead-letter queue; then its silence says nothing. Low: regions with functions that
    no auditor reads, and a catalog of AWS's actions that is older than 180 days.

    Bad:
        watch:
          trails: [{arn: "arn:aws:cloudtrail:us-east-1:111122223333:trail/audit", logging: false, multi_region: true}]

    Bad:
        watch:
          trails: [{arn: "arn:aws:cloudtrail:us-east-1:111122223333:trail/audit", logging: true}]

    Bad:
        watch: {rules: [["arn:aws:events:us-east-1:111122223333:rule/rolecall-forwarder-iam", absent]]}

    Bad:
        watch: {rules: [["arn:aws:events:us-east-1:111122223333:rule/auditor", DISABLED]]}

    Bad:
        watch: {queues: [["arn:aws:sqs:us-east-1:111122223333:dead", 3]]}

    Bad:
        watch: {regions: [eu-north-1]}

    Bad:
        watch: {day: "2999-01-01"}

    Good:
        watch: {}

    Good:
        watch: {trails: []}
        gaps:
          - {what: trails, why: AccessDeniedException, call: "cloudtrail:DescribeTrails"}

    Misses: a rule whose event pattern was narrowed.
    """
    watch = account.watch
    if watch is None:
        return
    yield from _trails(watch, account)
    yield from _rules(watch, account)
    yield from _queues(watch, account)
    yield from _regions(watch, account)
    yield from _catalog(watch)


def _trails(watch: Watch, account: Account) -> Iterator[Hit]:
    """What no trail brings; nothing where a trail was not read."""
    if any(gap.what == "trails" for gap in account.gaps):
        return
    hears = [trail for trail in watch.trails if trail.covers(account.region) and trail.writes]
    if not any(trail.logging for trail in hears):
        yield Hit(
            None,
            f"no trail logs all management events that write in {account.region}: no change wakes the auditor",
            fix=_start(hears, account) or OWN_TRAIL,
            subject="trail",
            evidence={"regions": [account.region]},
        )
        if watch.forwarded is None:
            return  # One cause: what must bring IAM's events is missing there.
    region = watch.forwarded or account.region
    logs = [trail for trail in watch.trails if trail.writes]
    brings = [trail for trail in logs if trail.covers(region) and trail.global_events]
    if not any(trail.logging for trail in brings):
        yield Hit(
            None,
            f"no trail brings the events of IAM to {region}: no change of a role wakes the auditor",
            fix=_start(brings, account) or _widen([trail for trail in logs if trail.logging], account) or OWN_TRAIL,
            subject="trail of IAM",
            evidence={"regions": [region]},
        )


def _start(trails: list[Trail], account: Account) -> str | None:
    return next(
        (
            f"aws cloudtrail start-logging --region {each.region} --name {each.arn}{_by(each, account)}"
            for each in trails
        ),
        None,
    )


def _widen(trails: list[Trail], account: Account) -> str | None:
    return next(
        (
            f"aws cloudtrail update-trail --region {each.region} --name {each.arn} --is-multi-region-trail"
            f" --include-global-service-events{_by(each, account)}"
            for each in trails
        ),
        None,
    )


def _by(trail: Trail, account: Account) -> str:
    """An organisation's trail obeys its own account."""
    owner = trail.arn.split(":")[4]
    return "" if owner == account.id else f" (in account {owner})"


def _rules(watch: Watch, account: Account) -> Iterator[Hit]:
    for arn, state in watch.rules:
        region, name = arn.split(":")[3], arn.rpartition("/")[2]
        forwards = region == watch.forwarded
        broken = {
            "absent": f"the rule `{name}` is not there",
            "targetless": f"the rule `{name}` has the auditor as its target no more",
            "DISABLED": f"the rule `{name}` is disabled",
        }
        if state in broken:
            lost = f"IAM's events do not leave {region}" if forwards else "what it matches does not reach the auditor"
            deploy = _deploy_forwarder(region, account) if forwards else "sam deploy"
            bus = arn.partition(":rule/")[2].rpartition("/")[0]
            named = f"--name {name}" + (f" --event-bus-name {bus}" if bus else "")
            yield Hit(
                None,
                f"{broken[state]}: {lost}",
                fix=f"aws events enable-rule --region {region} {named}" if state == "DISABLED" else deploy,
                subject=arn,
                resources=(arn,),
                evidence={"state": state, "regions": [region]},
            )


def _deploy_forwarder(region: str, account: Account) -> str:
    return (
        f"sam deploy -t forwarder.yaml --stack-name rolecall-forwarder --region {region}"
        f" --capabilities CAPABILITY_IAM --parameter-overrides HomeRegion={account.region}"
    )


def _queues(watch: Watch, account: Account) -> Iterator[Hit]:
    for arn, messages in watch.queues:
        name = arn.rpartition(":")[2]
        if messages is None:
            what, fix = f"the dead-letter queue `{name}` is not there: what fails is lost", "sam deploy"
        elif messages:
            what = f"{_counted(messages)} in the dead-letter queue `{name}`: what it holds was not audited"
            url = (
                f"$(aws sqs get-queue-url --region {account.region} --queue-name {name} --query QueueUrl --output text)"
            )
            # Reading does not take them out: what was missed is mended by a sweep, then the queue may be purged.
            fix = f'aws sqs receive-message --region {account.region} --max-number-of-messages 10 --queue-url "{url}"'
        else:
            continue
        yield Hit(None, what, fix=fix, subject=arn, resources=(arn,), evidence={"messages": messages})


def _counted(messages: int) -> str:
    return "1 message is" if messages == 1 else f"{messages} messages are"


def _regions(watch: Watch, account: Account) -> Iterator[Hit]:
    for region in watch.regions:
        yield Hit(
            None,
            f"there are functions in {region}, and no auditor reads them",
            fix=f"sam deploy --region {region} --parameter-overrides CreateTrail=false",
            subject=f"region {region}",
            severity=Severity.LOW,
            evidence={"regions": [region]},
        )


def _catalog(watch: Watch) -> Iterator[Hit]:
    days = catalog.age(watch.day)
    if days > OLD:
        yield Hit(
            None,
            f"the catalog of AWS's actions is of {catalog.date()}, {days} days old: newer actions are not judged",
            fix="deploy a newer version of Rolecall: sam build && sam deploy",
            subject="catalog",
            severity=Severity.LOW,
            evidence={"catalog": catalog.date(), "days": days},
        )
