"""The Account: what is known of functions, roles and triggers, and the gaps in it. Data only."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from rolecall.iam.policy import Place, Policy

__all__ = [
    "Account",
    "Code",
    "Function",
    "Gap",
    "Place",
    "Role",
    "Settings",
    "Stale",
    "Target",
    "Trigger",
]


@dataclass(frozen=True, slots=True)
class Gap:
    """A part of the account that could not be read or decided.

    Parameters
    ----------
    what : the part, such as `resource policy` or `role policies`
    why : one line: the error, or the reason why it cannot be decided
    call : the API call (`lambda:GetPolicy`), file or rule that met it; gaps of one cause share it
    subject : id of the function, or ARN of the role, that it concerns; None for the whole account
    mendable : False for a known limit, which nobody can mend today
    place : where the user wrote what it is about
    """

    what: str
    why: str
    call: str | None = None
    subject: str | None = None
    mendable: bool = True
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Role:
    """An IAM role with everything that decides what it may do.

    `policies` are its identity policies in one tuple: inline ones by name, managed ones by ARN.
    `used_by` holds the ids of all functions of the account and region whose execution role it is,
    also of those that this audit did not read.
    """

    arn: str
    policies: tuple[Policy, ...] = ()
    trust: Policy | None = None
    boundary: Policy | None = None
    used_by: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    gaps: tuple[Gap, ...] = ()
    place: Place | None = None

    @property
    def name(self) -> str:
        """The last part of the ARN, without the path."""
        return self.arn.rpartition("/")[2]

    def unread(self, what: str) -> bool:
        """Is this part of the role a gap?"""
        return any(gap.what == what for gap in self.gaps)


@dataclass(frozen=True, slots=True)
class Trigger:
    """What makes a function run.

    Parameters
    ----------
    type : the name of a row of `triggers.TRIGGERS`
    source : ARN of the queue, stream, bucket, rule, target group … that it comes from
    id : UUID of an event source mapping, or the name that the source gives to it
    state : as AWS reports it for mappings (`Enabled`, `Disabled`, `Creating` …)
    role : ARN of the role that invokes, for a caller that comes with a role of its own instead of as a service
    """

    type: str
    source: str
    id: str | None = None
    state: str = "Enabled"
    role: str | None = None
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """Where Lambda sends what became of an event: `on` is `dead-letter`, `failure` or `success`."""

    on: str
    arn: str


@dataclass(frozen=True, slots=True)
class Settings:
    """The configuration that decides what a function needs and what may run in it.

    Parameters
    ----------
    handler : `module.function`, None for an image
    log_group : the name that is configured, None for the default
    tracing : does it send traces by itself (`Active`)?
    subnets : of the VPC that it is attached to
    targets : of events that failed or succeeded, those of its mappings included
    key : ARN of the customer key of its environment
    layers : ARNs of layer versions
    file_systems : ARNs of access points
    url_auth : `NONE` or `AWS_IAM` where its qualifier has a function URL
    """

    handler: str | None = None
    log_group: str | None = None
    tracing: bool = False
    subnets: tuple[str, ...] = ()
    targets: tuple[Target, ...] = ()
    key: str | None = None
    layers: tuple[str, ...] = ()
    file_systems: tuple[str, ...] = ()
    durable: bool = False
    url_auth: str | None = None


@dataclass(frozen=True, slots=True)
class Code:
    """Where the code is: a folder or archive on this machine, the text itself, or a place that was not read.

    `kind` is `folder`, `archive`, `inline`, `image` or `remote`; `path` is relative to the current folder, and None
    for the last three; `text` is the source of an inline function.
    """

    kind: str
    path: str | None = None
    text: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Function:
    """One served version of a function: the unqualified one (`qualifier` None), or a version or alias.

    `id` is what findings call it: the logical id in a template, the unqualified ARN live.
    `role` is the ARN of its execution role; `resource_policy` is that of its qualifier.
    """

    id: str
    name: str
    arn: str
    role: str
    qualifier: str | None = None
    runtime: str | None = None
    resource_policy: Policy | None = None
    triggers: tuple[Trigger, ...] = ()
    settings: Settings = Settings()
    code: Code | None = None
    tags: tuple[tuple[str, str], ...] = ()
    gaps: tuple[Gap, ...] = ()
    place: Place | None = None

    @property
    def qualified_arn(self) -> str:
        return f"{self.arn}:{self.qualifier}" if self.qualifier else self.arn


@dataclass(frozen=True, slots=True)
class Stale:
    """A tag that accepts nothing, and why; `function` (an id) or `role` (an ARN) carries it."""

    tag: str
    why: str
    function: str | None = None
    role: str | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """What was read of one account in one region: the input of an audit.

    `source` says from where, for people: `account 123456789012, us-east-1`. `trusted` holds whom the user trusts:
    account ids, ids of organisations (`o-…`), prefixes of layer ARNs. `stale` is what the audit itself finds out, for
    the rule that tells it.
    """

    id: str
    region: str
    source: str
    partition: str = "aws"
    functions: tuple[Function, ...] = ()
    roles: tuple[Role, ...] = ()
    trusted: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()
    stale: tuple[Stale, ...] = ()
    _roles: dict[str, Role] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_roles", {role.arn: role for role in self.roles})

    def role_of(self, function: Function) -> Role | None:
        """The execution role, or None when it does not exist or was not read (then there is a gap)."""
        return self._roles.get(function.role)

    def all_gaps(self) -> Iterator[Gap]:
        """Those of the account, of its functions and of its roles."""
        yield from self.gaps
        for function in self.functions:
            yield from function.gaps
        for role in self.roles:
            yield from role.gaps
