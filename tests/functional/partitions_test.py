"""Partitions on both engines: what failed or was cut short is fetched again, and nothing else (CO1)."""

import pytest
from api import items
from project import api, postgres_server, project, store  # noqa: F401 (fixtures)

COUNT, BROKEN_FROM = 30, 21


def numbers(first, last=COUNT):
    return [str(number) for number in range(first, last + 1)]


@pytest.fixture
def world(api, project, store):  # noqa: F811
    class World:
        broken = True

        def collector(self, **more):
            router = {"type": "list", "values": numbers(1), "as": "n"}
            project.collector(parameters={"n": "{{ partition.n }}"}, partition_router=router, **more)

        def collect(self, *arguments):
            """The run, and which partitions it asked for."""
            api.forget()
            return project.collect("items", *arguments), api.asked("n")

        def ids(self):
            return [int(cell) for (cell,) in store.query("SELECT id FROM items ORDER BY id")]

    world = World()
    api.answer = lambda request: 500 if world.broken and int(request.query["n"]) >= BROKEN_FROM else items(int(request.query["n"]))
    return world


def test_some_that_fail_make_the_run_partial_and_only_they_are_fetched_again(world, store):  # noqa: F811
    world.collector(max_failed_partitions="50%")
    run, asked = world.collect()
    assert (run.summary(), asked) == ((1, "partial"), numbers(1))
    assert run.failure_type == "transient" and "10 of 30 partitions failed: n=21: " in run.error
    assert world.ids() == list(range(1, 21))

    again, asked = world.collect()  # still broken: the twenty count for the rule, and are left alone
    assert (again.summary(), asked) == ((1, "partial"), numbers(21))
    fresh, asked = world.collect("--fresh")
    assert (fresh.summary(), asked) == ((1, "partial"), numbers(1))
    assert fresh.counts["unchanged"] == 20

    world.broken = False
    repaired, asked = world.collect()
    assert (repaired.summary(), asked) == ((0, "success"), numbers(21))
    assert repaired.counts["inserted"] == 10
    assert world.ids() == list(range(1, 31))
    assert store.runs("items") == ["partial", "partial", "partial", "success"]

    whole, asked = world.collect()  # nothing is left open: a cycle of its own
    assert (whole.summary(), asked) == ((0, "success"), numbers(1))
    assert whole.counts["unchanged"] == 30


def test_too_many_that_fail_end_the_run_which_keeps_what_it_has(world, store):  # noqa: F811
    world.collector()
    run, asked = world.collect()
    assert run.summary() == (3, "failed") and "were not tried any more" in run.error
    assert asked[:21] == numbers(1, 21) and len(asked) < COUNT
    assert world.ids() == list(range(1, 21))
    assert store.slices("items") == sorted(store.slices("items"), key=lambda name: int(name[2:])) and len(store.slices("items")) == 20

    world.broken = False
    repaired, asked = world.collect()
    assert (repaired.summary(), asked) == ((0, "success"), numbers(21))
    fresh, asked = world.collect("--fresh")
    assert (fresh.summary(), asked) == ((0, "success"), numbers(1))
    assert world.ids() == list(range(1, 31))


def test_one_killed_in_the_middle_is_gone_on_with(world, store, api, project):  # noqa: F811
    world.broken = False
    world.collector()
    with api.hold(lambda request: request.query["n"] == "12") as held, project.begin("items") as process:
        held.wait()
        process.kill()
    assert store.runs("items") == ["running"]
    store.expire_leases()

    run, asked = world.collect()
    assert (run.summary(), asked) == ((0, "success"), numbers(12))
    assert run.counts["inserted"] == 19
    assert store.runs("items") == ["lost", "success"]
    table = store.ledger("runs")
    assert store.query(f"SELECT inserted, failure_type FROM {table} WHERE state = 'lost'") == [("11", "transient")]
    assert world.ids() == list(range(1, 31)) and len(store.slices("items")) == COUNT


def test_another_definition_begins_anew(world):
    world.collector(max_failed_partitions="50%")
    world.collect()
    world.broken = False
    world.collector(max_failed_partitions="50%", fields={"id": {"path": "id", "type": "integer"}, "name": {"path": "name", "case": "upper"}})
    run, asked = world.collect()
    assert (run.summary(), asked) == ((0, "success"), numbers(1))
    assert (run.counts["inserted"], run.counts["updated"]) == (10, 20)
