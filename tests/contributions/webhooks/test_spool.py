"""Deliveries on disk: none is lost, whatever ends, and whatever is away."""

import errno
import os
import subprocess
import sys
import threading

import pytest
from django.conf import settings as site
from django.db import DataError, OperationalError

from contributions import spool as module
from contributions.payloads import Delivery
from contributions.spool import Spool, SpoolFull


class Store:
    """Takes deliveries as the database does. `refuse`: what it raises, now or for one GUID."""

    def __init__(self):
        self.batches = []
        self.away = None
        self.refused = ""
        self.changed = threading.Event()

    def __call__(self, deliveries):
        if self.away:
            raise self.away
        if self.refused in {delivery.guid for delivery in deliveries}:
            raise DataError("No database takes this.")
        self.batches.append([delivery.guid for delivery in deliveries])
        self.changed.set()

    @property
    def guids(self):
        return [guid for batch in self.batches for guid in batch]


@pytest.fixture
def store():
    return Store()


@pytest.fixture
def spool(tmp_path, store):
    return Spool(tmp_path / "spool", store)


def put(spool, *guids):
    for guid in guids:
        spool.put(Delivery(guid, "issues", "I_1", "owner/one", (7, 8), ("owner/",), "U_1"))


def files(spool):
    return [path.name for path in spool.folder.glob("*")]


def test_a_delivery_comes_back_as_it_was_with_the_time_at_which_it_came():
    delivery = Delivery("guid-0001", "check_suite", "", "owner/one", (7, 8), ("owner/",), "U_1", 1764072000.25)
    assert Delivery.from_line(delivery.to_line()) == delivery
    assert Delivery.from_line(Delivery("guid-0001", "ping").to_line()).at > 1764072000


def test_what_was_put_is_stored_once_and_then_gone(spool, store):
    put(spool, "one", "two")
    assert spool.drain() == 2
    put(spool, "three")
    assert (spool.drain(), spool.drain()) == (1, 0)
    assert (store.batches, files(spool)) == ([["one", "two"], ["three"]], [])


def test_many_are_stored_in_batches(spool, store, monkeypatch):
    monkeypatch.setattr(module, "AT_ONCE", 2)
    put(spool, "one", "two", "three", "four", "five")
    assert spool.drain() == 5
    assert [len(batch) for batch in store.batches] == [2, 2, 1]


def test_while_the_database_is_away_all_stay_and_come_in_order(spool, store):
    store.away = OperationalError("The database is away.")
    for guid in ("one", "two"):
        put(spool, guid)
        with pytest.raises(OperationalError):
            spool.drain()
    assert len(files(spool)) == 2
    store.away = None
    assert spool.drain() == 2
    assert (store.guids, files(spool)) == (["one", "two"], [])


def test_one_that_no_database_takes_stands_before_nobody(spool, store):
    store.refused = "two"
    put(spool, "one", "two", "three")
    assert spool.drain() == 2
    assert (store.guids, files(spool)) == (["one", "three"], [])


@pytest.mark.parametrize("error", [ValueError(), TypeError(), OverflowError()])
def test_one_that_the_code_of_today_cannot_read_stands_before_nobody(spool, store, error):
    take = store.__class__.__call__

    def read(deliveries):
        if "two" in {delivery.guid for delivery in deliveries}:
            raise error
        take(store, deliveries)

    spool._store = read
    put(spool, "one", "two", "three")
    assert spool.drain() == 2
    assert (store.guids, files(spool)) == (["one", "three"], [])


def test_a_file_that_cannot_be_read_stands_before_no_other(spool, store, caplog):
    """Of another user, say: somebody once started the site as root."""
    spool.folder.mkdir()
    (spool.folder / "0-not-ours.deliveries").mkdir()
    put(spool, "one")
    with pytest.raises(IsADirectoryError):
        spool.drain()
    assert (store.guids, files(spool), spool._unstored) == (["one"], ["0-not-ours.deliveries"], 0)
    assert "0-not-ours.deliveries cannot be taken" in caplog.text


def test_a_forked_process_does_not_hold_the_file_of_the_one_before(spool, store):
    put(spool, "one")
    held = spool._file
    copy = os.dup(held)
    # What the parent does when it ends, and what the child does when it begins.
    os.close(held)
    spool._file = copy
    spool._begin_anew()
    assert (spool.drain(), store.guids) == (1, ["one"])


def test_a_process_that_is_killed_after_its_answer_loses_none(spool, store):
    code = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom contributions.payloads import Delivery\n"
        "from contributions.spool import Spool\nspool = Spool(Path(sys.argv[1]), print)\n"
        "for guid in ('one', 'two'): spool.put(Delivery(guid, 'issues'))\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(spool.folder)], cwd=site.BASE_DIR, check=False)
    assert ended.returncode == -9
    assert spool.drain() == 2
    assert (store.guids, files(spool)) == (["one", "two"], [])


def test_what_another_process_writes_to_is_left_to_it(spool, store):
    other = Spool(spool.folder, store)
    put(other, "one")
    assert (spool.drain(), store.guids) == (0, [])
    put(other, "two")
    assert (other.drain(), store.guids) == (2, ["one", "two"])


@pytest.mark.parametrize("rest", [b'["half', b"\xff\xfe", b"{}", b"[1, 2]", b'["a","b","c","d",5,[],"","now"]'])
def test_half_a_line_is_left_out_and_the_rest_is_stored(spool, store, rest):
    put(spool, "one")
    spool._retire()
    [path] = spool.folder.glob("*")
    path.write_bytes(path.read_bytes() + rest)
    assert (spool.drain(), store.guids, files(spool)) == (1, ["one"], [])


def test_after_half_a_write_the_next_begins_a_file_of_its_own(spool, store, monkeypatch):
    put(spool, "one")
    write = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda file, line: write(file, line[:10]))
        with pytest.raises(OSError, match="not written as a whole"):
            put(spool, "two")
    put(spool, "three")
    assert (spool.drain(), store.guids) == (2, ["one", "three"])


def test_no_more_is_kept_than_the_disk_can_spare(spool, store, monkeypatch):
    monkeypatch.setattr(module, "LARGEST", 200)
    store.away = OperationalError("The database is away.")
    put(spool, "one", "two")
    with pytest.raises(SpoolFull):
        put(spool, "three")
    with pytest.raises(OperationalError):
        spool.drain()
    with pytest.raises(SpoolFull):
        put(spool, "three")
    store.away = None
    assert spool.drain() == 2
    put(spool, "three", "four")


def test_only_the_site_itself_reads_it(spool):
    put(spool, "one")
    [path] = spool.folder.glob("*")
    assert (path.stat().st_mode & 0o777, spool.folder.stat().st_mode & 0o777) == (0o600, 0o700)


def test_many_threads_at_once_lose_none_while_it_is_stored(spool, store, monkeypatch):
    monkeypatch.setattr(module, "PAUSE", 0.001)
    spool.begin()
    thread = spool._thread
    spool.begin()
    assert spool._thread is thread
    threads = [threading.Thread(target=put, args=(spool, *(f"{each}-{n}" for n in range(50)))) for each in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    while len(store.guids) < 400 and store.changed.wait(60):
        store.changed.clear()
    assert sorted(store.guids) == sorted(f"{each}-{n}" for each in range(8) for n in range(50))


def test_it_stores_again_once_the_database_is_back(spool, store, monkeypatch):
    monkeypatch.setattr(module, "FIRST_WAIT", 0.001)
    monkeypatch.setattr(module, "LONGEST_WAIT", 0.001)
    store.away = OperationalError("The database is away.")
    spool.begin()
    put(spool, "one")
    store.away = None
    assert store.changed.wait(60)
    assert store.guids == ["one"]


def test_no_failure_ends_the_storing_for_good(spool, store, monkeypatch):
    monkeypatch.setattr(module, "FIRST_WAIT", 0.001)
    failures = [OperationalError("The connection cannot be closed.")]
    monkeypatch.setattr(module, "close_old_connections", lambda: failures and (_ for _ in ()).throw(failures.pop()))
    with monkeypatch.context() as patch:
        patch.setattr(module.threading.Thread, "start", lambda self: (_ for _ in ()).throw(RuntimeError("no more threads")))
        spool.begin()
        assert not spool.has_begun
    with monkeypatch.context() as patch:
        patch.setattr(spool, "_run", lambda: None)
        spool.begin()
        spool._thread.join()
    assert not spool.has_begun, "one that died is none"
    spool.begin()
    put(spool, "one")
    assert store.changed.wait(60)
    assert (store.guids, failures) == (["one"], [])


def test_a_flood_is_stored_when_it_ebbs(spool, monkeypatch):
    pauses = []

    def pause(_seconds):
        pauses.append(None)
        spool._came = module.FLOOD if len(pauses) < 4 else 0

    monkeypatch.setattr(module.time, "sleep", pause)
    spool._ebb()
    assert len(pauses) == 4
    monkeypatch.setattr(module, "LONGEST_PAUSE", -1)
    pauses.clear()
    spool._ebb()
    assert len(pauses) == 1


def test_a_folder_that_cannot_be_written_says_so(tmp_path, store):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError) as raised:
        put(Spool(tmp_path / "file" / "spool", store), "one")
    assert raised.value.errno in (errno.ENOTDIR, errno.EEXIST)
