"""A stack: one variant of one template, ready to be read, and where in it everything was written."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rolecall.iam.policy import Kind, Place, Policy, PolicyError, parse
from rolecall.iam.statement import is_unresolved
from rolecall.model import Gap
from rolecall.sources.template.document import Document, Map, line_of
from rolecall.sources.template.intrinsics import Resolver

PARTS = {
    Kind.IDENTITY: "role policies",
    Kind.TRUST: "trust policy",
    Kind.BOUNDARY: "boundary",
    Kind.RESOURCE: "resource policy",
}
DECIDING = ("Effect", "Action", "NotAction", "Principal", "NotPrincipal")


@dataclass(frozen=True, slots=True)
class Stack:
    """A template after its transforms.

    `origins` leads from a resource that SAM made to the one that the user wrote, `refused` tells for what SAM
    refuses why. `prefix` stands before logical ids that another template has as well.
    """

    document: Document
    resolver: Resolver
    origins: Mapping[str, str]
    refused: Mapping[str, str]
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

    def is_made(self, logical_id: str) -> bool:
        """Does the condition of a resource hold?"""
        return self.resolver.holds(self.resolver.resources[logical_id].get("Condition"))

    def properties(self, logical_id: str) -> Map:
        """The properties of a resource, worked out."""
        value = self.resolver.value(self.resolver.resources[logical_id].get("Properties") or Map())
        return value if isinstance(value, Map) else Map(value) if isinstance(value, dict) else Map()

    def place(self, logical_id: str, value: Any = None) -> Place:
        """Where the user wrote a resource, or a value in it; what SAM made stands where its SAM resource does."""
        origin = self.origins.get(logical_id, logical_id)
        written = self.document.body["Resources"]
        whole = written.lines.get(origin, 1) if isinstance(written, Map) else 1
        line = line_of(value, 0)
        if line:
            return Place(self.file, line)
        return Place(self.file, whole, None if logical_id == origin else "SAM")

    def general_gaps(self) -> Iterator[Gap]:
        """What is not known of the template as a whole, once it has been read."""
        yield from self.document.gaps
        for name, why in self.resolver.undecided.items():
            yield Gap(f"condition on `{name}`", why, self.file, mendable="--parameter" in why or "declared" in why)

    def gaps(self, what: str, subject: str | None, *values: Any) -> Iterator[Gap]:
        """A gap for everything in these values that is not known."""
        for why in dict(self.resolver.reasons(*values)).values():
            yield Gap(what, why, self.file, subject, mendable="--parameter" in why or "is neither" in why)

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
            document = {**document, "Statement": kept}
            places = [self.place(logical_id, each) for each in kept]
        else:
            places = []
        try:
            return parse(document, name=name, kind=kind, places=places)
        except PolicyError as error:
            gaps.append(
                Gap(what, f"{self.place(logical_id).file}:{self.place(logical_id).line}: {error}", None, subject)
            )
            return None

    def _is_known(self, statement: Any, what: str, subject: str, gaps: list[Gap]) -> bool:
        """Is it known whom and what the statement lets through?"""
        if isinstance(statement, str):
            found = list(self.gaps(what, subject, statement))
        else:
            members = statement if isinstance(statement, dict) else {}
            found = list(self.gaps(what, subject, *(members.get(name) for name in DECIDING)))
        gaps += found
        return not found


def shown(path: Path) -> str:
    """A path relative to the current folder where it lies in it, else as it was given."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative
