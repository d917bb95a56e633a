"""The fair queue: shares, patience, order, holds and bounds; held against an obvious model."""

from __future__ import annotations

from collections import Counter
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from fleettui.core.fair import AGEING, NEAR, WEIGHT, FairQueue, Taken, Terms, Ticket, Waits
from fleettui.core.model import PRIORITIES

PLANS = {"e": "enterprise", "s": "standard", "f": "free"}
LETTERS = {name[0]: name for name in PRIORITIES}


def plan_of(tenant: str) -> Terms:
    return Terms(PLANS[tenant[0]])


def filled(words: str, terms_of=plan_of) -> FairQueue:
    """Make a queue of `e-n1 f-c2`: tenant, and ids that begin with the letter of a priority."""
    queue = FairQueue(terms_of)
    for word in words.split():
        tenant, _, name = word.partition("-")
        queue.push(Ticket(name, tenant, LETTERS[name[0]], 0.0))
    return queue


def emptied(queue: FairQueue, now: float = 0.0) -> str:
    names = []
    while (taken := queue.take(now)) is not None:
        names.append(taken.ticket.id)
        queue.done(taken.ticket.id)
    return " ".join(names)


class Saturated:
    """Lines that are never empty: what is taken is replaced."""

    def __init__(self, lines, terms_of=plan_of):
        self.queue, self.now, self.number = FairQueue(terms_of), 0.0, 0
        self.served = Counter()
        for tenant, priority in lines:
            self.push(tenant, priority)
            self.push(tenant, priority)

    def push(self, tenant, priority):
        self.number += 1
        self.queue.push(Ticket(str(self.number), tenant, priority, self.now))

    def take(self, apart=0.0):
        taken = self.queue.take(self.now)
        assert taken is not None
        assert not taken.expired
        ticket = taken.ticket
        self.queue.done(ticket.id)
        self.served[ticket.tenant, ticket.priority] += 1
        self.push(ticket.tenant, ticket.priority)
        self.now += apart
        return ticket

    def shares(self, count, apart=0.0):
        for _ in range(count):
            self.take(apart)
        return {line: served / count for line, served in self.served.items()}


@pytest.mark.parametrize(
    ("pushed", "taken"),
    [
        ("", ""),
        ("f-n1 f-n2 f-n3", "n1 n2 n3"),
        ("f-l1 f-n1 f-h1 f-c1", "c1 h1 n1 l1"),
        ("f-n1 s-n2 e-n3", "n3 n2 n1"),
        ("f-c1 e-n1 s-h1", "c1 h1 n1"),
        ("f-h1 e-n1", "n1 h1"),
    ],
)
def test_the_highest_effective_priority_goes_first(pushed, taken):
    assert emptied(filled(pushed)) == taken


@pytest.mark.parametrize("apart", [0.0, 0.01, 1.0, 60.0])
@pytest.mark.parametrize(
    "lines",
    [
        {"e": "normal", "s": "normal", "f": "normal"},
        {"e": "normal", "s": "high", "f": "critical"},
        {"e1": "low", "e2": "low", "s1": "low", "f1": "low", "f2": "low", "f3": "low"},
        {"s1": "normal", "s2": "normal", "s3": "normal"},
    ],
)
def test_saturated_tenants_share_by_their_weights_however_slow_service_is(lines, apart):
    shares = Saturated(lines.items()).shares(7000, apart)
    weights = {tenant: WEIGHT[plan_of(tenant).plan] for tenant in lines}
    for (tenant, _), share in shares.items():
        assert share == pytest.approx(weights[tenant] / sum(weights.values()), rel=0.05)


@pytest.mark.parametrize("apart", [0.0, 1.0, 60.0])
def test_low_keeps_five_percent_under_any_flood(apart):
    flood = [(f"e{number}", name) for number in range(40) for name in ("critical", "high")]
    shares = Saturated([*flood, ("f", "low")]).shares(20_000, apart)
    assert shares["f", "low"] >= 0.05


def test_more_urgent_lines_of_a_tenant_get_more():
    shares = Saturated([("s", name) for name in PRIORITIES]).shares(15_000)
    assert [round(shares["s", name] * 15) for name in PRIORITIES] == [8, 4, 2, 1]


def test_an_aged_flood_does_not_outrank_a_new_message_of_a_quiet_tenant():
    queue = FairQueue(plan_of)
    for number in range(50_000):
        queue.push(Ticket(f"flood{number}", "s1", "normal", 0.0))
    late = 100 * AGEING
    queue.done(queue.take(late).ticket.id)
    queue.push(Ticket("quiet", "s2", "normal", late))
    first = [queue.take(late).ticket.id for _ in range(2)]
    assert "quiet" in first


def test_a_line_that_waits_rises_and_falls_back_when_it_was_served():
    queue = filled("f-l1 f-l2 s-n1 s-n2 s-n3")
    assert (queue.effective("l1"), queue.effective("n1")) == (0, 2)
    queue.take(2 * AGEING)
    assert queue.effective("l1") == 2
    while queue.take(2 * AGEING).ticket.id != "l1":
        pass
    assert queue.effective("l2") == 0


def test_a_ticket_near_its_deadline_rises_and_a_late_one_is_told_of():
    queue = FairQueue(plan_of)
    queue.push(Ticket("a", "s", "normal", 0.0))
    queue.push(Ticket("b", "f", "normal", 0.0, deadline=20.0))
    queue.push(Ticket("c", "f", "normal", 0.0, deadline=21.0))
    assert queue.effective("b") == 1
    assert queue.take(20.0 - NEAR).ticket.id == "b"
    assert queue.take(30.0) == Taken(Ticket("c", "f", "normal", 0.0, 21.0), expired=True)
    assert not queue.is_running("c")
    assert len(queue) == 1


def test_a_held_tenant_gives_nothing_but_what_is_late():
    held = {"s": "alice"}
    queue = FairQueue(lambda tenant: Terms("standard", 0, held.get(tenant, "")))
    queue.push(Ticket("a", "s", "critical", 0.0))
    queue.push(Ticket("b", "s", "low", 0.0, deadline=5.0))
    assert queue.why("a") == Waits("tenant_held", "alice")
    assert queue.take(1.0) is None
    assert queue.take(6.0).expired
    held.clear()
    queue.refresh("s")
    assert queue.take(6.0).ticket.id == "a"


def test_bounds_of_tenants_and_keys_are_kept_and_told():
    queue = FairQueue(lambda _: Terms("free", 2, "", 1))
    for name, key in (("a1", "ann"), ("a2", "ann"), ("b1", "bob"), ("c1", "cat")):
        queue.push(Ticket(name, "f", "normal", 0.0, key=key))
    assert [queue.take(0.0).ticket.id for _ in range(2)] == ["a1", "b1"]
    assert queue.take(0.0) is None
    assert queue.why("c1") == Waits("tenant_full", "", 2, 2)
    queue.done("b1")
    assert queue.why("a2") == Waits("key_full", "ann", 1, 1)
    assert queue.take(0.0).ticket.id == "c1"
    queue.done("a1")
    assert queue.take(0.0).ticket.id == "a2"


def test_what_was_dropped_comes_back_where_it_stood():
    queue = filled("f-n1 f-n2 f-n3 f-n4")
    dropped = [queue.drop("n3"), queue.drop("n1")]
    for one in dropped:
        queue.restore(one)
        queue.restore(one)
    assert emptied(queue) == "n1 n2 n3 n4"


def test_a_held_ticket_keeps_its_place():
    queue = filled("f-n1 f-n2 f-n3")
    queue.hold("n2", "ann")
    assert queue.why("n2") == Waits("held", "ann")
    assert queue.take(0.0).ticket.id == "n1"
    queue.release("n2")
    assert emptied(queue) == "n2 n3"


def test_a_ticket_is_moved_to_the_beginning_the_end_or_another_line():
    queue = filled("f-n1 f-n2 f-n3 f-l1")
    queue.move("n3", first=True)
    queue.move("n1")
    queue.move("l1", "high")
    assert emptied(queue) == "l1 n3 n2 n1"


@given(st.lists(st.sampled_from([f"{a}{b}" for a, b in product("esf", "123")]), max_size=60))
def test_a_quiet_tenant_waits_for_a_round_at_most(tenants):
    """Whoever comes newly is served within the credit of one round, whoever floods."""
    crowd = Saturated({(tenant, "normal") for tenant in tenants})
    for _ in range(len(tenants)):
        crowd.take()
    crowd.push("f9", "normal")
    most = 1 + sum(WEIGHT[plan_of(tenant).plan] for tenant in set(tenants))
    assert "f9" in [crowd.take().tenant for _ in range(most)]


@settings(max_examples=40, deadline=None)
@given(
    st.sets(st.tuples(st.sampled_from(["e1", "e2", "s1", "f1", "f2"]), st.sampled_from(PRIORITIES)),
            min_size=1),
    st.sampled_from([0.0, 0.1, 5.0, 100.0]),
)  # fmt: skip
def test_nobody_starves_whatever_the_rate(lines, apart):
    crowd = Saturated(lines)
    crowd.shares(60 * len(lines), apart)
    assert set(crowd.served) == lines


class FairMachine(RuleBasedStateMachine):
    """Nothing is lost or given twice; order, holds and bounds hold; whoever may go, goes."""

    def __init__(self):
        super().__init__()
        self.held, self.most = {}, {}
        self.queue = FairQueue(self.terms)
        self.number, self.now = 0, 0.0
        self.waiting = {}
        self.stopped = {}
        self.running = {}
        self.dropped = []

    def terms(self, tenant):
        return Terms(PLANS[tenant[0]], self.most.get(tenant, 0), self.held.get(tenant, ""), 2)

    def may(self, ticket):
        if self.held.get(ticket.tenant) or ticket.id in self.stopped:
            return False
        mine = [one for one in self.running.values() if one.tenant == ticket.tenant]
        keyed = sum(one.key == ticket.key for one in mine)
        most = self.most.get(ticket.tenant, 0)
        return not (most and len(mine) >= most) and not (ticket.key and keyed >= 2)

    @rule(
        tenant=st.sampled_from(["e", "s", "f", "f2"]), priority=st.sampled_from(PRIORITIES),
        key=st.sampled_from(["", "ann", "bob"]), count=st.integers(1, 4),
    )  # fmt: skip
    def push(self, tenant, priority, key, count):
        for _ in range(count):
            self.number += 1
            ticket = Ticket(str(self.number), tenant, priority, self.now, key=key)
            self.queue.push(ticket)
            self.waiting[ticket.id] = (self.number, ticket)

    @rule(later=st.sampled_from([0.0, 0.0, 3.0, 50.0]))
    def take(self, later):
        self.now += later
        able = [pair for pair in self.waiting.values() if self.may(pair[1])]
        taken = self.queue.take(self.now)
        assert (taken is None) == (not able)
        if taken is None:
            return
        ticket = taken.ticket
        assert self.may(ticket)
        number, _ = self.waiting.pop(ticket.id)
        line = [
            at for at, one in able if (one.tenant, one.priority) == (ticket.tenant, ticket.priority)
        ]
        assert number == min(line)
        self.running[ticket.id] = ticket

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def done(self, data):
        name = data.draw(st.sampled_from(sorted(self.running)))
        self.queue.done(name)
        del self.running[name]

    @precondition(lambda self: self.waiting)
    @rule(data=st.data(), by=st.sampled_from(["ann", "bob"]))
    def hold_or_release(self, data, by):
        name = data.draw(st.sampled_from(sorted(self.waiting)))
        if self.stopped.pop(name, None):
            self.queue.release(name)
        else:
            self.queue.hold(name, by)
            self.stopped[name] = by

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def drop(self, data):
        name = data.draw(st.sampled_from(sorted(self.waiting)))
        self.stopped.pop(name, None)
        self.dropped.append((self.queue.drop(name), self.waiting.pop(name)))

    @precondition(lambda self: self.dropped)
    @rule()
    def restore(self):
        dropped, pair = self.dropped.pop(0)
        self.queue.restore(dropped)
        self.waiting[pair[1].id] = pair

    @rule(tenant=st.sampled_from(["e", "s", "f"]), by=st.sampled_from(["", "alice"]))
    def hold_tenant(self, tenant, by):
        self.held[tenant] = by
        self.queue.refresh(tenant)

    @rule(tenant=st.sampled_from(["e", "s", "f"]), most=st.integers(0, 3))
    def bound(self, tenant, most):
        self.most[tenant] = most
        self.queue.refresh()

    @invariant()
    def nothing_is_lost(self):
        assert len(self.queue) == len(self.waiting)
        assert self.queue.running == len(self.running)
        for name in self.waiting:
            assert self.queue.why(name) is not None


TestFairMachine = FairMachine.TestCase
TestFairMachine.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)
