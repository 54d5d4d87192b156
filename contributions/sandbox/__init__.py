"""An executable GitHub: a small world behind GitHub's GraphQL, REST and log-in, with GitHub's limits and failures.
Beside it stands a small Trac (`trac.py`).

For tests, benchmarks and the demonstration; the site itself never imports it. Build a `World`, then talk to it through
`sandbox_transport(world)` without a network, or through `serve(world)` over a local port.
"""

from .faults import Fault, Faults
from .sandbox import LogEntry, Sandbox
from .scale import scale_world
from .server import Server, serve
from .transport import SandboxTransport, sandbox_transport
from .world import World

__all__ = [
    "Fault",
    "Faults",
    "LogEntry",
    "Sandbox",
    "SandboxTransport",
    "Server",
    "World",
    "sandbox_transport",
    "scale_world",
    "serve",
]
