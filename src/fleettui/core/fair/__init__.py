"""FairQueue: what waits of many tenants, and whose turn it is.

The effective priority of a line (a tenant's tickets of one priority) is its priority (critical 3
to low 0) + the boost of the tenant's plan (enterprise 2 to free 0) + its age. Service goes in
rounds: in each every line has credit for so many tickets, and the highest effective priority that
has credit left goes first. So a flood outranks a quiet tenant's new ticket for the credit of one
round at most, and nobody starves.

- Tenants of one priority share by the weights of their plans, and so do those of one effective
  priority (deficit round robin); a priority one higher gets twice as much of the same tenant.
- Age counts from when a line was last served or its head came, whichever is later, a step for
  every AGEING seconds, and is capped: what a flood gains by it is one ticket. It changes the order
  in a round, never the shares.
- A priority, all tenants together, is passed over at most so often (core.queue.PATIENCE): low
  keeps 5 % under any flood, however fast or slow service is.

Each operation takes O(log n); a new round looks at each line once, after each line was served.
"""

from fleettui.core.fair.lines import AGEING, NEAR
from fleettui.core.fair.queue import FairQueue
from fleettui.core.fair.tickets import (
    BOOST,
    WEIGHT,
    Dropped,
    Plan,
    Taken,
    Terms,
    Ticket,
    Waits,
)

__all__ = [
    "AGEING",
    "BOOST",
    "NEAR",
    "WEIGHT",
    "Dropped",
    "FairQueue",
    "Plan",
    "Taken",
    "Terms",
    "Ticket",
    "Waits",
]
