"""A Change: what one call may have changed. Data only."""

from collections.abc import Mapping
from dataclasses import dataclass

# Beginnings of the names of regions that are not in the partition `aws`.
PARTITIONS: Mapping[str, str] = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "us-isof-": "aws-iso-f",
    "eu-isoe-": "aws-iso-e",
    "eusc-": "aws-eusc",
}


@dataclass(frozen=True, slots=True)
class Trace:
    """What a call leaves behind where it worked: with it, a reading shows whether it came after the call.

    Parameters
    ----------
    what : `inline policy`, `managed policy`, `policy version`, `trust policy`, `boundary`, `permission` or `role`
    name : of the policy, its ARN, the Sid, or the role's ARN; empty where there is only one
    present : False where the call took it away
    document : the policy in canonical words (`trace.canonical`), where the record holds it
    qualifier : of the function whose resource policy it is
    """

    what: str
    name: str = ""
    present: bool = True
    document: str | None = None
    qualifier: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A call that may have changed what functions may do, or who may invoke them.

    Parameters
    ----------
    functions, roles, layers : names, of this account and (functions, layers) this region. A function that is named
        with an ARN of another one is left out: one of the same name may be here
    policies : ARNs of managed policies
    things : sources that push, and what functions point to: ARNs as `thing` writes them
    everything : every function may be meant: the record does not say what was touched, or the organization changed
    omitted : CloudTrail left out, or masked, what the call was about
    watch : it may bear on what the auditor itself depends on. Of EventBridge, that is so only where `things` holds one
        of the auditor's own rules
    trace : what to look for, to see whether a reading came after it
    """

    event_id: str
    event_name: str
    time: str
    actor: str
    account: str
    region: str
    functions: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    things: tuple[str, ...] = ()
    everything: bool = False
    omitted: bool = False
    watch: bool = False
    trace: Trace | None = None

    @property
    def partition(self) -> str:
        """Of its region."""
        return partition(self.region)


def partition(region: str) -> str:
    """The partition of a region.

    >>> partition("us-gov-west-1"), partition("eu-west-1")
    ('aws-us-gov', 'aws')
    """
    return next((name for prefix, name in PARTITIONS.items() if region.startswith(prefix)), "aws")


@dataclass(frozen=True, slots=True)
class Skipped:
    """An event that asks for no audit, and why."""

    reason: str
    event_id: str | None = None
    event_name: str | None = None
