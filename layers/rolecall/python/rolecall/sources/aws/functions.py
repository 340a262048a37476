"""A function of an AWS account, in every version that is served: aliases, URLs, destinations, resource policies."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from rolecall.iam.policy import Kind, Policy, PolicyError, parse
from rolecall.model import Function, Gap, Target, Trigger
from rolecall.sources.aws.calls import Calls, Refused
from rolecall.sources.aws.configuration import configured, name_of, plain, with_code

Qualifier = str | None


def listed(calls: Calls, *, versions: bool = False) -> tuple[Function, ...]:
    """Every function of the region by ARN, as the list describes it; with `versions`, each published one too.

    Raises
    ------
    Refused : the list cannot be read to its end
    """
    every = {"FunctionVersion": "ALL"} if versions else {}
    found = map(configured, calls.pages("lambda", "list_functions", "Functions", **every))
    return tuple(sorted(found, key=lambda each: (each.arn, each.qualifier or "")))


@dataclass(slots=True)
class Served:
    """One function while it is read: what serves which version, and what hangs on each qualifier.

    `known` are versions that a list described already, by number; `latest` is the unqualified function. `locations` are
    where the code of each version can be fetched, as GetFunction says it (`Code`), by number.
    """

    latest: Function
    known: Mapping[Qualifier, Function]
    versions: dict[Qualifier, tuple[Qualifier, ...]] = field(default_factory=dict)
    urls: dict[Qualifier, Mapping[str, Any]] = field(default_factory=dict)
    triggers: dict[Qualifier, list[Trigger]] = field(default_factory=lambda: defaultdict(list))
    targets: dict[Qualifier, list[Target]] = field(default_factory=lambda: defaultdict(list))
    policies: dict[Qualifier, Policy | None] = field(default_factory=dict)
    locations: dict[Qualifier, Mapping[str, Any]] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)

    def qualifiers(self) -> list[Qualifier]:
        """What serves a version: none, the aliases, and whatever else triggers, URLs and destinations hang on."""
        named = {*self.versions, *self.urls, *self.triggers, *self.targets}
        return [None, *sorted(each for each in named if each)]


def open_function(calls: Calls, arn: str, known: Collection[Function] = ()) -> Served | None:
    """A function with its aliases, URLs and destinations; None where it does not exist.

    `known` is what a list said of it and its versions: it stands in where GetFunction is refused.

    Raises
    ------
    Refused : GetFunction is refused, and no list knows the function
    """
    name = name_of(arn)
    by_version = {each.version: each for each in known if each.qualifier in (None, each.version)}
    try:
        answer = calls.ask("lambda", "get_function", FunctionName=name)
    except Refused as refused:
        if refused.absent:
            return None
        if None not in by_version:
            raise
        gap = Gap("tags and code", refused.why, refused.call, arn)
        served = Served(replace(by_version[None], gaps=(*by_version[None].gaps, gap)), by_version)
    else:
        served = Served(with_code(configured(answer["Configuration"]), answer), by_version)
        served.locations[None] = answer.get("Code", {})
    _open_aliases(calls, arn, served)
    _open_urls(calls, arn, served)
    _open_destinations(calls, arn, served)
    return served


def close_function(calls: Calls, served: Served) -> tuple[Function, ...]:
    """Each served version, with the policy of its qualifier: one call each, and one for each version not yet known."""
    functions: list[Function] = []
    for qualifier in served.qualifiers():
        read_policy(calls, served, qualifier)
        functions += _versions(calls, served, qualifier)
    latest, *others = functions
    return (replace(latest, gaps=(*latest.gaps, *dict.fromkeys(served.gaps))), *others)


def read_policy(calls: Calls, served: Served, qualifier: Qualifier) -> Policy | None:
    """The resource-based policy of a qualifier, read once."""
    if qualifier in served.policies:
        return served.policies[qualifier]
    arn, name = served.latest.arn, served.latest.name
    named = {"Qualifier": qualifier} if qualifier else {}
    policy = None
    try:
        text = calls.ask("lambda", "get_policy", FunctionName=name, **named)["Policy"]
        policy = parse(text, name="resource", kind=Kind.RESOURCE)
    except Refused as refused:
        if not refused.absent:  # Without a statement there is no policy.
            served.gaps.append(Gap("resource policy", refused.why, refused.call, arn))
    except PolicyError as error:
        served.gaps.append(Gap("resource policy", str(error), None, arn))
    served.policies[qualifier] = policy
    return policy


def _open_aliases(calls: Calls, arn: str, served: Served) -> None:
    name = name_of(arn)

    def read() -> None:
        for each in calls.pages("lambda", "list_aliases", "Aliases", FunctionName=name):
            weights = each.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
            numbers = (each["FunctionVersion"], *sorted(weights))
            served.versions[each["Name"]] = tuple(None if number == "$LATEST" else number for number in numbers)

    _part("aliases", arn, served, read)


def _open_urls(calls: Calls, arn: str, served: Served) -> None:
    name = name_of(arn)

    def read() -> None:
        for each in calls.pages("lambda", "list_function_url_configs", "FunctionUrlConfigs", FunctionName=name):
            served.urls[plain(each["FunctionArn"])[1]] = each

    _part("function URLs", arn, served, read)


def _open_destinations(calls: Calls, arn: str, served: Served) -> None:
    name = name_of(arn)

    def read() -> None:
        found = calls.pages(
            "lambda", "list_function_event_invoke_configs", "FunctionEventInvokeConfigs", FunctionName=name
        )
        for each in found:
            for on in ("OnFailure", "OnSuccess"):
                if target := each.get("DestinationConfig", {}).get(on, {}).get("Destination"):
                    kind = on.removeprefix("On").lower()
                    served.targets[plain(each["FunctionArn"])[1]].append(Target(kind, target))

    _part("destinations", arn, served, read)


def _part(what: str, arn: str, served: Served, read: Callable[[], None]) -> None:
    """Read one part; what AWS refuses is a gap. What is absent went away since: it is not there."""
    try:
        read()
    except Refused as refused:
        if not refused.absent:
            served.gaps.append(Gap(what, refused.why, refused.call, arn))


def _versions(calls: Calls, served: Served, qualifier: Qualifier) -> Iterator[Function]:
    """The functions behind a qualifier: one, or two where an alias shifts traffic."""
    for number in served.versions.get(qualifier, (qualifier,)):
        found = _version(calls, served, qualifier, number)
        url, hung = served.urls.get(qualifier, {}), served.targets.get(qualifier, ())
        settings = replace(
            found.settings,
            targets=tuple(dict.fromkeys((*found.settings.targets, *sorted(hung, key=lambda t: (t.on, t.arn))))),
            url_auth=url.get("AuthType"),
            url_origins=tuple(url.get("Cors", {}).get("AllowOrigins", ())),
        )
        triggers = sorted(served.triggers.get(qualifier, ()), key=lambda each: (each.type, each.source, each.id or ""))
        yield replace(
            found,
            qualifier=qualifier,
            resource_policy=served.policies[qualifier],
            triggers=tuple(triggers),
            settings=settings,
            tags=served.latest.tags,
        )


def _version(calls: Calls, served: Served, qualifier: Qualifier, number: Qualifier) -> Function:
    """One version's configuration; where it cannot be read, or is not there, that of the unqualified function."""
    if number is None:
        return served.latest
    if number in served.known:
        return served.known[number]
    arn, name = served.latest.arn, served.latest.name
    try:
        answer = calls.ask("lambda", "get_function_configuration", FunctionName=name, Qualifier=number)
        return configured(answer, qualifier=qualifier)
    except Refused as refused:
        if refused.absent:
            served.absent.append(f"{arn}:{qualifier}")
        else:
            served.gaps.append(Gap(f"version {number}", refused.why, refused.call, arn))
        return replace(served.latest, version=number, gaps=())
