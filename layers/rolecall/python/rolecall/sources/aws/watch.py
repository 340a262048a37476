"""What the deployed auditor depends on: trails, the rules that feed it, dead-letter queues, and who reads where."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

from rolecall.model import Gap, Trail, Watch
from rolecall.sources.aws.calls import Calls, Refused

FORWARDER = "rolecall-forwarder-iam"
# Where IAM's events reach EventBridge, by partition (IAM User Guide, "Logging IAM and AWS STS API calls").
OF_IAM: Mapping[str, str] = {"aws": "us-east-1", "aws-us-gov": "us-gov-west-1", "aws-cn": "cn-north-1"}
HEARD = ("lambda.amazonaws.com", "iam.amazonaws.com")
COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)
AT_ONCE = 8


def read(
    calls: Calls,
    *,
    functions: Sequence[str],
    rules: Sequence[str],
    queues: Sequence[str],
    today: date,
    covered: Collection[str] = (),
    forwarder: str = FORWARDER,
) -> tuple[Watch, tuple[Gap, ...]]:
    """What the auditor depends on, and a gap of the account for each part that AWS does not let be read.

    It makes 2 calls, 2 per trail, and 1 per function, rule, queue and other enabled region that is not covered: some
    30 in an account with the 17 regions that are enabled by default; 3 more where IAM's events arise in another one.

    Parameters
    ----------
    functions : ARNs of the auditor's functions, as its rules name them
    rules : names or ARNs of the rules that its stack made; those of another bus by ARN
    queues : URLs of its dead-letter queues
    covered : other regions that an auditor reads
    forwarder : name of the rule that forwards IAM's events, on the default bus of their region
    """
    gaps: list[Gap] = []
    home = OF_IAM.get(calls.partition)
    if home is None:
        why = f"where IAM's events arise in the partition `{calls.partition}` is not modelled"
        gaps.append(Gap("forwarding rule", why, mendable=False))
    forwarded = home if home != calls.region else None
    states = dict(_rules(calls, rules, _targeting(calls, functions, calls.region, gaps), calls.region, gaps))
    if forwarded:
        bus = f"arn:{calls.partition}:events:{calls.region}:{calls.account}:event-bus/default"
        feeding = _targeting(calls, [bus], forwarded, gaps)
        found = feeding and feeding & {_arn(calls, forwarder, forwarded)}  # Others forward what is not ours.
        states |= dict(_rules(calls, [forwarder], found, forwarded, gaps))
    watch = Watch(
        day=today.isoformat(),
        trails=tuple(_trails(calls, dict.fromkeys((calls.region, forwarded or calls.region)), gaps)),
        rules=tuple(sorted(states.items())),
        queues=tuple(sorted(_queues(calls, queues, gaps))),
        regions=tuple(_unread(calls, {calls.region, *covered}, gaps)),
        forwarded=forwarded,
    )
    return watch, tuple(gaps)


def _trails(calls: Calls, regions: Collection[str], gaps: list[Gap]) -> Iterator[Trail]:
    """The trails that cover one of the regions, their shadows apart, by ARN."""
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    for region in regions:
        try:
            trails = calls.ask("cloudtrail", "describe_trails", region=region)["trailList"]
        except Refused as refused:
            gaps.append(Gap("trails", refused.why, refused.call))
            continue
        found = {each["TrailARN"]: (region, each) for each in trails} | found
    for _, (region, each) in sorted(found.items()):
        if trail := _trail(calls, region, each, gaps):
            yield trail


def _trail(calls: Calls, region: str, each: Mapping[str, Any], gaps: list[Gap]) -> Trail | None:
    arn = each["TrailARN"]
    foreign = arn.split(":")[4] != calls.account
    try:
        logging = calls.ask("cloudtrail", "get_trail_status", region=region, Name=arn)["IsLogging"]
        # Only its own account may read the selectors of an organisation's trail. By default they log all.
        default = foreign and not each.get("HasCustomEventSelectors", True)
        writes = default or _logs_writes(calls.ask("cloudtrail", "get_event_selectors", region=region, TrailName=arn))
    except Refused as refused:
        if foreign or not refused.absent:
            gaps.append(Gap("trails", f"`{arn}`: {refused.why}", refused.call, mendable=not foreign))
        return None
    return Trail(
        arn=arn,
        logging=logging,
        multi_region=each.get("IsMultiRegionTrail", False),
        global_events=each.get("IncludeGlobalServiceEvents", False),
        organization=each.get("IsOrganizationTrail", False),
        writes=writes,
    )


def _logs_writes(selectors: Mapping[str, Any]) -> bool:
    """Do the selectors let the management events through by which Lambda and IAM tell what was written?

    A trail has basic ones or advanced ones; one without any logs all management events (CloudTrail API Reference,
    "EventSelector", "AdvancedEventSelector").
    """
    basic, advanced = selectors.get("EventSelectors") or (), selectors.get("AdvancedEventSelectors") or ()
    if not basic and not advanced:
        return True
    return all(any(_basic(each, source) for each in basic) or _passed(advanced, source) for source in HEARD)


def _basic(selector: Mapping[str, Any], source: str) -> bool:
    return (
        selector.get("IncludeManagementEvents", True)
        and selector.get("ReadWriteType", "All") in ("All", "WriteOnly")
        and source not in selector.get("ExcludeManagementEventSources", ())
    )


def _passed(selectors: Sequence[Mapping[str, Any]], source: str) -> bool:
    event = {"eventCategory": "Management", "readOnly": "false", "eventSource": source}
    return any(all(_fits(field, event) for field in selector["FieldSelectors"]) for selector in selectors)


def _fits(field: Mapping[str, Any], event: Mapping[str, str]) -> bool:
    """Does every event of this kind pass? A field of which the kind says nothing, such as a user, keeps some out.

    >>> _fits({"Field": "eventSource", "NotEquals": ["kms.amazonaws.com"]}, {"eventSource": "iam.amazonaws.com"})
    True
    """
    value = event.get(field["Field"])
    if value is None:
        return False
    tests: dict[str, Callable[[str], bool]] = {
        "Equals": value.__eq__,
        "StartsWith": value.startswith,
        "EndsWith": value.endswith,
    }
    wanted = (any(map(test, field[name])) for name, test in tests.items() if field.get(name))
    barred = (any(map(test, field.get(f"Not{name}") or ())) for name, test in tests.items())
    return all(wanted) and not any(barred)


def _targeting(calls: Calls, targets: Sequence[str], region: str, gaps: list[Gap]) -> frozenset[str] | None:
    """The ARNs of the default bus's rules with one of these targets; None where that cannot be read."""
    try:
        names = {
            name
            for target in targets
            for name in calls.pages("events", "list_rule_names_by_target", "RuleNames", region=region, TargetArn=target)
        }
    except Refused as refused:
        gaps.append(Gap("rules that feed the auditor", refused.why, refused.call))
        return None
    return frozenset(_arn(calls, name, region) for name in names)


def _rules(
    calls: Calls, expected: Sequence[str], feeding: frozenset[str] | None, region: str, gaps: list[Gap]
) -> Iterator[tuple[str, str]]:
    """The state of each rule that must feed the auditor, or does."""
    wanted = {_arn(calls, rule, region) for rule in expected}
    for arn in sorted(wanted | (feeding or frozenset())):
        bus, _, name = arn.partition(":rule/")[2].rpartition("/")
        try:
            asked = {"Name": name} | ({"EventBusName": bus} if bus else {})
            state = calls.ask("events", "describe_rule", region=region, **asked)["State"]
        except Refused as refused:
            if not refused.absent:
                gaps.append(Gap("rules that feed the auditor", refused.why, refused.call))
            elif arn in wanted:
                yield arn, "absent"
            continue
        # ListRuleNamesByTarget was asked of the default bus only.
        lost = feeding is not None and not bus and arn not in feeding
        yield arn, "targetless" if lost else state


def _arn(calls: Calls, rule: str, region: str) -> str:
    return rule if rule.startswith("arn:") else f"arn:{calls.partition}:events:{region}:{calls.account}:rule/{rule}"


def _queues(calls: Calls, urls: Sequence[str], gaps: list[Gap]) -> Iterator[tuple[str, int | None]]:
    """Each queue's ARN and the number of messages in it, those that somebody is reading included."""
    for url in urls:
        arn = f"arn:{calls.partition}:sqs:{calls.region}:{calls.account}:{url.rpartition('/')[2]}"
        try:
            found = calls.ask("sqs", "get_queue_attributes", QueueUrl=url, AttributeNames=list(COUNTS))
            yield arn, sum(int(found["Attributes"][name]) for name in COUNTS)
        except Refused as refused:
            if refused.absent:
                yield arn, None
            else:
                gaps.append(Gap("dead-letter queues", refused.why, refused.call))


def _unread(calls: Calls, read: Collection[str], gaps: list[Gap]) -> Iterator[str]:
    """The other enabled regions that hold functions."""
    try:
        # Without AllRegions the disabled ones are left out.
        found = calls.ask("ec2", "describe_regions", AllRegions=False)["Regions"]
    except Refused as refused:
        gaps.append(Gap("regions", refused.why, refused.call))
        return
    others = sorted({each["RegionName"] for each in found} - set(read))

    def first(region: str) -> bool | Gap:
        try:
            return bool(calls.ask("lambda", "list_functions", region=region, MaxItems=1)["Functions"])
        except Refused as refused:
            return Gap(f"functions in {region}", refused.why, refused.call)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(first, others))
    gaps += [answer for answer in answers if isinstance(answer, Gap)]
    yield from (region for region, answer in zip(others, answers, strict=True) if answer is True)
