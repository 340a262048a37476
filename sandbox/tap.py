"""The tap: lets HTTP exchanges through, and turns each write call into the event that CloudTrail would send."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from sandbox import calls, cloudtrail
from sandbox.hooks import module

Trails = frozenset[tuple[str, str]]
App = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


def tapped(app: App) -> App:
    """An ASGI app that behaves like `app`, and records what is called."""

    async def tap(scope: dict[str, Any], receive: Any, send: Any) -> None:
        request = _request(scope) if scope["type"] == "http" else None
        if request is None or not calls.may_be_recorded(request):
            await app(scope, receive, send)
            return
        exchange = _Exchange(await _body(receive), receive, send)
        call = calls.call(request, exchange.request)
        if call is None:
            await app(scope, exchange.receive, send)
            return
        before = logging()  # The call that stops a trail is still recorded by it.
        await app(scope, exchange.receive, exchange.send)
        account = module("ministack.core.responses").get_account_id()
        source = (scope.get("client") or ("127.0.0.1",))[0]
        made = cloudtrail.record(
            call, exchange.answer(), account=account, identity=_identity(call.access_key, account), source_ip=source
        )
        await asyncio.get_running_loop().run_in_executor(None, emit, made, account, before)

    return tap


def _request(scope: dict[str, Any]) -> calls.Request:
    headers = {key.decode("latin-1").lower(): value.decode("latin-1") for key, value in scope.get("headers", ())}
    path = scope.get("raw_path") or scope["path"].encode()
    query = scope.get("query_string", b"")
    return calls.Request(scope["method"], path.decode("latin-1"), query.decode("latin-1"), headers)


class _Exchange:
    """One request, read before the app sees it, and the response that it sends."""

    def __init__(self, request: bytes, receive: Any, send: Any) -> None:
        self.request, self._receive, self._send = request, receive, send
        self._replayed = False
        self._status, self._headers, self._body = 0, dict[str, str](), b""

    async def receive(self) -> Any:
        if self._replayed:
            return await self._receive()
        self._replayed = True
        return {"type": "http.request", "body": self.request, "more_body": False}

    async def send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._headers = {key.decode().lower(): value.decode("latin-1") for key, value in message["headers"]}
        elif message["type"] == "http.response.body":
            self._body += message.get("body", b"")
        await self._send(message)

    def answer(self) -> cloudtrail.Answer:
        return cloudtrail.Answer(self._status, self._headers, self._body)


async def _body(receive: Any) -> bytes:
    parts, more = [], True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


def emit(record: dict[str, Any], account: str, before: Trails = frozenset()) -> None:
    """Hand a record to EventBridge in its region, if a trail logs there, or did `before` the call."""
    region = record["awsRegion"]
    if {(account, region), (account, "")} & (before | logging()):
        with module("ministack.core.responses").request_scope(account, region):
            entries = {"Entries": [cloudtrail.event(record)]}
            module("ministack.services.eventbridge")._put_events(entries, allow_aws_source=True)


def logging() -> Trails:
    """(account, region) of the trails that log management events that write; no region where they log all."""
    trails = module("ministack.services.cloudtrail")
    return frozenset(
        (owner, "" if trail.get("IsMultiRegionTrail") else home)
        for (owner, home, name), trail in trails._trails.all_items()
        if trail.get("IsLogging") and _selects(trails._event_selectors.get_scoped(owner, home, name))
    )


def _selects(selectors: list[dict[str, Any]] | None) -> bool:
    """Do a trail's event selectors let management events that write through? Advanced ones are taken to."""
    return not selectors or any(
        each.get("IncludeManagementEvents", True) and each.get("ReadWriteType", "All") != "ReadOnly"
        for each in selectors
    )


def _identity(key: str, account: str) -> dict[str, Any]:
    """The userIdentity of an access key: AWS CloudTrail User Guide, "CloudTrail userIdentity element"."""
    caller = module("ministack.core.iam_evaluator").resolve_caller_identity(key) or {}
    arn = caller.get("Arn") or f"arn:aws:iam::{account}:root"
    identity: dict[str, Any] = {
        "type": "Root",
        "principalId": caller.get("UserId") or account,
        "arn": arn,
        "accountId": account,
        "accessKeyId": key,
    }
    if ":user/" in arn:
        return identity | {"type": "IAMUser", "userName": arn.rpartition("/")[2]}
    if ":assumed-role/" in arn:
        role = arn.split("/")[1]
        issuer = {"type": "Role", "arn": f"arn:aws:iam::{account}:role/{role}", "accountId": account, "userName": role}
        return identity | {"type": "AssumedRole", "sessionContext": {"sessionIssuer": issuer}}
    return identity
