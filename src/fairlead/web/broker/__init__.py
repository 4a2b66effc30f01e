"""The broker: evaluators call a model through it, as they would call it directly.

It runs at the programme's server, or at the developer's side where that was agreed; the
same code serves both, and differs in who decides and what is sent on.
"""

from fairlead.web.broker.hosted import HostedDesk
from fairlead.web.broker.serving import Broker
from fairlead.web.broker.streams import Upstream

__all__ = ["Broker", "HostedDesk", "Upstream"]
