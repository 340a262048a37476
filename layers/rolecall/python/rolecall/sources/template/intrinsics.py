"""Intrinsic functions: what each value of a template will be once it is deployed, as far as that can be known.

What cannot be known becomes text with a name in it, `⟨Name⟩`: it equals itself and nothing else. `why` tells the
reason for each name, and whoever needs the value reports it.
"""

import base64
import ipaddress
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from rolecall.iam.statement import UNRESOLVED, is_unresolved
from rolecall.sources.template.document import Items, Map
from rolecall.sources.template.references import shape_of

NO_VALUE = object()
"""What `AWS::NoValue` gives: the member that has it is not there."""

DYNAMIC = re.compile(r"\{\{resolve:([^}]+)\}\}")
VARIABLE = re.compile(r"\$\{([^!][^}]*)\}")
NAME = re.compile(UNRESOLVED + "([^⟩]*)⟩")
ZONES = "abc"
# Types with made-up names that do not begin with the stack's, or have it in lower case.
OTHERWISE = (
    "AWS::S3::Bucket",
    "AWS::SSM::Parameter",
    "AWS::SecretsManager::Secret",
    "AWS::StepFunctions::StateMachine",
)
FIFO = ".fifo"
FIFO_BY = {"AWS::SQS::Queue": "FifoQueue", "AWS::SNS::Topic": "FifoTopic"}
"""Type -> the property that makes it FIFO, so that its name ends in `.fifo` (SQS and SNS Developer Guides)."""
LONGEST = 100_000  # characters of one value: more is nothing that a template means


class Resolver:
    """Values of one template.

    Parameters
    ----------
    name : of the template file, for messages
    body : the template, after its transforms
    values : of parameters and pseudo parameters, by name; lists for lists
    exports : value of an export of another template by its name, or None
    unknown : names of parameters without a value, and why they have none
    varied : those of them whose every outcome in conditions is looked at
    forced : conditions that hold, whatever they say

    `undecided` tells what conditions asked for that is not known: they were taken for false. `limits` are the names
    of what nobody can know before the deployment.
    """

    def __init__(
        self,
        name: str,
        body: Mapping[str, Any],
        values: Mapping[str, Any],
        *,
        exports: Callable[[str], str | None],
        unknown: Mapping[str, str] | None = None,
        varied: Collection[str] = (),
        forced: Collection[str] = (),
    ) -> None:
        self.name, self.body, self.values, self._exports = name, body, values, exports
        self.why: dict[str, str] = dict(unknown or {})
        self.limits: set[str] = set()
        self.undecided: dict[str, str] = {}
        self._varied = frozenset(varied)
        self._known: dict[tuple[str, str], Any] = {}
        self._open: set[tuple[str, str]] = set()
        self._conditions: dict[str, bool] = dict.fromkeys(forced, True)
        self._read: Resolver | None = None
        self._ends: re.Pattern[str] | None = None

    def as_written(self) -> "Resolver":
        """The same template, its values as texts of `Fn::Sub`: `${Stage}` for a parameter, `-*` for a random end."""
        values = {name: f"${{{name}}}" if isinstance(each, str) else each for name, each in self.values.items()}
        made = Resolver(self.name, self.body, values, exports=lambda name: None)
        made._read = self
        return made

    def closed(self, text: str) -> str:
        """A pattern of a policy; a name that ends at random (`orders-Queue-*`) becomes the one that stands for it."""
        if self._ends is None:
            ids = "|".join(map(re.escape, sorted(filter(self._is_generated, self.resources)))) or "(?!)"
            stack = re.escape(self.values["AWS::StackName"])
            self._ends = re.compile(f"(?<![\\w-])({stack}-({ids}))-\\*(?:{re.escape(FIFO)})?")
        return self._ends.sub(lambda found: f"{found[1]}{self._end(found[2])}", text)

    def _is_generated(self, logical_id: str) -> bool:
        """Does CloudFormation make up the name of a resource?"""
        resource = self.resources[logical_id]
        if not isinstance(resource, dict):
            return False
        kind, properties = str(resource.get("Type", "")), resource.get("Properties") or {}
        if not isinstance(properties, dict):
            properties = {}
        name = "Name" if kind == "AWS::Events::Rule" else shape_of(kind, properties).name
        return name is not None and not _within(properties, name)

    @property
    def resources(self) -> Mapping[str, Any]:
        resources: Mapping[str, Any] = self.body["Resources"]
        return resources

    def value(self, node: Any) -> Any:
        """The value with every function in it worked out; NO_VALUE where there is none."""
        if isinstance(node, str):
            return DYNAMIC.sub(lambda found: self._dynamic(found.group(1)), node) if "{{resolve:" in node else node
        if isinstance(node, list):
            return self._items(node)
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            function = next(iter(node))
            if function == "Ref" or (function.startswith("Fn::") and not function.startswith("Fn::ForEach")):
                return self._call(function, node[function])
        return self._map(node)

    def text(self, node: Any) -> str | None:
        """The value as text; None where there is none."""
        value = self.value(node)
        if value is NO_VALUE or value is None:
            return None
        if isinstance(value, bool):
            return "true" if value else "false"
        return value if isinstance(value, str) else json.dumps(value) if isinstance(value, dict | list) else str(value)

    def holds(self, condition: Any) -> bool:
        """Is a resource with this `Condition` made?"""
        if not isinstance(condition, str):  # There is none, or what stands there is none.
            return True
        if self._read:
            return self._read.holds(condition)
        if condition not in self._conditions:
            written = self.body.get("Conditions", {})
            self._conditions[condition] = False  # One that asks for itself is refused by CloudFormation.
            if condition not in written:
                self.undecided[condition] = f"the condition `{condition}` is not declared, it was taken for true"
            self._conditions[condition] = condition not in written or self._truth(written[condition])
        return self._conditions[condition]

    def reasons(self, *values: Any) -> Iterator[tuple[str, str]]:
        """(name, why) of everything unknown in these values."""
        for value in values:
            if isinstance(value, str) and is_unresolved(value):
                for name in NAME.findall(value):
                    yield name, self.why.get(name, "its value is not known")
            elif isinstance(value, dict):
                yield from self.reasons(*value.values())
            elif isinstance(value, list | tuple):
                yield from self.reasons(*value)

    def unknown(self, name: str, why: str, *, limit: bool = False) -> str:
        """Text that stands for a value which is not known; `limit`: nor can it be, before the deployment."""
        plain = name.replace("⟩", "")[:100]
        if limit:
            self.limits.add(plain)
        self.why.setdefault(plain, why)
        return f"{UNRESOLVED}{plain}⟩"

    def name_of(self, logical_id: str) -> str:
        """How a resource is called: as it says, or `<stack>-<LogicalId>`."""
        return str(self.resource(logical_id, "name"))

    def arn_of(self, logical_id: str) -> str:
        """The ARN of a resource."""
        return str(self.resource(logical_id, "arn"))

    def resource(self, logical_id: str, part: str) -> Any:
        """`name`, `arn`, `ref`, or an attribute of a resource."""
        key = (logical_id, part)
        if key in self._known:
            return self._known[key]
        if key in self._open:
            return self.unknown(f"{logical_id}.{part}", f"`{logical_id}` refers to itself")
        self._open.add(key)
        try:
            self._known[key] = self._resource(logical_id, part)
        finally:
            self._open.discard(key)
        return self._known[key]

    def _resource(self, logical_id: str, part: str) -> Any:
        resource = self.resources[logical_id]
        kind = str(resource.get("Type", ""))
        if kind.startswith("Custom::") or kind == "AWS::CloudFormation::CustomResource":
            why = f"what the custom resource `{logical_id}` answers is known only when it is deployed"
            return self.unknown(logical_id if part in ("ref", "name") else f"{logical_id}.{part}", why, limit=True)
        if kind in ("AWS::CloudFormation::Stack", "AWS::Serverless::Application") and part.startswith("Outputs."):
            return self.unknown(f"{logical_id}.{part}", f"the nested stack `{logical_id}` was not read", limit=True)
        if kind == "AWS::Events::Rule" and part in ("arn", "Arn", "ref"):
            return self._rule(logical_id, part)
        properties = resource.get("Properties") or {}
        shape = shape_of(kind, properties)
        if part == "name":
            own = self.text(_within(properties, shape.name)) if shape.name else None
            return own or self._made_up(logical_id, kind)
        patterns = {"ref": shape.ref, "arn": shape.arn, "Arn": shape.arn, **shape.attributes}
        if part in patterns:
            return self._filled(patterns[part], logical_id, properties)
        if part.lower().endswith("arn") and shape.arn:
            return self._filled(shape.arn, logical_id, properties)
        return f"{self.name_of(logical_id)}.{part}"

    def _filled(self, pattern: str, logical_id: str, properties: Mapping[str, Any]) -> str:
        """A pattern of `references` with everything in it."""

        def fill(found: re.Match[str]) -> str:
            what = found.group(1)
            if what in ("name", "arn"):
                return str(self.resource(logical_id, what))
            if what == "path":
                return self.text(properties.get("Path")) or "/"
            if what == "FunctionName":
                return self.function_arn(properties.get("FunctionName", properties.get("TargetFunctionArn")))
            if what in PSEUDO:
                return str(self.values[PSEUDO[what]])
            return self.text(properties.get(what)) or self.unknown(
                f"{logical_id}.{what}", f"`{logical_id}` has no {what}"
            )

        return re.sub(r"\{(\w+)\}", fill, pattern)

    def function_arn(self, node: Any) -> str:
        """The ARN of a function that a property names by name, partial or whole ARN; the qualifier stays."""
        text = self.text(node) or self.unknown("FunctionName", "no function is named")
        if text.startswith("arn:") or (is_unresolved(text) and not NAME.sub("", text)):
            return text
        own = (self.values["AWS::Region"], self.values["AWS::AccountId"])
        name = text.partition(":function:")[2] or text
        return f"arn:{self.values['AWS::Partition']}:lambda:{own[0]}:{own[1]}:function:{name}"

    def _made_up(self, logical_id: str, kind: str) -> str:
        """The name that CloudFormation makes up. The ids that services do cannot be said before they are there."""
        name, end = f"{self.values['AWS::StackName']}-{logical_id}", self._end(logical_id)
        if self._read is None:
            return f"{name}{end}"
        if kind in OTHERWISE or not self._is_generated(logical_id):
            return self.unknown(logical_id, f"what `{logical_id}` will be called is known only when it is deployed")
        return f"{name}-*{end}"

    def _end(self, logical_id: str) -> str:
        """What the name of a FIFO queue or topic must end in, also the one that CloudFormation makes up."""
        resource = self.resources[logical_id]
        properties = resource.get("Properties") or {}
        kind = FIFO_BY.get(str(resource.get("Type")))
        return FIFO if kind and str(self.value(properties.get(kind))).lower() == "true" else ""

    def _rule(self, logical_id: str, part: str) -> str:
        """A rule on a bus of its own carries the bus in its ARN, and in what `Ref` gives."""
        properties = self.resources[logical_id].get("Properties") or {}
        bus = (self.text(properties.get("EventBusName")) or "default").rpartition("/")[2]
        name = self.text(properties.get("Name")) or self._made_up(logical_id, "AWS::Events::Rule")
        if part == "ref":
            return name if bus == "default" else f"{bus}|{name}"
        place = f"{self.values['AWS::Region']}:{self.values['AWS::AccountId']}"
        path = name if bus == "default" else f"{bus}/{name}"
        return f"arn:{self.values['AWS::Partition']}:events:{place}:rule/{path}"

    def _items(self, node: list[Any]) -> Items:
        made, lines = Items(), []
        for index, each in enumerate(node):
            value = self.value(each)
            if value is not NO_VALUE:
                made.append(value)
                lines.append(node.lines[index] if isinstance(node, Items) and index < len(node.lines) else 0)
        made.lines = tuple(lines)
        return made

    def _map(self, node: dict[str, Any]) -> Map:
        made = Map((key, value) for key, each in node.items() if (value := self.value(each)) is not NO_VALUE)
        made.line, made.lines = getattr(node, "line", 0), getattr(node, "lines", {})
        return made

    def _dynamic(self, reference: str) -> str:
        why = f"`{{{{resolve:{reference}}}}}` is read when the template is deployed"
        return self.unknown(f"resolve:{reference}", why, limit=True)

    def _call(self, function: str, argument: Any) -> Any:
        known = _FUNCTIONS.get(function)
        if known is None:
            return self.unknown(function, f"`{function}` is not an intrinsic function that is modelled")
        try:
            value = known(self, argument)
        except (KeyError, IndexError, TypeError, ValueError, AttributeError):
            return self.unknown(function, f"`{function}` has arguments that CloudFormation refuses")
        if isinstance(value, str) and len(value) > LONGEST:
            return self.unknown(function, f"`{function}` gives more than {LONGEST:,} characters")
        return value

    def _ref(self, argument: Any) -> Any:
        name = argument if isinstance(argument, str) else self.text(argument) or ""
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self.values:
            return self.values[name]
        if name in self.resources:
            return self.resource(name, "ref")
        return self.unknown(name, self.why.get(name, f"`{name}` is neither a parameter nor a resource of the template"))

    def _get_att(self, argument: Any) -> Any:
        logical_id, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
        logical_id, attribute = self.text(logical_id) or "", self.text(attribute) or ""
        if logical_id not in self.resources:
            return self.unknown(f"{logical_id}.{attribute}", f"`{logical_id}` is no resource of the template")
        return self.resource(logical_id, attribute)

    def _sub(self, argument: Any) -> str:
        template, own = (argument, {}) if isinstance(argument, str) else argument

        def fill(found: re.Match[str]) -> str:
            name = found.group(1).strip()
            if name in own:
                return self.text(own[name]) or ""
            value = self._get_att(name) if "." in name and name not in self.values else self._ref(name)
            return ",".join(value) if isinstance(value, list) else "" if value is NO_VALUE else str(value)

        return VARIABLE.sub(fill, str(template)).replace("${!", "${")

    def _join(self, argument: Any) -> str:
        separator, parts = argument
        items = self.value(parts)
        if isinstance(items, str):
            return items
        return str(separator).join(self.text(part) or "" for part in items)

    def _if(self, argument: Any) -> Any:
        condition, then, otherwise = argument
        return self.value(then if self.holds(condition) else otherwise)

    def _find_in_map(self, argument: Any) -> Any:
        name, first, second, *options = [self.value(each) for each in argument]
        found = self.body.get("Mappings", {}).get(name, {}).get(first, {}).get(second)
        if found is None and options and isinstance(options[0], dict) and "DefaultValue" in options[0]:
            return options[0]["DefaultValue"]
        if found is None:
            why = next((why for _, why in self.reasons(name, first, second)), f"the mapping `{name}` has no such key")
            return self.unknown(f"{name}.{NAME.sub('?', str(first))}.{NAME.sub('?', str(second))}", why)
        return self.value(found)

    def _import_value(self, argument: Any) -> str:
        name = self.text(argument) or ""
        found = None if is_unresolved(name) else self._exports(name)
        if found is not None:
            return found
        plain = NAME.sub("?", name)
        return self.unknown(f"import {plain}", f"the export `{plain}` is in no template that was given", limit=True)

    def _select(self, argument: Any) -> Any:
        index, items = int(self.text(argument[0]) or ""), self.value(argument[1])
        if isinstance(items, str) and is_unresolved(items):
            name, why = next(self.reasons(items))
            return self.unknown(f"{name}[{index}]", why)
        return items[index] if isinstance(items, list) else items.split(",")[index]

    def _split(self, argument: Any) -> Any:
        text = self.text(argument[1]) or ""
        if is_unresolved(text) and str(argument[0]) not in NAME.sub("", text):
            return text
        return Items(text.split(str(argument[0])))

    def _base64(self, argument: Any) -> str:
        text = self.text(argument) or ""
        return text if is_unresolved(text) else base64.b64encode(text.encode()).decode()

    def _cidr(self, argument: Any) -> Any:
        block, count, *bits = [self.text(each) or "" for each in argument]
        if is_unresolved(block):
            return block
        network = ipaddress.ip_network(block)
        subnets = network.subnets(new_prefix=network.max_prefixlen - int(bits[0] if bits else 8))
        return Items(str(each) for each, _ in zip(subnets, range(min(int(count), 256)), strict=False))

    def _zones(self, argument: Any) -> Any:
        return Items(f"{self.text(argument) or self.values['AWS::Region']}{zone}" for zone in ZONES)

    def _to_json(self, argument: Any) -> str:
        return json.dumps(self.value(argument), separators=(",", ":"))

    def _length(self, argument: Any) -> Any:
        items = self.value(argument)
        return len(items) if isinstance(items, list) else items

    def _transform(self, argument: Any) -> str:
        name = self.text(argument.get("Name")) or "?"
        return self.unknown(f"macro {name}", f"the macro `{name}` runs when the template is deployed", limit=True)

    def _truth(self, node: Any) -> bool:
        """What a condition says. Values that are not known equal only themselves."""
        if isinstance(node, dict) and len(node) == 1 and "Condition" in node:
            return self.holds(node["Condition"])
        return str(self.value(node)).lower() == "true"

    def _equals(self, argument: Any) -> bool:
        one, other = map(self.text, argument)
        if one != other:
            unknown = {name: why for name, why in self.reasons(one, other) if name not in self._varied}
            self.undecided.update((name, f"a condition asks for it: {why}") for name, why in unknown.items())
        return one == other

    def _and(self, argument: Any) -> bool:
        return all(map(self._truth, argument))

    def _or(self, argument: Any) -> bool:
        return any(map(self._truth, argument))

    def _not(self, argument: Any) -> bool:
        return not self._truth(argument[0])

    def _contains(self, argument: Any) -> bool:
        items, text = argument
        return self.text(text) in [self.text(each) for each in self.value(items)]


def _within(properties: Any, path: str) -> Any:
    """The value of a property, or of one within another (`Rule.Name`)."""
    for step in path.split("."):
        properties = properties.get(step) if isinstance(properties, dict) else None
    return properties


PSEUDO = {
    "partition": "AWS::Partition",
    "region": "AWS::Region",
    "account": "AWS::AccountId",
    "suffix": "AWS::URLSuffix",
}

_FUNCTIONS: Mapping[str, Callable[[Resolver, Any], Any]] = {
    "Ref": Resolver._ref,
    "Fn::Base64": Resolver._base64,
    "Fn::Cidr": Resolver._cidr,
    "Fn::FindInMap": Resolver._find_in_map,
    "Fn::GetAZs": Resolver._zones,
    "Fn::GetAtt": Resolver._get_att,
    "Fn::If": Resolver._if,
    "Fn::ImportValue": Resolver._import_value,
    "Fn::Join": Resolver._join,
    "Fn::Length": Resolver._length,
    "Fn::Select": Resolver._select,
    "Fn::Split": Resolver._split,
    "Fn::Sub": Resolver._sub,
    "Fn::ToJsonString": Resolver._to_json,
    "Fn::Transform": Resolver._transform,
    "Fn::And": Resolver._and,
    "Fn::Contains": Resolver._contains,
    "Fn::Equals": Resolver._equals,
    "Fn::Not": Resolver._not,
    "Fn::Or": Resolver._or,
}
