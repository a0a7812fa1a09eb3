"""Every fault, by name."""

from typing import Final

from tests.faults.crashes import at_commit_steps, deliveries, in_restore
from tests.faults.fault import Fault
from tests.faults.ground import behind_a_proxy, three_brokers
from tests.faults.membership import nothing, storm, zombies
from tests.faults.outages import broker_crashes, network, rolling_bounce
from tests.faults.proxy import Proxy
from tests.faults.traffic import twice_and_out_of_order

FAULTS: Final = {
    fault.name: fault
    for fault in (
        Fault("kill-in-commit", at_commit_steps),
        Fault("zombie", zombies),
        Fault("rebalance-storm", storm),
        Fault("broker-crash", broker_crashes(3)),
        Fault("rolling-bounce", rolling_bounce, ground=three_brokers, replicas=3),
        Fault("cut-5s", network(Proxy.cut, 5), ground=behind_a_proxy),
        Fault("cut-30s", network(Proxy.cut, 30), ground=behind_a_proxy),
        Fault("blackhole-15s", network(Proxy.blackhole, 15), ground=behind_a_proxy),
        Fault("latency-2s", network(lambda proxy: proxy.delay(2), 20), ground=behind_a_proxy),
        Fault("duplicates", nothing, source=twice_and_out_of_order),
        Fault("kill-in-restore", in_restore, source=deliveries, workers=1),
    )
}
