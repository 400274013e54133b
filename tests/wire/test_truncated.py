"""Every message cut at every length, and frames of wrong shapes: answered or dropped, never a crash."""
import msgpack

from hp import Client, Instance, tap
from samples import SAMPLES

with Instance() as instance:
    clients = {"control": Client(instance, "admin"), "agents": Client(instance, "demo-agent")}
    for message, fields in sorted(SAMPLES.items()):
        whole = msgpack.packb({"type": message, "seq": 7, **fields}, use_bin_type=True)
        for door, client in clients.items():
            for cut in range(len(whole)):
                client.send_raw(whole[:cut])
            answers = [client.receive() for _ in range(len(whole))]
            bad = [a for a in answers if a is None or a["type"] != "error" or a["code"] != "malformed" or a["re"] is not None]
            tap.equal(bad, [], f"{message} on {door}: {len(whole)} prefixes, each malformed with re nil")
    client = clients["agents"]
    shapes = {
        "an empty map": (msgpack.packb({}), b"HPP/1"), "an array": (msgpack.packb([]), b"HPP/1"),
        "a string": (msgpack.packb("x"), b"HPP/1"), "nothing": (b"", b"HPP/1"),
        "another protocol": (msgpack.packb({"type": "ping", "seq": 1}), b"HPP/2"),
        "a negative seq": (msgpack.packb({"type": "ping", "seq": -1}), b"HPP/1"),
        "a second map": (msgpack.packb({"type": "ping", "seq": 1}) * 2, b"HPP/1"),
        "duplicate keys": (b"\x83\xa4type\xa4ping\xa3seq\x01\xa3seq\x02", b"HPP/1"),
        "an ext": (b"\x82\xa4type\xa4ping\xa3seq\xd4\x01\x02", b"HPP/1"),
        "a huge array": (b"\x82\xa4type\xa4ping\xa3seq\xdd\xff\xff\xff\xff", b"HPP/1"),
        "depth 17": (b"\x82\xa4type\xa4ping\xa3seq" + b"\x91" * 17 + b"\x01", b"HPP/1"),
        "bad UTF-8": (b"\x82\xa4type\xa1\xff\xa3seq\x01", b"HPP/1"),
    }
    for name, (payload, protocol) in shapes.items():
        client.send_raw(payload, protocol)
        reply = client.receive()
        tap.ok(reply and reply["type"] == "error" and reply["code"] in ("malformed", "too_large"),
               f"{name} is answered as malformed", reply)
    client.send_raw(msgpack.packb({"type": "ping", "seq": 1, "pad": "x" * 65537}))
    tap.equal(client.receive()["code"], "too_large", "a string over 64 KiB")
    client.socket.send_multipart([b"no delimiter", b"HPP/1", msgpack.packb({"type": "ping", "seq": 1})])
    tap.equal(client.receive(300), None, "a message without the empty delimiter is dropped")
    client.socket.send_multipart([b"", b"HPP/1"])
    tap.equal(client.receive()["code"], "malformed", "a message without a map")
    client.socket.send_multipart([b"", b"HPP/1", msgpack.packb({"type": "ping", "seq": 1}), b"more"])
    tap.equal(client.receive()["code"], "malformed", "a message with a frame too many")
    client.socket.send_multipart([b"a", b"b", b"", b"HPP/1", msgpack.packb({"type": "ping", "seq": 9})])
    frames = client.socket.recv_multipart()
    tap.equal(frames[:3], [b"a", b"b", b""], "a longer envelope is echoed whole")
    tap.equal(client.call(type="ping")["type"], "pong", "and the broker serves on")
    big = Client(instance, "demo-agent")
    big.send_raw(b"\xc0" * (256 * 1024 + 1))
    tap.equal(big.receive(500), None, "a message over 256 KiB ends its connection")
    tap.equal(client.call(type="ping")["type"], "pong", "and no other")
    tap.equal(instance.verify(), "", "the log verifies")
tap.done()
