"""What programs do with kazoo, on the server that the first argument names."""

import sys
import threading
import time

from kazoo.client import KazooClient
from kazoo.exceptions import (
    AuthFailedError,
    BadVersionError,
    InvalidACLError,
    NoAuthError,
    NoChildrenForEphemeralsError,
    NodeExistsError,
    NoNodeError,
    NotEmptyError,
    RolledBackError,
)
from kazoo.protocol.states import WatchedEvent
from kazoo.security import make_digest_acl

SERVER = sys.argv[1]
PATIENCE = 30


def connect(**options):
    client = KazooClient(hosts=SERVER, **options)
    client.start(timeout=PATIENCE)
    return client


def refused(error, call, *words, **options):
    try:
        call(*words, **options)
    except error:
        return
    raise AssertionError(f"{call.__name__}{words}: no {error.__name__}")


def data_and_children(zk):
    assert zk.create("/k", b"one", makepath=True) == "/k"
    refused(NodeExistsError, zk.create, "/k")
    refused(NoNodeError, zk.get, "/none")
    data, stat = zk.get("/k")
    assert (data, stat.version, stat.dataLength) == (b"one", 0, 3)
    assert zk.set("/k", b"two", version=0).version == 1
    refused(BadVersionError, zk.set, "/k", b"three", version=0)
    zk.ensure_path("/k/a/b/c")
    refused(NotEmptyError, zk.delete, "/k/a")
    children, stat = zk.get_children("/k", include_data=True)
    assert (children, stat.numChildren) == (["a"], 1)
    created, stat = zk.create("/k/s-", sequence=True, include_data=True)
    assert (created, stat.version) == ("/k/s-0000000001", 0)
    assert zk.sync("/k") == "/k"
    zk.delete("/k", recursive=True)
    assert zk.exists("/k") is None


def watches(zk, other):
    seen, rung = [], threading.Event()

    def watch(event: WatchedEvent):
        seen.append((event.type, event.path))
        rung.set()

    def next_event():
        assert rung.wait(PATIENCE)
        rung.clear()
        return seen.pop()

    assert zk.exists("/w", watch=watch) is None
    other.create("/w", b"")
    assert next_event() == ("CREATED", "/w")
    zk.get("/w", watch=watch)
    other.set("/w", b"new")
    assert next_event() == ("CHANGED", "/w")
    zk.get_children("/w", watch=watch)
    other.create("/w/c")
    assert next_event() == ("CHILD", "/w")
    values, all_seen = [], threading.Event()

    @zk.DataWatch("/w")
    def collect(data, _stat):
        values.append(data)
        if data == b"last":
            all_seen.set()
            return False

    other.set("/w", b"last")
    assert all_seen.wait(PATIENCE) and values[0] == b"new"
    other.delete("/w", recursive=True)


def ephemerals(zk):
    guest = connect()
    guest.create("/e", ephemeral=True)
    refused(NoChildrenForEphemeralsError, zk.create, "/e/c")
    gone = threading.Event()
    assert zk.exists("/e", watch=lambda _event: gone.set()).ephemeralOwner == guest.client_id[0]
    guest.stop()
    assert gone.wait(PATIENCE)


def transactions(zk):
    transaction = zk.transaction()
    transaction.create("/t", b"x")
    transaction.set_data("/t", b"y")
    transaction.check("/t", version=1)
    transaction.create("/t/c")
    transaction.delete("/t/c")
    created, stat, checked, child, deleted = transaction.commit()
    assert (created, stat.version, checked, child, deleted) == ("/t", 1, True, "/t/c", True)
    transaction = zk.transaction()
    transaction.create("/u")
    transaction.delete("/t", version=7)
    first, second = transaction.commit()
    assert isinstance(first, RolledBackError) and isinstance(second, BadVersionError)
    assert zk.exists("/u") is None
    zk.delete("/t")


def permissions(zk):
    owner = connect(auth_data=[("digest", "one:secret")])
    acl = make_digest_acl("one", "secret", all=True)
    owner.create("/p", b"mine", acl=[acl])
    refused(NoAuthError, zk.get, "/p")
    assert owner.get_acls("/p")[0] == [acl]
    zk.add_auth("digest", "one:secret")
    assert zk.get("/p")[0] == b"mine"
    refused(InvalidACLError, zk.set_acls, "/p", [])
    owner.delete("/p")
    owner.stop()


def recipes(zk, other):
    order = []
    with zk.Lock("/lock", "one"):
        rival = threading.Thread(target=lambda: take(other.Lock("/lock", "two"), order))
        rival.start()
        while len(zk.Lock("/lock").contenders()) < 2:
            time.sleep(0.005)
        order.append("one")
    rival.join(PATIENCE)
    assert order == ["one", "two"]
    counter = zk.Counter("/counter")
    counter += 3
    other_counter = other.Counter("/counter")
    other_counter -= 1
    assert counter.value == 2
    queue = zk.Queue("/queue")
    queue.put(b"first")
    queue.put(b"second")
    assert (other.Queue("/queue").get(), queue.get()) == (b"first", b"second")


def take(lock, order):
    with lock:
        order.append("two")


def connections(zk):
    assert zk.command(b"ruok") == "imok"
    assert zk.server_version()[:2] >= (3, 8)
    session = zk.client_id
    zk.create("/stays", ephemeral=True)
    zk.restart()
    assert zk.client_id != session and zk.exists("/stays") is None


def without_sasl():
    """A server without JAAS answers each step with no token, until the session is over: this client
    then knows that it cannot authenticate, where one whose connection breaks tries again for ever.
    """
    try:
        import puresasl  # noqa: F401
    except ImportError:
        return
    options = {"mechanism": "DIGEST-MD5", "username": "ann", "password": "s3cr3t"}
    zk = connect(timeout=4, sasl_options=options)
    try:
        zk.exists_async("/zookeeper").get(timeout=PATIENCE)
    except AuthFailedError:
        return
    raise AssertionError("authenticated")


one, two = connect(), connect()
data_and_children(one)
watches(one, two)
ephemerals(one)
transactions(one)
permissions(one)
recipes(one, two)
connections(one)
without_sasl()
one.stop()
two.stop()
print("kazoo is content")
