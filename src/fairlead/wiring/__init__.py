"""Where settings become objects; the only package that knows every other one.

Heavy imports are inside functions, so that `fairlead --help` loads none of them.
"""

from fairlead.wiring.brokers import DevelopersBroker
from fairlead.wiring.homes import now
from fairlead.wiring.sandboxes import Sandboxes
from fairlead.wiring.server import Server
from fairlead.wiring.settings import Settings
from fairlead.wiring.system import System
from fairlead.wiring.witness import WitnessSystem

__all__ = [
    "DevelopersBroker",
    "Sandboxes",
    "Server",
    "Settings",
    "System",
    "WitnessSystem",
    "now",
]
