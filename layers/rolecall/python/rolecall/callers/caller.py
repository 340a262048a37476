"""Callers: who may invoke a function, as the answer tells it. Data only."""

from dataclasses import dataclass

from rolecall.iam.arn import Arn
from rolecall.iam.policy import Statement

KINDS = ("anyone", "organization", "account", "service", "role", "user")
"""Of callers, in the order in which they are told."""

BOTH_SIDES, ONE_SIDE = "both sides", "one side"


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who may invoke a function at one qualifier.

    Parameters
    ----------
    principal : ARN of a role or user, number of an account, `o-…`, name of a service, or `*`
    kind : one of `KINDS`
    source : what a service must come for (ARN, account, organisation); None for whatever it is
    via : `identity`, `resource` or `both`: the policies of which either is enough, or which are needed together
    statements : that let it in, in the order identity policies, boundary, resource policy
    open : condition keys of a request that decide, as they are written
    known : `one side` where another account's policies decide as well
    through : `invoke` for the Invoke API, `url` for the function URL
    how : why an administrator is one; None for everybody else
    """

    principal: str
    kind: str
    source: str | None = None
    via: str | None = "resource"
    statements: tuple[Statement, ...] = ()
    open: tuple[str, ...] = ()
    known: str = BOTH_SIDES
    through: tuple[str, ...] = ("invoke",)
    how: str | None = None

    @property
    def order(self) -> tuple[int, str, str]:
        return KINDS.index(self.kind), self.principal, self.source or ""

    @property
    def name(self) -> str:
        """What people call it: a role's or user's name without its path; a session with its role's."""
        arn = Arn.parse(self.principal)
        if arn and arn.session:
            return "/".join(arn.session)
        return self.principal.rpartition("/")[2] if self.kind in ("role", "user") else self.principal


@dataclass(frozen=True, slots=True)
class Held:
    """A principal that its identity policies allow to invoke, and something else does not.

    `by` is `deny` (then `statements` hold the Deny), `boundary` or `scp`.
    """

    principal: str
    kind: str
    by: str
    statements: tuple[Statement, ...] = ()

    @property
    def name(self) -> str:
        return self.principal.rpartition("/")[2]
