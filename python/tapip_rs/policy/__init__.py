"""Policy: what the stack shall do, as knobs under sysctl's names.

`knob.py` is what a knob is and how its values are read and checked; `table.py` has one row for each; `policy.py` is
the live mapping of one stack. A decision is made here and pushed down as a number: no Python runs per packet.
May import: nothing of tapip_rs.
"""

from tapip_rs.policy.knob import Knob, Value
from tapip_rs.policy.policy import Policy, pushed
from tapip_rs.policy.table import KNOBS, find

__all__ = ["KNOBS", "Knob", "Policy", "Value", "find", "pushed"]
