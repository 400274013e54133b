// The official client, driven line by line: {"op", ...} on standard input, {"op", ...} on standard output.
// Arguments: the command to connect to.
import { createInterface } from "node:readline";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";

const [command, ...args] = process.argv.slice(2);
const transport = new StdioClientTransport({ command, args, env: process.env, stderr: "inherit" });
const client = new Client({ name: "holdpoint-tests", version: "1.0.0" }, { capabilities: {} });
const say = (message) => process.stdout.write(JSON.stringify(message) + "\n");
const running = new Map();
client.onerror = (error) => say({ op: "error", message: String(error.message ?? error) });

await client.connect(transport);
say({ op: "connected", server: client.getServerVersion(), pid: transport.pid });

async function call(message) {
	const abort = new AbortController();
	running.set(message.id, abort);
	const options = { signal: abort.signal, timeout: message.timeout ?? 60000 };
	if (message.progress)
		Object.assign(options, {
			onprogress: (progress) => say({ op: "progress", id: message.id, ...progress }),
			resetTimeoutOnProgress: true,
		});
	try {
		const result = await client.callTool({ name: message.name, arguments: message.arguments ?? {} }, undefined, options);
		say({ op: "result", id: message.id, result });
	} catch (error) {
		say({ op: "failed", id: message.id, message: String(error.message ?? error) });
	}
	running.delete(message.id);
}

for await (const line of createInterface({ input: process.stdin })) {
	const message = JSON.parse(line);
	if (message.op === "list") say({ op: "tools", tools: (await client.listTools()).tools });
	else if (message.op === "call") call(message);
	else if (message.op === "cancel") running.get(message.id)?.abort("cancelled by the test");
	else if (message.op === "close") {
		await client.close();
		say({ op: "closed" });
		break;
	}
}
process.exit(0);
