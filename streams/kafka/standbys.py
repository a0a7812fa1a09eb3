"""Which worker keeps the state of which other worker's partitions at hand: one for each that is owned.

In this order: no worker stands by for itself; who stood by goes on, unless that is more than its part; what one owner
has is divided among all others, so that its end is everybody's; and nobody has much more than another.
"""

from collections import Counter
from collections.abc import Collection, Mapping

Place = tuple[str, int]  # topic, partition
Assignment = dict[str, dict[str, list[int]]]  # member, topic


def choose_standbys(
    assignment: Assignment, ready: Mapping[str, Collection[str]], before: Mapping[Place, str]
) -> dict[str, set[Place]]:
    """What each member stands by for; the same for the same input.

    `ready`: the topics of those that do. `before`: who stood by so far.
    """
    chosen: dict[str, set[Place]] = {name: set() for name in sorted(ready)}
    owners = {(topic, one): name for name, parts in assignment.items() for topic, some in parts.items() for one in some}
    if not chosen:
        return chosen
    most = -(-len(owners) // len(chosen))
    between = Counter[tuple[str, str]]()  # owner, standby
    left = []
    for place in sorted(owners):
        owner, name = owners[place], before.get(place, "")
        if name in chosen and name != owner and place[0] in ready[name] and len(chosen[name]) < most:
            chosen[name].add(place)
            between[owner, name] += 1
        else:
            left.append(place)
    for place in left:
        owner = owners[place]
        others = [name for name in chosen if name != owner and place[0] in ready[name]]
        if others:
            name = min(others, key=lambda name: (between[owner, name], len(chosen[name])))
            chosen[name].add(place)
            between[owner, name] += 1
    return chosen
