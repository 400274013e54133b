// An agent that asks before it acts; its branches do not wait for each other.
import { execFileSync } from "node:child_process";
import { Holdpoint } from "./holdpoint.mjs";

const hold = new Holdpoint();

async function branch(name, request) {
	const decided = await hold.ask(request);
	if (decided.state !== "granted") {
		const why = decided.reason ?? decided.message ?? `by ${decided.by}`;
		console.log(`${name}: ${decided.state ?? decided.code}: ${why}`);
		return;
	}
	const claimed = await hold.claim(decided.id);
	if (claimed.type !== "claimed") {
		console.log(`${name}: not claimed: ${claimed.reason ?? claimed.message}`);
		return;
	}
	const [program, ...words] = claimed.action.command;
	let output, succeeded = true;
	try {
		output = execFileSync(program, words, { encoding: "utf8" });
	} catch (error) {
		succeeded = false;
		output = String(error.message);
	}
	await hold.report(decided.id, succeeded, output);
	console.log(`${name}: ${succeeded ? "done" : "failed"}`);
}

await Promise.all([
	branch("restart", {
		action: { operation: "k8s:Restart", environment: "staging", resources: ["deploy/api"], command: ["/bin/echo", "restarted"] },
		summary: "Restart api",
		why: "It has been out of memory since 02:10.",
		impact: { resources_affected: 1, reversible: true },
	}),
	branch("replica", {
		action: {
			operation: "rds:CreateDBInstanceReadReplica", environment: "production",
			resources: ["orders-ro"], arguments: { Class: "db.t3.small" }, audience: "executor",
		},
		summary: "Add a read replica for reports",
		why: "Reports slow down the primary.",
		impact: { resources_affected: 1, cost_usd: 12.5, reversible: true },
	}),
]);
hold.close();
