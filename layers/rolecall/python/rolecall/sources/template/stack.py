"""A stack: one variant of one template, ready to be read, and where in it everything was written."""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rolecall.iam.policy import Kind, Place, Policy, PolicyError, parse
from rolecall.iam.statement import is_unresolved
from rolecall.model import Gap
from rolecall.sources.template.document import Document, Items, Map, line_of
from rolecall.sources.template.intrinsics import Resolver
from rolecall.sources.template.references import SHAPES

PARTS = {
    Kind.IDENTITY: "role policies",
    Kind.TRUST: "trust policy",
    Kind.BOUNDARY: "boundary",
    Kind.RESOURCE: "resource policy",
}
NUMBERED = re.compile(r"RolePolicy(\d+)$")
"""SAM's name for what stands in `Policies`."""

# Types whose ARN `Fn::GetAtt` does not give as `Arn`: CloudFormation Template Reference, "Return values" of each.
WITHOUT_ARN = frozenset(
    {
        "AWS::ApiGateway::RestApi",
        "AWS::ApiGatewayV2::Api",
        "AWS::DocDB::DBCluster",
        "AWS::KMS::Alias",
        "AWS::RDS::DBCluster",
        "AWS::SES::ReceiptRule",
        "AWS::SSM::Parameter",
    }
)
POLICIES = ("ManagedPolicyArns", "PermissionsBoundary", "Policies")
DECIDING = ("Effect", "Action", "NotAction", "Principal", "NotPrincipal")


@dataclass(frozen=True, slots=True)
class Wrong:
    """A value of a resource (`owner` None: of the template) that is of no kind that it can be, and one line of why."""

    owner: str | None
    path: str
    line: int
    why: str


@dataclass(frozen=True, slots=True)
class Stack:
    """A template after its transforms.

    `origins` leads from a resource that SAM made to the one that the user wrote, `refused` tells for what SAM
    refuses why, `wrong` what is of a wrong kind. `prefix` stands before logical ids that another template has as well.
    """

    document: Document
    resolver: Resolver
    origins: Mapping[str, str]
    refused: Mapping[str, str]
    wrong: tuple[Wrong, ...] = ()
    prefix: str = ""

    @property
    def file(self) -> str:
        """The template as people give it, relative to the current folder where it lies in it."""
        return shown(self.document.path)

    def id(self, logical_id: str) -> str:
        """What findings call a resource."""
        return self.prefix + logical_id

    def of(self, *kinds: str) -> Iterator[tuple[str, Map]]:
        """(logical id, properties worked out) of the resources of these types that are made."""
        for logical_id, resource in self.resolver.resources.items():
            if isinstance(resource, dict) and resource.get("Type") in kinds and self.is_made(logical_id):
                yield logical_id, self.properties(logical_id)

    def made(self) -> list[str]:
        """The ids of the functions that are made."""
        return [self.id(name) for name in self._functions() if self.is_made(name)]

    def unmade(self) -> list[str]:
        """The ids of the functions that are not, since their condition does not hold."""
        return [self.id(name) for name in self._functions() if not self.is_made(name)]

    def unconditional(self) -> list[str]:
        """The ids of the functions that are made in any case."""
        return [self.id(name) for name in self._functions() if "Condition" not in self.resolver.resources[name]]

    def names(self) -> Iterator[tuple[str, str]]:
        """(ARN, what gives it in the template): of each resource that the user wrote and that is made.

        Of what SAM makes also an alias, which whoever names it must wait for.
        """
        written = self.document.body["Resources"]
        aliases = [name for name, _ in self.of("AWS::Lambda::Alias") if name not in written]
        for logical_id in (*written, *aliases):
            if logical_id not in self.resolver.resources or not self.is_made(logical_id):
                continue
            kind = str(self.resolver.resources[logical_id].get("Type"))
            if kind == "AWS::Lambda::Url":
                continue  # What it gives is the ARN of its function.
            if kind in SHAPES:
                yield from self._names(logical_id, kind)
            elif kind == "AWS::Events::Rule":  # Its ARN hangs on its bus, so that it has no shape.
                yield self.resolver.arn_of(logical_id), f"{logical_id}.Arn"

    def _names(self, logical_id: str, kind: str) -> Iterator[tuple[str, str]]:
        arn = self.resolver.arn_of(logical_id)
        parts = ([] if kind in WITHOUT_ARN else ["Arn"]) + list(SHAPES[kind].attributes)
        given = {part: str(self.resolver.resource(logical_id, part)) for part in parts}
        given = {part: text for part, text in given.items() if text.startswith("arn:") and not is_unresolved(text)}
        if self.resolver.text({"Ref": logical_id}) == arn:
            yield arn, logical_id
            given = {part: text for part, text in given.items() if text != arn}
        for part, text in given.items():
            # The ARN of a log group has `:*` behind it: that is what its streams are allowed by.
            yield text.removesuffix(":*"), f"{logical_id}.{part}"

    def condition(self, id: str) -> str:
        """The condition of a resource that has one."""
        return str(self.resolver.resources[id.removeprefix(self.prefix)]["Condition"])

    def _functions(self) -> list[str]:
        resources = self.resolver.resources.items()
        return [
            name for name, each in resources if isinstance(each, dict) and each.get("Type") == "AWS::Lambda::Function"
        ]

    def is_made(self, logical_id: str) -> bool:
        """Does the condition of a resource hold?"""
        return self.resolver.holds(self.resolver.resources[logical_id].get("Condition"))

    def properties(self, logical_id: str) -> Map:
        """The properties of a resource, worked out."""
        value = self.resolver.value(self.resolver.resources[logical_id].get("Properties") or Map())
        return value if isinstance(value, Map) else Map(value) if isinstance(value, dict) else Map()

    def place(self, logical_id: str, value: Any = None) -> Place:
        """Where the user wrote a resource, or a value in it.

        What SAM made of an event stands where the event does, all else that it made at the resource that it is for.
        """
        line = line_of(value, 0)
        if line:
            return Place(self.file, line)
        origin = self.origins.get(logical_id, logical_id)
        body = self.document.body
        written: Map = body["Resources"]
        if origin not in written:
            return Place(self.file, body.lines.get("Transform", 1), "SAM")
        whole = written.lines.get(origin, 1)
        if logical_id == origin:
            return Place(self.file, whole)
        return Place(self.file, _line_in(written[origin], logical_id.removeprefix(origin)) or whole, "SAM")

    def policy_place(self, logical_id: str, name: str) -> Place:
        """Where the user asked for a policy of a role, by its name or ARN: also in the `Policies` of a SAM resource.

        The words of one that SAM makes of a policy template are SAM's.
        """
        origin = self.origins.get(logical_id, logical_id)
        written = self.document.body["Resources"].get(origin)
        properties = written.get("Properties") if isinstance(written, dict) else None
        if not isinstance(properties, Map):
            return self.place(logical_id)
        lines = (self._asked(properties, member, name) for member in ("Policies", "ManagedPolicyArns"))
        line = next(filter(None, lines), None)
        if not line:
            return self.place(logical_id)
        number = NUMBERED.search(name)
        policies = properties.get("Policies")
        asked = _policy_template(policies, int(number[1])) if number and isinstance(policies, Items) else None
        return Place(self.file, line, "SAM" if asked else None, asked)

    def _asked(self, properties: Map, member: str, name: str) -> int | None:
        """The line of the policy in a member of a resource, or None."""
        policies, last = properties.get(member), name.rpartition("/")[2]
        if not isinstance(policies, Items):
            asked = self.resolver.text(policies) if member in properties else None
            return properties.lines.get(member) if asked and asked.rpartition("/")[2] == last else None
        number = NUMBERED.search(name)
        if number and int(number.group(1)) < len(policies.lines):
            return policies.lines[int(number.group(1))]
        plain = [str(self.resolver.text(each)).rpartition("/")[2] for each in policies]
        return policies.lines[plain.index(last)] if last in plain and len(policies.lines) == len(plain) else None

    def general_gaps(self) -> Iterator[Gap]:
        """What is not known of the template as a whole, once it has been read."""
        yield from self.document.gaps
        for name, why in self.resolver.undecided.items():
            yield Gap(f"condition on `{name}`", why, self.file, mendable=name not in self.resolver.limits)
        yield from map(self._gap, self.wrong)

    def wrong_policies(self, logical_id: str) -> list[Gap]:
        """What is of a wrong kind and may be a policy of a role, or of the function that SAM made the role for."""
        owners = (logical_id, self.origins.get(logical_id))
        found = [self._gap(each) for each in self.wrong if each.owner in owners]
        return [gap for gap in found if gap.what == PARTS[Kind.IDENTITY]]

    def is_wrong(self, logical_id: str | None) -> bool:
        """Is anything of a resource (None: of the template), or of the one that it was made of, of a wrong kind?"""
        owners = (logical_id, self.origins.get(logical_id or "", logical_id))
        return any(each.owner in owners for each in self.wrong)

    def _gap(self, wrong: Wrong) -> Gap:
        """The gap of a value of a wrong kind, for the function or role whose it is."""
        resource = self.resolver.resources.get(wrong.owner or "", {})
        kind, subject = str(resource.get("Type")), None
        if wrong.owner and kind == "AWS::IAM::Role":
            subject = self.resolver.arn_of(wrong.owner)
        if wrong.owner and kind == "AWS::Lambda::Function":
            subject = self.id(wrong.owner)
        is_policy = kind == "AWS::IAM::Role" or wrong.path.startswith(POLICIES)
        what = PARTS[Kind.IDENTITY] if is_policy else "template"
        return Gap(what, wrong.why, self.file, subject, place=Place(self.file, wrong.line) if wrong.line else None)

    def gaps(self, what: str, subject: str | None, *values: Any, at: Place | None = None) -> Iterator[Gap]:
        """A gap for everything in these values that is not known."""
        for name, why in dict(self.resolver.reasons(*values)).items():
            yield Gap(what, why, self.file, subject, mendable=name not in self.resolver.limits, place=at)

    def policy(
        self, logical_id: str, document: Any, *, name: str, kind: Kind, subject: str, gaps: list[Gap]
    ) -> Policy | None:
        """A policy document, already worked out; statements that are not known are gaps, and so is a broken one."""
        what = PARTS[kind]
        if isinstance(document, str) and is_unresolved(document):
            gaps += self.gaps(what, subject, document)
            return None
        if isinstance(document, dict) and "Statement" in document:
            statements = document["Statement"]
            written = statements if isinstance(statements, list) else [statements]
            kept = [each for each in written if self._is_known(each, what, subject, gaps)]
            if written and not kept:
                return None
            document = {**document, "Statement": [self._closed(each) for each in kept]}
            whole = self.policy_place(logical_id, name) if kind is Kind.IDENTITY else self.place(logical_id)
            places = [self.place(logical_id, each) if line_of(each, 0) else whole for each in kept]
        else:
            places = []
        try:
            return parse(document, name=name, kind=kind, places=places)
        except PolicyError as error:
            if not self.is_wrong(logical_id):  # Else that is told.
                broken = (place for index, place in enumerate(places, 1) if f", statement {index}: " in str(error))
                at = next(broken, self.place(logical_id))
                gaps.append(Gap(what, str(error), self.file, subject, place=at))
            return None

    def _closed(self, statement: Any) -> Any:
        """The statement; its resources whose names end at random are the stack's own."""
        if not isinstance(statement, dict):
            return statement
        return {
            key: _each(value, self.resolver.closed) if key in ("Resource", "NotResource") else value
            for key, value in statement.items()
        }

    def _is_known(self, statement: Any, what: str, subject: str, gaps: list[Gap]) -> bool:
        """Is it known whom and what the statement lets through?"""
        if isinstance(statement, str):
            found = list(self.gaps(what, subject, statement))
        else:
            members = statement if isinstance(statement, dict) else {}
            found = list(self.gaps(what, subject, *(members.get(name) for name in DECIDING)))
        gaps += found
        return not found


def _each(value: Any, change: Callable[[str], str]) -> Any:
    """A text, or each text of a list, changed."""
    if isinstance(value, list):
        return [_each(one, change) for one in value]
    return change(value) if isinstance(value, str) else value


def _policy_template(policies: Items, number: int) -> str | None:
    """The name of `{NameOfTemplate: parameters}`, of which SAM makes a policy in its own words."""
    each = policies[number] if number < len(policies) else None
    name = next(iter(each)) if isinstance(each, dict) and len(each) == 1 else ""
    return name if name.endswith("Policy") else None


def _line_in(resource: Any, rest: str) -> int | None:
    """The line of the event, or of the function URL, that SAM made a resource of; `rest` ends the resource's id."""
    properties = resource.get("Properties") if isinstance(resource, dict) else None
    if not isinstance(properties, Map):
        return None
    events = properties.get("Events")
    named = [name for name in events if rest.startswith(name)] if isinstance(events, Map) else []
    if isinstance(events, Map) and named:
        return events.lines.get(max(named, key=len))
    return properties.lines.get("FunctionUrlConfig") if rest.lower().startswith("url") else None


def shown(path: Path) -> str:
    """A path relative to the current folder where it lies in it, else as it was given."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative
