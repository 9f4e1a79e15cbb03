import sys

import pytest

from layers import Failing, Texture, same, utm_grid
from satdesk.errors import BrokenInputError, MachineError, UsageError
from satdesk.scale.dask import Dask
from satdesk.scale.run import run, stream

LAYER = Texture(grid=utm_grid(50, 40))


@pytest.mark.parametrize("scheduler", ["synchronous", "threads"])
def test_local_schedulers_give_the_same_bytes(scheduler):
    pytest.importorskip("dask")
    assert same(run(LAYER, Dask(scheduler, ahead=3), tile=16), LAYER.read(LAYER.grid))


def test_errors_come_back_as_they_were():
    pytest.importorskip("dask")
    layer = Failing(source=LAYER, from_row=16)
    with pytest.raises(BrokenInputError) as caught:
        run(layer, Dask("threads"), tile=16)
    assert caught.value.subject == "16,0"


def test_an_unknown_scheduler_is_refused():
    pytest.importorskip("dask")
    with pytest.raises(UsageError, match="unknown dask scheduler"):
        Dask("slurm")
    with pytest.raises(UsageError, match="under way"):
        Dask("threads", ahead=0)


@pytest.mark.parametrize("wrong", [{"scheduler": None}, {"scheduler": 4}, {"ahead": 2.5}])
def test_what_is_no_scheduler_is_named(wrong):
    pytest.importorskip("dask")
    with pytest.raises(UsageError, match=r"Dask\(\w+\): an argument is of another kind"):
        Dask(**({"scheduler": "threads"} | wrong))


def test_without_dask_the_message_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "dask", None)
    with pytest.raises(UsageError, match=r"satdesk\[dask\]"):
        Dask("threads")


class Client:
    """A stand-in for ``distributed.Client`` that works at once, and may lose its workers."""

    def __init__(self, error=None):
        self.error = error
        self.cancelled = 0
        self.waiting = 0
        self.most = 0

    def scatter(self, layer, **_options):
        return layer

    def submit(self, function, layer, grid, **_options):
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        return Future(self, function, layer, grid)


class Future:
    def __init__(self, client, function, *arguments):
        self.client, self.function, self.arguments = client, function, arguments

    def result(self):
        self.client.waiting -= 1
        if self.client.error is not None:
            raise self.client.error
        return self.function(*self.arguments)

    def cancel(self):
        self.client.cancelled += 1


def test_a_client_gives_the_same_bytes_within_its_bound():
    pytest.importorskip("distributed")
    client = Client()
    assert same(run(LAYER, Dask(client, ahead=4), tile=8), LAYER.read(LAYER.grid))
    assert client.most == 4


def test_stopping_cancels_what_is_under_way():
    pytest.importorskip("distributed")
    client = Client()
    parts = stream(LAYER, Dask(client, ahead=4), tile=8)
    next(parts)
    parts.close()
    assert client.cancelled == 3


def test_a_lost_cluster_is_the_machines_failure():
    pytest.importorskip("distributed")
    with pytest.raises(MachineError, match="the cluster failed"):
        run(LAYER, Dask(Client(ConnectionError("gone"))), tile=8)


@pytest.mark.filterwarnings("ignore::UserWarning")  # distributed's own, about its dashboard
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_real_cluster_gives_the_same_bytes():
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=1,
            threads_per_worker=2,
            processes=False,
            dashboard_address=":0",
            protocol="tcp://",
            host="127.0.0.1",
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        assert same(run(LAYER, Dask(client), tile=16), LAYER.read(LAYER.grid))
        with pytest.raises(BrokenInputError):
            run(Failing(source=LAYER, from_row=16), Dask(client), tile=16)
