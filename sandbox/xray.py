"""X-Ray: the daemon that functions send segments to, and the four API calls that read them."""

import json
import socket
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

Segment = dict[str, Any]
_segments: dict[str, dict[str, Segment]] = defaultdict(dict)
_socket: list[socket.socket] = []


def port() -> int:
    """The UDP port of the daemon, which starts with the first question for it."""
    if not _socket:
        listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        listening.bind(("127.0.0.1", 0))
        _socket.append(listening)
        threading.Thread(target=_listen, args=(listening,), daemon=True).start()
    number: int = _socket[0].getsockname()[1]
    return number


def _listen(listening: socket.socket) -> None:
    while True:
        _, _, document = listening.recvfrom(65536)[0].partition(b"\n")
        _keep(document)


def _keep(document: str | bytes) -> None:
    try:
        segment = json.loads(document)
    except ValueError:
        return  # The daemon drops what it cannot read, too.
    if isinstance(segment, dict) and "trace_id" in segment:
        _segments[segment["trace_id"]][segment["id"]] = segment


def _put(body: dict[str, Any]) -> dict[str, Any]:
    for document in body["TraceSegmentDocuments"]:
        _keep(document)
    return {"UnprocessedTraceSegments": []}


def _summaries(body: dict[str, Any]) -> dict[str, Any]:
    found = (_summary(trace, segments.values()) for trace, segments in list(_segments.items()))
    chosen = [each for each in found if body["StartTime"] <= each["StartTime"] <= body["EndTime"]]
    return {"TraceSummaries": chosen, "TracesProcessedCount": len(_segments)}


def _summary(trace: str, segments: Iterable[Segment]) -> dict[str, Any]:
    every = list(segments)
    start = min(each["start_time"] for each in every)
    ends = [each["end_time"] for each in every if "end_time" in each]
    return {
        "Id": trace,
        "StartTime": start,
        "Duration": max(ends, default=start) - start,
        "HasFault": any(each.get("fault") for each in every),
        "HasError": any(each.get("error") for each in every),
        "HasThrottle": any(each.get("throttle") for each in every),
        "IsPartial": not ends,
    }


def _traces(body: dict[str, Any]) -> dict[str, Any]:
    known = [trace for trace in body["TraceIds"] if trace in _segments]
    traces = [
        {"Id": trace, "Segments": [{"Id": id, "Document": json.dumps(each)} for id, each in _segments[trace].items()]}
        for trace in known
    ]
    return {"Traces": traces, "UnprocessedTraceIds": [trace for trace in body["TraceIds"] if trace not in known]}


PATHS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "/TraceSegments": _put,
    "/TraceSummaries": _summaries,
    "/Traces": _traces,
    "/GetSamplingRules": lambda body: {"SamplingRuleRecords": []},
}


def answering(app: Any) -> Any:
    """An ASGI app that answers calls of X-Ray itself, and hands all others to `app`."""

    async def answer(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] not in PATHS:
            await app(scope, receive, send)
            return
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        out = json.dumps(PATHS[scope["path"]](json.loads(body or b"{}"))).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(out)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": out})

    return answer
