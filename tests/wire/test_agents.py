"""`agents`: who asks here, how often, with what luck; and requests of one session in `list`."""
from hp import Client, Error, Instance, request, tap, with_gateway


def gateway(text):
    return with_gateway(text, "  rate_limits: [{environment: production, per_minute: 60, burst: 5, effect: hold}]\n"
                        "  budgets: [{window: 24h, max_cost_usd: 100, effect: hold}]\n"
                        "  anomaly: {asked_again: hold}\n")


def of(reply, name):
    return next(item for item in reply["items"] if item["name"] == name)


with Instance(gateway) as instance:
    agent, reviewer = (Client(instance, name) for name in ("demo-agent-supervised", "reviewer"))
    quiet = reviewer.call(type="agents")
    tap.equal([item["name"] for item in quiet["items"]], ["demo-agent", "demo-agent-supervised"],
              "the agents, in the order of their names")
    tap.equal({name: of(quiet, "demo-agent")[name] for name in ("mode", "halted", "pending", "asked", "denied")},
              {"mode": "autonomous", "halted": False, "pending": 0, "asked": 0, "denied": 0},
              "an agent that has not asked")
    tap.ok("last_ms" not in of(quiet, "demo-agent"), "and has never")

    asked = [agent.submit(session="s%d" % (number % 2), resources=["db/%d" % number]) for number in range(3)]
    tap.equal(reviewer.decide(asked[0]["id"], "deny", "no")["state"], "denied", "one is denied")
    again = agent.submit(session="s1", resources=["db/0"])
    tap.ok("asked-again" in reviewer.call(type="show", id=again["id"])["flags"], "asks again after a denial")
    busy = of(reviewer.call(type="agents"), "demo-agent-supervised")
    tap.equal({name: busy[name] for name in ("pending", "asked", "approved", "denied", "anomalies")},
              {"pending": 3, "asked": 4, "approved": 0, "denied": 1, "anomalies": busy["anomalies"]}, "its counts")
    tap.ok(busy["anomalies"] >= 1, "its anomalies", busy)
    tap.ok(busy["last_ms"] > 0, "when it asked last")
    tap.equal((busy["rates"][0]["environment"], busy["rates"][0]["burst"], busy["rates"][0]["per_minute"],
               busy["rates"][0]["left"] < 5), ("production", 5, 60, True), "how its rate stands", )
    tap.equal((busy["spend"][0]["cap_micros"], busy["spend"][0]["spent_micros"]), (100_000_000, 37_500_000),
              "what it has spent or reserved; the denied one is given back")

    tap.equal({item["id"] for item in reviewer.call(type="list", session="s1")["items"]},
              {asked[1]["id"], again["id"]}, "list gives the requests of one session")
    tap.equal(reviewer.call(type="list", session="none")["items"], [], "and none of another")

    first = reviewer.call(type="agents", limit=1)
    tap.equal((len(first["items"]), first["next"]), (1, "demo-agent"), "pages")
    rest = reviewer.call(type="agents", limit=1, after=first["next"])
    tap.equal(([item["name"] for item in rest["items"]], "next" in rest), (["demo-agent-supervised"], False),
              "the last page")

    reviewer.call(type="halt", scope="agent", agent="demo-agent", reason="runs wild")
    halted = reviewer.call(type="agents")
    tap.equal((of(halted, "demo-agent")["halted"], of(halted, "demo-agent-supervised")["halted"]), (True, False),
              "a halt shows at its agent alone")
    tap.equal([(halt["agent"], halt["by"]) for halt in halted["halts"]], [("demo-agent", "reviewer")],
              "and in the list of halts")
    reviewer.call(type="halt", scope="all", reason="all stop")
    tap.ok(all(item["halted"] for item in reviewer.call(type="agents")["items"]), "a halt of all shows at each")

    owner = Client(instance, "developer", door="control")
    tap.equal(len(owner.call(type="agents")["items"]), 2, "a person sees the agents that are its own")
    try:
        agent.call(type="agents")
        tap.ok(False, "an agent sees none")
    except Error as error:
        tap.equal(error.code, "unauthorised", "an agent sees none")
tap.done()
