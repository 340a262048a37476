"""The rules as a list: text for a terminal, JSON for scripts, Markdown for docs/RULES.md."""

import json

from rolecall.rules import all_rules


def render(format: str) -> str:
    """All rules in one of the formats `text`, `json`, `markdown`."""
    rules = all_rules()
    if format == "json":
        rows = [
            {"rule": rule.name, "severity": rule.severity.value, "title": rule.title, "silences": list(rule.silences)}
            for rule in rules
        ]
        return json.dumps(rows, indent=2)
    if format == "markdown":
        parts = [f"## {rule.name}\n\n*{rule.severity.value}*\n\n{_markdown(rule.text)}" for rule in rules]
        head = "# Rules\n\nMade from the rules' docstrings by `rolecall rules --format markdown`."
        return "\n\n".join([head, *parts])
    width = max(len(rule.name) for rule in rules)
    return "\n".join(f"{rule.name:<{width}}  {rule.severity.value:<8}  {rule.title}" for rule in rules)


def _markdown(text: str) -> str:
    """The docstring with its `Bad:` and `Good:` examples as indented code, which Markdown keeps as they are."""
    lines = []
    for line in text.splitlines():
        if line in ("Bad:", "Good:"):
            lines += [f"**{line}**", ""]
        else:
            lines.append(line)
    return "\n".join(lines)
