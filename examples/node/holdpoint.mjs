// A session with a holdpoint broker: one DEALER, calls matched by their number.
import { readFileSync } from "node:fs";
import { randomBytes, randomUUID } from "node:crypto";
import { decode, encode } from "@msgpack/msgpack";
import { Dealer } from "zeromq";

export class Holdpoint {
	#socket;
	#seq = 0;
	#open = new Map();

	constructor(keyFile = process.env.HOLDPOINT_KEY, brokerFile = process.env.HOLDPOINT_BROKER) {
		const key = JSON.parse(readFileSync(keyFile));
		const broker = JSON.parse(readFileSync(brokerFile));
		this.#socket = new Dealer({
			linger: 0,
			curvePublicKey: key.curve_public,
			curveSecretKey: key.curve_secret,
			curveServerKey: broker.curve_public,
		});
		this.#socket.connect(broker.agents);
		this.#listen();
	}

	async #listen() {
		for await (const frames of this.#socket) {
			const reply = decode(frames[frames.length - 1]);
			this.#open.get(reply.re)?.(reply);
			this.#open.delete(reply.re);
		}
	}

	// The reply, whatever it is; an error of the broker has type "error".
	async call(message) {
		const seq = ++this.#seq;
		const reply = new Promise((resolve) => this.#open.set(seq, resolve));
		await this.#socket.send(["", "HPP/1", encode({ seq, ...message })]);
		return reply;
	}

	// Asks and waits: the status once it is decided or, where an executor runs it (`audience`),
	// once it is done. Other calls may go on meanwhile.
	async ask(request) {
		const whole = { id: randomUUID(), alternatives: [], rollback: null, ...request };
		const theirs = whole.action.audience !== undefined;
		const open = theirs ? ["pending", "granted", "executing", "rolling_back"] : ["pending"];
		let reply = await this.call({ type: "submit", ...whole });
		while (open.includes(reply.state))
			reply = await this.call({ type: "wait", id: whole.id, until: theirs ? "done" : "decided", timeout_ms: 30000 });
		return reply;
	}

	// The grant, taken up once: only `type` "claimed" means go.
	claim(id, detached = false) {
		return this.call({ type: "claim", id, nonce: randomBytes(16), timeout_ms: 0, detached });
	}

	report(id, succeeded, output = "") {
		return this.call({ type: "report", id, result: succeeded ? "succeeded" : "failed", output });
	}

	close() {
		this.#socket.close();
	}
}
