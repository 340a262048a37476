"""One resource while it is read: what AWS says of its parts, and what it refuses."""

from collections.abc import Callable, Collection
from typing import Any, TypeVar

from rolecall.iam.arn import Arn
from rolecall.iam.policy import Kind, Policy, PolicyError, parse
from rolecall.model import Gap, Resource
from rolecall.sources.aws.calls import Calls, Refused

T = TypeVar("T")
Facts = tuple[tuple[str, str], ...]


class Reading:
    """A resource of one kind (`noun`: queue, topic, …) while it is read. Its gaps have no subject yet."""

    def __init__(self, calls: Calls, arn: Arn, noun: str, *, roles: Collection[str] = ()) -> None:
        self.calls, self.arn, self.noun, self.roles = calls, arn, noun, roles
        self.exists = True
        self.gaps: list[Gap] = []

    @property
    def foreign(self) -> bool:
        """Is it another account's? A bucket's ARN does not say."""
        return self.arn.account not in ("", self.calls.account)

    def part(self, what: str, ask: Callable[[], T]) -> T | None:
        """One answer; None where there is no such part, or where it became a gap.

        What does not exist is asked nothing more, nor is another account's after its first refusal.
        """
        if not self.exists or (self.foreign and self.gaps):
            return None
        try:
            return ask()
        except Refused as refused:
            whole = what == self.noun
            # "Does not exist" is what AWS says to strangers as well.
            if not refused.absent or (whole and self.foreign):
                self.refuse(what, refused)
            elif whole:
                self.exists = False
            return None

    def refuse(self, what: str, refused: Refused) -> None:
        """A part that AWS does not tell: of another account's resource nobody here can mend that."""
        why = f"another account's: {refused.why}" if self.foreign else refused.why
        self.gaps.append(Gap(what, why, refused.call, mendable=not self.foreign))

    def resource(self, *, key: str | None = None, policy: Any = None, facts: Facts = ()) -> Resource:
        """What was read.

        Parameters
        ----------
        key : as AWS names it: ARN or id of a key, alias, or ARN of an alias
        policy : the document, as text or decoded; None, empty text and `{}` stand for none
        """
        if not self.exists:
            return Resource(str(self.arn), exists=False)
        found, parsed = self._key(key), self._policy(policy)
        return Resource(str(self.arn), key=found, policy=parsed, facts=facts, gaps=tuple(self.gaps))

    def limit(self, why: str) -> Resource:
        """The resource of which nothing can be read, as a known limit."""
        return Resource(str(self.arn), gaps=(Gap(self.noun, why, mendable=False),))

    def _policy(self, document: Any) -> Policy | None:
        if document in (None, "", "{}", {}):
            return None
        try:
            return parse(document, name="resource", kind=Kind.RESOURCE)
        except PolicyError as error:
            self.gaps.append(Gap(f"{self.noun} policy", f"{self.arn.name}: {error}", mendable=not self.foreign))
            return None

    def _key(self, name: str | None) -> str | None:
        """The ARN of a customer key. One of the aliases `alias/aws/…`, or none, stands for a key of AWS."""
        local = (name or "").rpartition(":")[2]
        if not name or local.startswith("alias/aws/"):
            return None
        arn = name if name.startswith("arn:") else self._near(local if "/" in local else f"key/{local}")
        if not local.startswith("alias/"):
            return arn
        try:
            metadata = self.calls.ask("kms", "describe_key", KeyId=arn)["KeyMetadata"]
        except Refused as refused:
            self.refuse(f"{self.noun} key", refused)
            return None
        key: str = metadata["Arn"]
        return key if metadata.get("KeyManager") == "CUSTOMER" else None

    def _near(self, local: str) -> str:
        """The ARN of a key or an alias in the account and region of the resource."""
        region, account = self.arn.region or self.calls.region, self.arn.account or self.calls.account
        return str(Arn(self.arn.partition, "kms", region, account, local))
