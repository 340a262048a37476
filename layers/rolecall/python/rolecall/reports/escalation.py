"""The table of escalation paths in Markdown, as docs/escalation.md shows it."""

from rolecall.escalation.paths import Kind, Path, of_kind


def render() -> str:
    """A section for each rule, a row for each path."""
    return "\n\n".join(_section(kind) for kind in Kind)


def _section(kind: Kind) -> str:
    rows = [
        f"| {_name(path)} | {', '.join(f'`{action}`' for action in path.names)} | {_means(path)} |"
        for path in of_kind(kind)
    ]
    return "\n".join([f"### `{kind.value}`", "", "| Path | Requires | It |", "|---|---|---|", *rows])


def _name(path: Path) -> str:
    """Linked where pathfinding.cloud has it: its ids end in three digits."""
    number = path.id.rpartition("-")[2]
    is_theirs = len(number) == 3 and number.isdecimal()
    return f"[{path.id}](https://pathfinding.cloud/paths/{path.id})" if is_theirs else path.id


def _means(path: Path) -> str:
    return f"{path.gains} (`{path.service}`)" if path.service else path.gains
