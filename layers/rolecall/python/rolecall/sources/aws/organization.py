"""The organization's policies that bound an account: SCPs and RCPs, level by level."""

from collections.abc import Iterator
from dataclasses import dataclass

from rolecall.iam.policy import Kind, Policy, PolicyError, parse
from rolecall.model import ORGANIZATION, Gap
from rolecall.sources.aws.calls import Calls, Refused

TYPES = ((Kind.SCP, "SERVICE_CONTROL_POLICY"), (Kind.RCP, "RESOURCE_CONTROL_POLICY"))
# An organization that only shares its bills has no policies, and one may have neither type switched on.
UNUSED = frozenset({"PolicyTypeNotAvailableForOrganizationException", "PolicyTypeNotEnabledException"})

Levels = tuple[tuple[Policy, ...], ...]


@dataclass(frozen=True, slots=True)
class Controls:
    """SCPs and RCPs from the root down to the account; empty where there are none, or with the gap that says why."""

    scps: Levels = ()
    rcps: Levels = ()
    gaps: tuple[Gap, ...] = ()


def read(calls: Calls) -> Controls:
    """The policies that bound the account.

    Any account may ask which organization it is in. Only the management account and delegated administrators may read
    policies; so of most members they are not known, which nobody in the account can mend. The management account
    itself is bound by none (Organizations User Guide, "Service control policies").

    Calls: one; in a member account one for each level above it and two for each level, and one for each policy.
    """
    try:
        organization = calls.ask("organizations", "describe_organization")["Organization"]
        if organization["MasterAccountId"] == calls.account:
            return Controls()
        targets = tuple(_targets(calls))
        scps, rcps = (_levels(calls, kind, type_, targets) for kind, type_ in TYPES)
    except Refused as refused:
        if refused.why == "AWSOrganizationsNotInUseException":
            return Controls()
        return Controls(gaps=(Gap(ORGANIZATION, refused.why, refused.call, mendable=False),))
    except PolicyError as error:
        return Controls(gaps=(Gap(ORGANIZATION, str(error), mendable=False),))
    return Controls(scps, rcps)


def _targets(calls: Calls) -> list[str]:
    """The ids of root, organizational units and account, root first."""
    path = [calls.account]
    while not path[0].startswith("r-"):
        (parent,) = calls.pages("organizations", "list_parents", "Parents", ChildId=path[0])
        path.insert(0, parent["Id"])
    return path


def _levels(calls: Calls, kind: Kind, type_: str, targets: tuple[str, ...]) -> Levels:
    known: dict[str, Policy] = {}

    def level(target: str) -> Iterator[Policy]:
        found = calls.pages("organizations", "list_policies_for_target", "Policies", TargetId=target, Filter=type_)
        for each in sorted(found, key=lambda each: str(each["Name"])):
            if each["Id"] not in known:
                content = calls.ask("organizations", "describe_policy", PolicyId=each["Id"])["Policy"]["Content"]
                known[each["Id"]] = parse(content, name=each["Name"], kind=kind)
            yield known[each["Id"]]

    try:
        levels = (tuple(level(target)) for target in targets)
        # While its type is switched on every level has a policy: AWS lets nobody detach the last one.
        return tuple(each for each in levels if each)
    except Refused as refused:
        if refused.why in UNUSED:
            return ()
        raise
