import json, os, uuid, zmq, msgpack
key, broker = (json.load(open(os.environ[v])) for v in ("HOLDPOINT_KEY", "HOLDPOINT_BROKER"))
s = zmq.Context.instance().socket(zmq.REQ)
s.curve_publickey, s.curve_secretkey, s.curve_serverkey = (k.encode() for k in (key["curve_public"], key["curve_secret"], broker["curve_public"]))
s.connect(broker["agents"])
def call(**m):
    s.send_multipart([b"HPP/1", msgpack.packb({"seq": 1, **m})]); return msgpack.unpackb(s.recv_multipart()[1])
r = call(type="submit", id=str(uuid.uuid4()), action={"operation": "k8s:Restart", "environment": "staging", "resources": ["deploy/api"]}, summary="Restart api",
         why="OOM loop since 02:10", impact={"resources_affected": 1, "reversible": True}, alternatives=[], rollback=None)
while r["state"] == "pending": r = call(type="wait", id=r["id"], until="decided", timeout_ms=30000)
