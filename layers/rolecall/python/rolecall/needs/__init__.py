"""Needs: what a function must be allowed, from its triggers, its configuration and its code, each with its proof."""

from dataclasses import dataclass
from enum import Enum


class Certainty(Enum):
    """How sure it is that the function needs it.

    Only a MUST can be missing; a MUST or a MAY can not be unneeded; an UNKNOWN forbids to call anything of its service
    unneeded.
    """

    MUST = "must"
    MAY = "may"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Proof:
    """Where a need comes from: `kind` is `trigger`, `config`, `code` or `library`.

    `where` is the UUID of a mapping, the name of a setting, or file and line; `why` one line.
    """

    kind: str
    where: str
    why: str


@dataclass(frozen=True, slots=True)
class Need:
    """An action on a resource that the function must be allowed.

    `resource` is an ARN, a pattern, or `*`; it may hold unresolved parts (`⟨…⟩`). `literal` is False where the resource
    was inferred (from the event, or in part) and not written. `context` holds condition keys that are known of the
    request, such as kms:ViaService, and `told` those that the code chooses, which no policy must ask for. `instead` are
    actions of which any will do in place of this one. `pinned` says that the code wrote the region of the resource, so
    that it is the same wherever the function is deployed.
    """

    action: str
    resource: str
    certainty: Certainty
    proof: Proof
    literal: bool = True
    context: tuple[tuple[str, str], ...] = ()
    told: tuple[tuple[str, str], ...] = ()
    instead: tuple[str, ...] = ()
    pinned: bool = False

    @property
    def keys(self) -> dict[str, str]:
        """All condition keys that are known of the request."""
        return dict((*self.context, *self.told))
