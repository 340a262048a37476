"""Requests: who wants to do what to which resource, and with which context."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field

from rolecall.iam.arn import Arn
from rolecall.iam.variables import Context


class _EveryKey:
    """Contains everything."""

    def __contains__(self, key: object) -> bool:
        return True


EVERY_KEY: Container[str] = _EveryKey()
"""Unknown keys of a request of which only the keys in its context are known."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a request.

    Parameters
    ----------
    type
        `AWS`, `Service`, `Federated`, `Anonymous` or `CanonicalUser`.
    id
        An ARN (user, role, role session, federated user, root), or the name of a service or identity provider.
    account
        Twelve digits; the one in the ARN when not given.

    Examples
    --------
    >>> Caller("AWS", "arn:aws:sts::111122223333:assumed-role/deploy/ann").names[:2]
    ('aws:arn:aws:sts::111122223333:assumed-role/deploy/ann', 'role:111122223333/deploy')
    """

    type: str
    id: str
    account: str | None = None
    names: tuple[str, ...] = field(init=False, compare=False, repr=False)
    """What a Principal element may call it, in the form of `principals.name`."""
    has_policies: bool = field(init=False, compare=False, repr=False)
    """Whether it is an identity of an account; CloudFront's "origin access identity" looks like one, but is none."""
    is_root: bool = field(init=False, compare=False, repr=False)
    is_service_linked: bool = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        arn = Arn.parse(self.id) if self.type == "AWS" else None
        if self.account is None and arn is not None:
            object.__setattr__(self, "account", arn.account)
        object.__setattr__(self, "has_policies", self.type == "AWS" and self.account != "cloudfront")
        object.__setattr__(self, "is_root", arn is not None and arn.is_root)
        role = _role(arn) if arn else None
        object.__setattr__(self, "is_service_linked", role is not None and _is_service_linked(self.id, role))
        object.__setattr__(self, "names", (*self._own_names(role), "*"))

    def _own_names(self, role: str | None) -> tuple[str, ...]:
        if self.type == "Anonymous":
            return ()
        if self.type != "AWS":
            kind = self.type.lower()
            return f"{kind}:{self.id}", f"{kind}:*"
        names = [f"account:{self.account}"]
        if role:
            names.insert(0, f"role:{self.account}/{role}")
        return tuple(names) if self.is_root else (f"aws:{self.id}", *names)


def _role(arn: Arn) -> str | None:
    if arn.session:
        return arn.session[0]
    return arn.name if arn.service == "iam" and arn.kind == "role" else None


def _is_service_linked(caller: str, role: str) -> bool:
    return ":role/aws-service-role/" in caller or role.startswith("AWSServiceRoleFor")


@dataclass(frozen=True, slots=True)
class Request:
    """One call, as IAM sees it.

    Parameters
    ----------
    action
        `service:name`, in any case.
    resource
        Its ARN; `*` for an action that takes no resource.
    context
        Condition keys in lower case; `Request.of` takes them in any case.
    resource_account
        Who owns the resource; by default the account in its ARN, else the caller's.
    unknown
        Keys that are neither in the context nor known to be absent; `EVERY_KEY` for all others. None (not an empty
        set) for a request of which everything is known: then the answer is never `UNKNOWN`, and where AWS leaves a
        construct open the choice in docs/evaluation.md is made.
    """

    caller: Caller
    action: str
    resource: str
    context: Context = field(default_factory=dict)
    resource_account: str | None = None
    unknown: Container[str] | None = None
    verb: str = field(init=False, compare=False, repr=False)
    """The action in lower case."""
    owner: str | None = field(init=False, compare=False, repr=False)
    """The account that owns the resource."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "verb", self.action.lower())
        object.__setattr__(self, "owner", self.resource_account or _account(self.resource) or self.caller.account)

    @classmethod
    def of(
        cls,
        caller: Caller,
        action: str,
        resource: str,
        context: Mapping[str, str | tuple[str, ...]],
        *,
        resource_account: str | None = None,
        unknown: Container[str] | None = None,
    ) -> "Request":
        """A request whose context has keys in any case; a tuple is a multi-valued key, an empty one an absent key."""
        lowered = {key.lower(): value for key, value in context.items() if value != ()}
        return cls(caller, action, resource, lowered, resource_account, unknown)


def _account(resource: str) -> str | None:
    parts = resource.split(":", 5)
    if len(parts) < 6 or len(parts[4]) != 12 or not parts[4].isdecimal():
        return None
    return parts[4]
