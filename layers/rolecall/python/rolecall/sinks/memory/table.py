"""The table: items of DynamoDB by one key, several at once, and written under a condition."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

KEY = "function"
AT_ONCE = 100  # items that BatchGetItem takes
TRIES = 10  # for the items that DynamoDB leaves out of an answer; botocore waits before it repeats a refused call


class Table:
    """A boto3 Table, used through its client: that one may be shared by threads."""

    def __init__(self, table: Any) -> None:
        self._client, self._name = table.meta.client, table.name

    def one(self, key: str) -> Mapping[str, Any]:
        """The item, empty where there is none."""
        answer = self._client.get_item(TableName=self._name, Key={KEY: key}, ConsistentRead=True)
        item: Mapping[str, Any] = answer.get("Item", {})
        return item

    def many(self, keys: Collection[str]) -> dict[str, Mapping[str, Any]]:
        """The items that there are, by key.

        Raises
        ------
        TimeoutError : DynamoDB does not answer for all of them
        """
        found: dict[str, Mapping[str, Any]] = {}
        for chunk in _chunks(sorted(set(keys))):
            asked = {self._name: {"Keys": [{KEY: key} for key in chunk], "ConsistentRead": True}}
            for _ in range(TRIES):
                answer = self._client.batch_get_item(RequestItems=asked)
                found |= {item[KEY]: item for item in answer["Responses"].get(self._name, ())}
                asked = answer.get("UnprocessedKeys") or {}
                if not asked:
                    break
            else:
                raise TimeoutError(f"{self._name}: DynamoDB leaves items out of its answers")
        return found

    def all(self, *members: str) -> Iterator[Mapping[str, Any]]:
        """Every item, with its key and these members only."""
        names = {f"#{number}": name for number, name in enumerate((KEY, *members))}
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._name, ProjectionExpression=", ".join(names), ExpressionAttributeNames=names
        )
        for page in pages:
            yield from page["Items"]

    def update(
        self, key: str, expression: str, values: Mapping[str, Any], *, condition: str | None = None
    ) -> Mapping[str, Any] | None:
        """Change an item, or make it. Its new members; None where the condition did not hold.

        `values` are by their name without the colon. `#name` is the member `name`: many a word is reserved.
        """
        more: dict[str, Any] = {"ConditionExpression": condition} if condition else {}
        if names := re.findall(r"#(\w+)", f"{expression} {condition}"):
            more["ExpressionAttributeNames"] = {f"#{name}": name for name in names}
        try:
            answer = self._client.update_item(
                TableName=self._name,
                Key={KEY: key},
                UpdateExpression=expression,
                ExpressionAttributeValues={f":{name}": value for name, value in values.items()},
                ReturnValues="ALL_NEW",
                **more,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return None
        changed: Mapping[str, Any] = answer["Attributes"]
        return changed

    def delete(self, key: str, *, read: str | None = None) -> bool:
        """Drop an item; with `read`, only one that has this `readAt` or none. Was it so?"""
        more: dict[str, Any] = {}
        if read is not None:
            condition = "attribute_not_exists(readAt) OR readAt = :read"
            more = {"ConditionExpression": condition, "ExpressionAttributeValues": {":read": read}}
        try:
            self._client.delete_item(TableName=self._name, Key={KEY: key}, **more)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return False
        return True


def _chunks(keys: list[str]) -> Iterator[list[str]]:
    return (keys[start : start + AT_ONCE] for start in range(0, len(keys), AT_ONCE))


def stamp(seconds: float) -> str:
    """Epoch seconds as text of equal length, so that it sorts like the number."""
    return f"{seconds:017.6f}"
