"""Whether a model is still right for today's data: sketches of what it was made on, and what came after against them."""

from bartik.monitor.drift import Drift as Drift
from bartik.monitor.drift import Thresholds as Thresholds
from bartik.monitor.reference import Reference as Reference
from bartik.monitor.reference import remember as remember
from bartik.monitor.result import Monitored as Monitored
from bartik.monitor.result import Slice as Slice
from bartik.monitor.sketch import Sketch as Sketch
from bartik.monitor.sketch import sketch as sketch
from bartik.monitor.stream import Stream as Stream
from bartik.monitor.watch import watch as watch
