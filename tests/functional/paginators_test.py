"""Page sets that lie, on both engines: what they gave is kept where that does no harm, and nobody takes it for all (CO3)."""

from dataclasses import dataclass, field

import pytest
from api import items
from project import api, postgres_server, project, store  # noqa: F401 (fixtures)

PAGE = {"type": "page", "page_parameter": "page"}
CURSOR = {"type": "cursor", "cursor_path": "next", "cursor_parameter": "cursor"}


@dataclass
class Lie:
    paginator: dict
    pages: list          # the answers, in turn; the last one for ever
    kept: list = field(default_factory=list)  # of the rows
    reason: str = ""


def page(*numbers, **more):
    return items(*numbers) | more


LIES = {
    "a page comes again": Lie(PAGE, [page(1, 2), page(3, 4)], [1, 2, 3, 4], "pages 2 and 3 hold the same 2 records"),
    "the cursors go round": Lie(CURSOR, [page(1, 2, next="a"), page(3, 4, next="b"), page(5, 6, next="a")], [1, 2, 3, 4, 5, 6],
                                "the pages go round in a circle"),
    "an empty page in the middle": Lie({**PAGE, "total_pages_path": "pages"}, [page(1, 2, pages=3), page(pages=3), page(5, 6, pages=3)],
                                       [1, 2], "page 2 is empty, 3 pages were announced"),
    "the total shrinks": Lie({**CURSOR, "total_path": "total"}, [page(1, 2, total=6, next="a"), page(3, 4, total=5, next="b"),
                                                                 page(5, total=5)],
                             [1, 2, 3, 4], "announces 5 in all where 6 were announced before"),
    "fewer than announced": Lie({**CURSOR, "total_path": "total"}, [page(1, 2, total=6, next="a"), page(3, 4, total=6)], [1, 2, 3, 4],
                                "4 records came, 6 were announced"),
    "no end": Lie({**PAGE, "max_pages": 2}, [page(1, 2), page(3, 4), page(5, 6)], [1, 2, 3, 4], "no end after 2 pages"),
}


@pytest.fixture(params=LIES)
def lie(request):
    return LIES[request.param]


@pytest.fixture
def collect(api, project):  # noqa: F811
    def collect(pages):
        """One run; these are its answers."""
        api.forget()
        api.answer = lambda request: pages[min(len(api.requests), len(pages)) - 1]
        return project.collect()

    return collect


@pytest.fixture
def ids(store):  # noqa: F811
    return lambda: [int(cell) for (cell,) in store.query("SELECT id FROM items ORDER BY id")]


def whole(*numbers):
    """The same API on a good day: one page, and nothing behind it."""
    return [page(*numbers, total=len(numbers), pages=1), page(total=len(numbers), pages=1)]


def assert_incomplete(run, lie, store):  # noqa: F811
    assert run.summary() == (1, "incomplete")
    assert lie.reason in run.error
    assert store.runs("items")[-1] == "incomplete"


def test_a_merge_keeps_the_rows_and_not_the_cursor(store, project, collect, ids, lie):  # noqa: F811
    def cursor():
        return store.query(f"SELECT high_water FROM {store.ledger('cursors')} WHERE collector = 'items'")

    project.collector(paginator=lie.paginator, incremental_sync={"cursor_field": "id", "cursor_format": "integer"})
    assert collect(whole(1)).summary() == (0, "success")
    assert cursor() == [("1",)]

    assert_incomplete(collect(lie.pages), lie, store)
    assert ids() == lie.kept and cursor() == [("1",)]

    assert collect(whole(1, 2, 3, 4, 5, 6)).summary() == (0, "success")  # nothing is missing when it tells the truth again
    assert ids() == [1, 2, 3, 4, 5, 6] and cursor() == [("6",)]


@pytest.mark.parametrize("destination, expected", [
    ({"write_disposition": "append", "primary_key": None}, [9]),
    ({"write_disposition": "replace", "primary_key": None}, [9]),
    ({"write_disposition": "append"}, None),
], ids=["keyless append", "replace", "keyed append"])
def test_what_cannot_be_repeated_or_would_take_the_place_of_more_is_not_committed(store, project, collect, ids, lie,  # noqa: F811
                                                                                 destination, expected):
    project.collector(paginator=lie.paginator, destination=destination)
    assert collect(whole(9)).summary() == (0, "success")
    assert_incomplete(collect(lie.pages), lie, store)
    assert ids() == (expected or lie.kept + [9])


def test_growth_is_no_fault(store, project, collect, ids):  # noqa: F811
    project.collector(paginator={**CURSOR, "total_path": "total"})
    run = collect([page(1, 2, total=3, next="a"), page(3, 4, total=5, next="b"), page(5, total=5)])
    assert run.summary() == (0, "success") and ids() == [1, 2, 3, 4, 5]


def test_a_tolerance_is_tolerated(store, project, collect, ids):  # noqa: F811
    project.collector(paginator={**CURSOR, "total_path": "total", "total_tolerance": 1})
    assert collect([page(1, 2, total=4, next="a"), page(3, total=3)]).summary() == (0, "success")
    assert ids() == [1, 2, 3]


@pytest.mark.parametrize("paginator", [PAGE, {**PAGE, "total_path": "total"}, CURSOR], ids=["page", "with total", "cursor"])
def test_max_records_is_an_end_that_was_asked_for(store, api, project, ids, paginator):  # noqa: F811
    project.collector(paginator={**paginator, "max_records": 4})
    api.answer = lambda request: page(2 * len(api.requests) - 1, 2 * len(api.requests), total=100, next=str(len(api.requests)))
    run = project.collect()
    assert run.summary() == (0, "success") and len(api.requests) == 2
    assert ids() == [1, 2, 3, 4]
