"""The sandbox in place of the network."""

from typing import Any

import httpx2

from .messages import NoReply, Request
from .sandbox import Sandbox
from .world import World


class SandboxTransport(httpx2.MockTransport):
    """An httpx2 transport that ends in a sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        super().__init__(self._answer)

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            reply = self.sandbox.handle(Request(request.method, str(request.url), headers, request.content))
        except NoReply as error:
            if error.is_timeout:
                raise httpx2.ReadTimeout("The read operation timed out", request=request) from error
            raise httpx2.ConnectError("Connection refused", request=request) from error
        body = reply.body[: len(reply.body) // 2] if reply.is_cut_off else reply.body
        return httpx2.Response(reply.status, headers=reply.headers, content=body)


def sandbox_transport(world: World | Sandbox, **options: Any) -> SandboxTransport:
    """A transport to a world, with the options of `Sandbox`, or to a sandbox that there is already."""
    return SandboxTransport(world if isinstance(world, Sandbox) else Sandbox(world, **options))
