// LangGraph's human in the loop, with holdpoint in the place of the human's end: the graph
// interrupts before its dangerous node, the request waits in holdpoint, and the graph is resumed by
// what was decided there. The graph's own process may go away meanwhile: the request's id is the
// interrupt's, so asking again finds the same request and never asks twice.
//
// The executor that has the credentials runs what was granted; the graph has none. Resumed by
// somebody else with an "approve" of their own, it would do nothing.
import { createHash } from "node:crypto";
import { Annotation, Command, END, MemorySaver, START, StateGraph, interrupt } from "@langchain/langgraph";
import { Holdpoint } from "holdpoint-example-node/holdpoint.mjs";

const hold = new Holdpoint();

const State = Annotation.Root({
	plan: Annotation(),
	decision: Annotation(),
	outcome: Annotation(),
});

// In a real graph a model writes this.
const plan = () => ({
	plan: {
		action: {
			operation: "rds:CreateDBInstanceReadReplica", environment: "production",
			resources: ["orders-ro"], arguments: { Class: "db.t3.small" }, audience: "executor",
		},
		summary: "Add a read replica for reports",
		why: "Reports slow down the primary.",
		impact: { resources_affected: 1, cost_usd: 12.5, reversible: true },
	},
});

const review = (state) => ({ decision: interrupt(state.plan) });

const act = ({ plan, decision }) => ({
	outcome: decision?.state === "succeeded"
		? `done: ${plan.action.operation} ${plan.action.resources[0]}`
		: `not done: ${decision?.state}: ${decision?.reason}`,
});

const graph = new StateGraph(State)
	.addNode("planning", plan).addNode("review", review).addNode("act", act)
	.addEdge(START, "planning").addEdge("planning", "review").addEdge("review", "act").addEdge("act", END)
	.compile({ checkpointer: new MemorySaver() });

// A UUID (version 8, RFC 9562) that says which interrupt of which thread it is.
function idOf(thread, interruptId) {
	const hex = createHash("sha256").update(`${thread}/${interruptId}`).digest("hex");
	return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

const thread = process.argv[2] ?? `thread-${Date.now()}`;
const config = { configurable: { thread_id: thread } };
let result = await graph.invoke({}, config);
while (result.__interrupt__) {
	const [stopped] = result.__interrupt__;
	const id = idOf(thread, stopped.id);
	console.log(`waiting for ${id}`);
	const decided = await hold.ask({ id, session: thread.slice(0, 64), ...stopped.value });
	result = await graph.invoke(new Command({ resume: { id, ...decided } }), config);
}
console.log(result.outcome);
hold.close();
