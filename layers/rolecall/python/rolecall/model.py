"""The Account: what is known of functions, roles and triggers, and the gaps in it. Data only."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from rolecall.iam.policy import Place, Policy

__all__ = [
    "Access",
    "Account",
    "Call",
    "Code",
    "Function",
    "Gap",
    "LastAccessed",
    "Omitted",
    "Place",
    "Resource",
    "Role",
    "Settings",
    "Stale",
    "Target",
    "Trail",
    "Trigger",
    "Unresolved",
    "User",
    "Watch",
]

ORGANIZATION = "organization policies"
"""`what` of the Gap that SCPs and RCPs could not be read: a report's head states it, and it is no finding."""

MAPPINGS = "event source mappings"
"""`what` of the Gap that it is not known whether, or what, Lambda polls for a function."""


UNJUDGED = "grants"
"""`what` of the Gap that rights were not judged, for calls that were not resolved: the head of a report tells it."""

MISSING_ROLE = "missing role"
"""`what` of the Gap that a role does not exist: `missing-role` tells it."""

LAST_ACCESSED = "last-accessed data"
"""`what` of the Gap that IAM does not tell what a role last used."""


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
class Access:
    """When a role last tried a service (`sqs`) or an action (`sqs:CreateQueue`), allowed or not.

    `at` is an ISO time, None where it did not within IAM's tracking period; `region` is where it did.
    """

    name: str
    at: str | None = None
    region: str | None = None


@dataclass(frozen=True, slots=True)
class LastAccessed:
    """What IAM keeps of a role's use: `read` is the ISO time of it.

    `accesses` holds each service that the role's policies name, and those of its actions that IAM tracks by
    themselves. What is not among them is not tracked.
    """

    read: str
    accesses: tuple[Access, ...] = ()

    def of(self, name: str) -> Access | None:
        """Of a service or action, in any case; None where IAM does not track it."""
        return next((each for each in self.accesses if each.name.lower() == name.lower()), None)


@dataclass(frozen=True, slots=True)
class Role:
    """An IAM role with everything that decides what it may do.

    `policies` are its identity policies in one tuple: inline ones by name, managed ones by ARN.
    `used_by` holds the ids of all functions of the account and region whose execution role it is,
    also of those that this audit did not read. `unique_id` (`AROA…`) is new when a role is made again under its
    old name. `created` and `last_used` are ISO times; `last_used` None means never, as far as IAM keeps it.
    `last_accessed` is only there where somebody asked for it. `mentions` holds what else in a template refers to it,
    by logical id, policies of its own apart; its outputs are `Outputs`.
    """

    arn: str
    policies: tuple[Policy, ...] = ()
    trust: Policy | None = None
    boundary: Policy | None = None
    used_by: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    unique_id: str | None = None
    created: str | None = None
    last_used: str | None = None
    last_accessed: LastAccessed | None = None
    mentions: tuple[str, ...] = ()
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
class User:
    """An IAM user. `policies` are its identity policies, and those of its groups, in one tuple."""

    arn: str
    policies: tuple[Policy, ...] = ()
    boundary: Policy | None = None
    tags: tuple[tuple[str, str], ...] = ()
    gaps: tuple[Gap, ...] = ()

    @property
    def name(self) -> str:
        """The last part of the ARN, without the path."""
        return self.arn.rpartition("/")[2]


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
    reason : why it is in that state, and what its last run said, as AWS reports it
    filter : JSON text of what it lets through (event pattern, prefix and suffix, filter policy); None lets all through
    dead_letter : ARN of the queue that gets what the source could not deliver
    uses : what a mapping needs beside its source: (`secret`, ARN), (`topic`, name), (`group`, id), (`subnet`, id) …
    """

    type: str
    source: str
    id: str | None = None
    state: str = "Enabled"
    role: str | None = None
    reason: str | None = None
    filter: str | None = None
    dead_letter: str | None = None
    uses: tuple[tuple[str, str], ...] = ()
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
    url_origins : that the URL's CORS lets in
    code_key : ARN of the customer key of its code (SourceKMSKeyArn)
    environment : names of its variables with their values, which no report and no log may show
    others : further settings that bear on rights, by name: (`capacity-provider`, ARN), (`edge`, distribution
        that runs it), (`recursive-loop`, `Allow`) …
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
    url_origins: tuple[str, ...] = ()
    code_key: str | None = None
    environment: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    others: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """A call of an AWS API that the code can make, starting at its handler.

    Parameters
    ----------
    service, operation : as botocore names them: `dynamodb`, `PutItem`
    where : file and line, `app.py:12`
    parameters : those that tell the resource or change the action, by name, with every value that they can have. A
        value is text in which `⟨env:NAME⟩`, `⟨event:path⟩` and `⟨?⟩` stand for an environment variable, a part of the
        event, and what is not known; `⟨env:NAME=text⟩` is a variable with what stands in for it where it is not set
    library : that makes the call for the code, such as `aws_lambda_powertools`; None where the code itself does
    certain : False where it hangs on a dynamic choice whether this call is meant
    """

    service: str
    operation: str
    where: str
    parameters: tuple[tuple[str, tuple[str, ...]], ...] = ()
    library: str | None = None
    certain: bool = True

    def values(self, parameter: str) -> tuple[str, ...]:
        """What a parameter can be; nothing where it is not given, or not kept."""
        return dict(self.parameters).get(parameter, ())


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A place in the code that may call AWS, and does not say what: `service` None where not even that is known."""

    where: str
    what: str
    service: str | None = None


@dataclass(frozen=True, slots=True)
class Code:
    """Where the code is: a folder or archive on this machine, the text itself, or a place that was not read.

    `kind` is `folder`, `archive`, `inline`, `image` or `remote`; `path` is relative to the current folder, and None
    for the last three; `text` is the source of an inline function. `digest` is AWS's CodeSha256, or the digest of the
    image. `source` is the ARN of the object or of the image repository that it is deployed from, where that is known
    and pinned to no version. `calls` and `unresolved` are what an analysis of the code found; `read` says that there
    was one, `files` how many files it looked at.
    """

    kind: str
    path: str | None = None
    text: str | None = field(default=None, repr=False)
    digest: str | None = None
    source: str | None = None
    read: bool = False
    files: int = 0
    calls: tuple[Call, ...] = ()
    unresolved: tuple[Unresolved, ...] = ()


@dataclass(frozen=True, slots=True)
class Function:
    """One served version of a function: the unqualified one (`qualifier` None), or a version or alias.

    `id` is what findings call it: the logical id in a template, the unqualified ARN live.
    `role` is the ARN of its execution role; `resource_policy` is that of its qualifier. `version` is the number that a
    qualifier serves: an alias that shifts traffic is two functions, with one qualifier and two versions. `updated` is
    the ISO time of its last update. `writers` holds (type, logical id) of a template's resources that write the
    resource policy. `lines` says where a template has parts of its configuration: layers and the key by ARN, variables
    by name.
    """

    id: str
    name: str
    arn: str
    role: str
    qualifier: str | None = None
    version: str | None = None
    updated: str | None = None
    runtime: str | None = None
    resource_policy: Policy | None = None
    triggers: tuple[Trigger, ...] = ()
    settings: Settings = Settings()
    code: Code | None = None
    tags: tuple[tuple[str, str], ...] = ()
    writers: tuple[tuple[str, str], ...] = ()
    gaps: tuple[Gap, ...] = ()
    place: Place | None = None
    lines: tuple[tuple[str, int], ...] = ()

    def place_of(self, what: str) -> Place | None:
        """Where a layer (ARN), a variable or the key stands; as far as that is not known, where the function does."""
        line = dict(self.lines).get(what)
        return replace(self.place, line=line) if self.place and line else self.place

    @property
    def qualified_arn(self) -> str:
        return f"{self.arn}:{self.qualifier}" if self.qualifier else self.arn

    def values_of(self, tag: str) -> tuple[str, ...]:
        """The values of a tag and of its further ones (`TAG:2` …), since one has 256 characters at most."""
        return tuple(value for key, value in self.tags if key == tag or key.startswith(f"{tag}:"))


@dataclass(frozen=True, slots=True)
class Resource:
    """What a trigger, a setting or a statement points to: a queue, topic, stream, bucket, key, layer version …

    Parameters
    ----------
    exists : False where AWS says that there is none; then nothing else of it is known
    key : ARN of the customer key that encrypts it; None for none, or one that AWS manages
    policy : its resource-based policy (of a key, its key policy)
    facts : what else bears on rights, by name: (`state`, `PendingDeletion`), (`grant`, unique id of a role), (`fifo`,
        `true`), (`retention`, days), (`file-system`, ARN), (`dead-letter`, ARN), (`redrive`, ARN of a queue that may
        move its messages there, or `nobody`) …
    """

    arn: str
    exists: bool = True
    key: str | None = None
    policy: Policy | None = None
    facts: tuple[tuple[str, str], ...] = ()
    gaps: tuple[Gap, ...] = ()

    def fact(self, name: str) -> tuple[str, ...]:
        """The values of a fact."""
        return tuple(value for each, value in self.facts if each == name)


@dataclass(frozen=True, slots=True)
class Trail:
    """A CloudTrail trail: does it log, where, and does it hand on what the auditor waits for?

    `writes` says whether it logs all calls of Lambda and IAM that write (as management events); `global_events`
    whether those of IAM are among them.
    """

    arn: str
    logging: bool
    multi_region: bool = False
    global_events: bool = False
    organization: bool = False
    writes: bool = True

    @property
    def region(self) -> str:
        """Its home region."""
        return self.arn.split(":")[3]

    def covers(self, region: str) -> bool:
        """Would it log there, if it logs?"""
        return self.multi_region or self.region == region


@dataclass(frozen=True, slots=True)
class Watch:
    """What the deployed auditor depends on: without one of these it hears nothing, or loses what it heard.

    Parameters
    ----------
    day : on which this was read, as `YYYY-MM-DD`
    trails : all that cover this account in this region or in that of IAM's events. One that was not read in full is
        not among them, but a Gap `trails` of the account
    rules : ARN of each EventBridge rule that feeds the auditor, its forwarding rule in another region included, with
        its state: `ENABLED` (or EventBridge's `ENABLED_WITH_…`), `DISABLED`, `absent`, or `targetless` where it feeds
        the auditor no more
    queues : ARN of each dead-letter queue, with the number of messages in it; None where there is no such queue
    regions : enabled regions that hold functions and that no auditor reads
    forwarded : the region whose rule must forward IAM's events; None where the auditor stands there itself
    """

    day: str
    trails: tuple[Trail, ...] = ()
    rules: tuple[tuple[str, str], ...] = ()
    queues: tuple[tuple[str, int | None], ...] = ()
    regions: tuple[str, ...] = ()
    forwarded: str | None = None


@dataclass(frozen=True, slots=True)
class Omitted:
    """A call that changed something and whose parameters CloudTrail left out.

    `region` is where CloudTrail recorded it, which for IAM's calls is another one than the account's.
    """

    event_id: str
    event_name: str
    actor: str
    time: str
    region: str | None = None


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
    account ids, ids of organisations (`o-…`), prefixes of layer ARNs. `resources` are what functions point to.
    `scps` and `rcps` hold the policies of each level, root first; where Organizations cannot be read they are empty,
    with a Gap `organization policies`. `watch` is known to the deployed auditor only, `omitted` of the event that woke
    it. `stale` is what the audit itself finds out, for the rule that tells it. `names` holds (ARN, what gives it) of
    the resources of a template: `Orders.Arn` for an attribute, `Orders` for a Ref. `deployed` holds (text with
    stand-ins, the text of `Fn::Sub` that gives it once it is deployed), `loops` (role, ARN of a resource that waits for
    the role, so that its policies cannot refer to it). `strays` are triggers that name a function (ARN) which is not
    there, or, of a template, not in it.
    """

    id: str
    region: str
    source: str
    partition: str = "aws"
    functions: tuple[Function, ...] = ()
    roles: tuple[Role, ...] = ()
    users: tuple[User, ...] = ()
    resources: tuple[Resource, ...] = ()
    scps: tuple[tuple[Policy, ...], ...] = ()
    rcps: tuple[tuple[Policy, ...], ...] = ()
    watch: Watch | None = None
    omitted: tuple[Omitted, ...] = ()
    trusted: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()
    stale: tuple[Stale, ...] = ()
    names: tuple[tuple[str, str], ...] = ()
    deployed: tuple[tuple[str, str], ...] = ()
    loops: tuple[tuple[str, str], ...] = ()
    strays: tuple[tuple[str, Trigger], ...] = ()
    _roles: dict[str, Role] = field(init=False, repr=False, compare=False)
    _resources: dict[str, Resource] = field(init=False, repr=False, compare=False)
    _users: dict[str, list[Function]] = field(init=False, repr=False, compare=False)
    _versions: dict[str, list[Function]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        versions: dict[str, list[Function]] = {}
        for function in self.functions:
            versions.setdefault(function.arn, []).append(function)
        object.__setattr__(self, "_versions", versions)
        object.__setattr__(self, "_roles", {role.arn: role for role in self.roles})
        object.__setattr__(self, "_resources", {resource.arn: resource for resource in self.resources})
        users: dict[str, list[Function]] = {}
        for each in self.functions:
            users.setdefault(each.role, []).append(each)
        object.__setattr__(self, "_users", users)

    def role_of(self, function: Function) -> Role | None:
        """The execution role, or None when it does not exist or was not read (then there is a gap)."""
        return self._roles.get(function.role)

    def users_of(self, role: str) -> tuple[Function, ...]:
        """The functions of this account that run with a role (ARN), each served version by itself."""
        return tuple(self._users.get(role, ()))

    def role(self, arn: str) -> Role | None:
        """The role of an ARN, or None when it does not exist or was not read."""
        return self._roles.get(arn)

    def versions_of(self, function: Function) -> tuple[Function, ...]:
        """All served versions of a function, itself included."""
        return tuple(self._versions.get(function.arn, ()))

    def resource(self, arn: str) -> Resource | None:
        """What an ARN points to, or None when it was not read."""
        return self._resources.get(arn)

    def all_gaps(self) -> Iterator[Gap]:
        """Those of the account, and of its functions, execution roles and resources.

        What is not known of other principals is for those to tell who ask for them; but for what is written wrong.
        """
        yield from self.gaps
        running = [role for role in self.roles if role.used_by]
        for gaps in (owner.gaps for part in (self.functions, running, self.resources) for owner in part):
            yield from gaps
        others = [role.gaps for role in self.roles if not role.used_by] + [user.gaps for user in self.users]
        yield from (gap for gaps in others for gap in gaps if gap.place and gap.mendable)
