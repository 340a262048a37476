"""Policy variables: what `${…}` in a Resource or a condition value stands for.

IAM User Guide, "IAM policy elements: Variables and tags": `${key}`, `${key, 'default'}`, and the escapes `${*}`,
`${?}`, `${$}`. Only with Version 2012-10-17; in an older policy the text stands for itself.
"""

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass

Context = Mapping[str, str | tuple[str, ...]]
"""The keys of a request, in lower case; a tuple is a multi-valued key, never an empty one."""

STAR, MARK = "\ue000", "\ue001"
"""Stand for a `*` and a `?` that are no wildcards, in patterns and in the texts that these are matched with."""

_VARIABLE = r"\$\{(?:([*?$])|\s*([^\s,{}'*?$][^,{}']*?)\s*(?:,\s*'((?:[^']|'')*)'\s*)?)\}"
_LITERAL = str.maketrans({"*": STAR, "?": MARK})


@dataclass(frozen=True, slots=True)
class Variable:
    """A reference to a key, in lower case, and the text to take when the key has no value."""

    key: str
    default: str | None


@dataclass(frozen=True, slots=True)
class Template:
    """A text with variables in it: its literal pieces and its variables, in order."""

    parts: tuple[str | Variable, ...]

    @classmethod
    def parse(cls, text: str) -> "Template | None":
        """The template, or None when the text has no variable and no escape.

        >>> Template.parse("home/${aws:username}/${*}").parts
        ('home/', Variable(key='aws:username', default=None), '/', '\\ue000')
        """
        if "${" not in text:
            return None
        parts: list[str | Variable] = []
        end = 0
        for found in re.finditer(_VARIABLE, text):
            parts.append(text[end : found.start()])
            end = found.end()
            escape, key, default = found.groups()
            parts.append(
                escape.translate(_LITERAL)
                if escape
                else Variable(key.lower(), None if default is None else default.replace("''", "'"))
            )
        if not end:
            return None
        parts.append(text[end:])
        return cls(tuple(part for part in parts if part))

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that it refers to, in lower case."""
        return tuple(part.key for part in self.parts if isinstance(part, Variable))

    def pattern(self, context: Context) -> str | None:
        """The pattern that it stands for, or None when a variable has no value; values match only themselves.

        A key without a value, or with several, has none that could be put in ("Policy variables with no value").
        """
        texts: list[str] = []
        for part in self.parts:
            if isinstance(part, str):
                texts.append(part)
                continue
            value = context.get(part.key)
            value = value if isinstance(value, str) else part.default
            if value is None:
                return None
            texts.append(value.translate(_LITERAL))
        return "".join(texts)

    def is_known(self, unknown: Container[str], context: Context) -> bool:
        """Whether every key that it refers to is known."""
        return all(key in context or key not in unknown for key in self.keys)


def plain(pattern: str) -> str:
    """A pattern without wildcards as the text it matches."""
    return pattern.replace(STAR, "*").replace(MARK, "?")


def literal(text: str) -> str:
    """A text as a pattern with literal stars sees it."""
    return text.translate(_LITERAL)
