"""Step Functions: functions that state machines invoke with their role (Amazon States Language).

The current definition is read, not those of published versions.
"""

import re
from collections.abc import Iterator
from typing import Any

from rolecall.iam.wildcard import is_wild
from rolecall.model import Gap, Trigger
from rolecall.sources.aws.calls import Calls
from rolecall.sources.aws.wires.invoked import named_function, objects_in
from rolecall.sources.aws.wires.wire import Wire, Wires, limit, look_up, several, unread, walk_over
from rolecall.sources.decoded import decoded
from rolecall.triggers import functions_in

INVOKE = re.compile(r"arn:[\w-]+:states:[\w-]*:\d*:(?:aws-sdk:)?lambda:invoke(?:Async)?(?:\.\w+)?", re.IGNORECASE)


def named(calls: Calls, source: str) -> Wires:
    """The wires of a state machine: `stateMachine:NAME`, with a version or an alias or without."""
    if not source.split(":", 5)[5].startswith("stateMachine:"):
        return limit(f"`{source}` is no state machine: what it invokes is not read")
    if is_wild(source):
        return several(source)
    arn = ":".join(source.split(":")[:7])
    return look_up(arn, lambda: _wires(calls, arn))


def walk(calls: Calls) -> Wires:
    """Those of all state machines of the region."""
    machines = calls.pages("stepfunctions", "list_state_machines", "stateMachines")
    arns = (each["stateMachineArn"] for each in machines)
    return walk_over(arns, lambda arn: look_up(arn, lambda: _wires(calls, arn), listed=True))


def _wires(calls: Calls, arn: str) -> Iterator[Wire | Gap]:
    machine = calls.ask("stepfunctions", "describe_state_machine", stateMachineArn=arn)
    definition = decoded(machine.get("definition"))
    if not definition:
        yield unread(f"the definition of `{arn}` cannot be read")
    for scope in objects_in(definition):
        states = scope.get("States")
        for name, state in states.items() if isinstance(states, dict) else ():
            if isinstance(state, dict) and state.get("Type") == "Task":
                yield from _task(calls, arn, name, state, machine["roleArn"])


def _task(calls: Calls, arn: str, name: str, state: dict[str, Any], role: str) -> Iterator[Wire | Gap]:
    resource = str(state.get("Resource", ""))
    functions = list(functions_in(resource))
    if INVOKE.fullmatch(resource):
        # `Parameters` in JSONPath, `Arguments` in JSONata, where a computed text is `{% … %}`.
        arguments = state.get("Arguments", state.get("Parameters"))
        function = named_function(calls, arguments) if isinstance(arguments, dict) else None
        if function is None:
            yield unread(f"state `{name}` of `{arn}` computes which function it invokes")
            return
        functions = [function]
    credentials = state.get("Credentials")
    assumed = credentials.get("RoleArn") if isinstance(credentials, dict) else None
    for function in functions:
        yield Wire(function, Trigger("states", arn, name, role=str(assumed or role)))
