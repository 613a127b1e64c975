// Every number on the page comes through here, from the documented routes below /v1.

import { session } from "./session.js";
import { readEvents } from "./events.js";
import { texts } from "./texts.js";

export class ApiError extends Error {
  constructor(status, error) {
    super(error?.message ?? `The gateway answered ${status}.`);
    this.status = status;
    this.code = error?.code ?? "";
    this.details = error?.details ?? [];
  }
}

function address(path, query) {
  const parts = Object.entries(query ?? {}).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return parts.length ? `${path}?${new URLSearchParams(parts)}` : path;
}

async function ask(method, path, { query, body, signal, headers, key = session.key } = {}) {
  const options = { method, signal, headers: { authorization: `Bearer ${key}`, ...headers } };
  if (body !== undefined) {
    options.body = typeof body === "string" ? body : JSON.stringify(body);
    options.headers["content-type"] = typeof body === "string" ? "application/x-ndjson" : "application/json";
  }
  const answer = await fetch(address(path, query), options).catch((error) => {
    throw signal?.aborted ? error : new Error(texts.shell.away);
  });
  if (answer.ok) return answer;
  const told = await answer.json().catch(() => ({}));
  const error = new ApiError(answer.status, told.error);
  if (error.status === 401 && key === session.key) document.dispatchEvent(new CustomEvent("refused"));
  throw error;
}

const read = async (answer) => (answer.status === 204 ? null : answer.json());

export const api = {
  get: async (path, query, options) => read(await ask("GET", path, { query, ...options })),
  post: async (path, body, options) => read(await ask("POST", path, { body, ...options })),
  put: async (path, body, options) => read(await ask("PUT", path, { body, ...options })),
  patch: async (path, body, options) => read(await ask("PATCH", path, { body, ...options })),
  delete: async (path, options) => read(await ask("DELETE", path, options)),

  // Calls `on(event)` for each server-sent event until the stream or the signal ends.
  async stream(path, { method = "GET", body, query, signal, headers, on }) {
    const answer = await ask(method, path, { query, body, signal, headers: { accept: "text/event-stream", ...headers } });
    await readEvents(answer.body, on);
  },

  // Follows a stream that never ends by itself, and comes back behind the last event after a break.
  async follow(path, { query, signal, on, state = () => {} }) {
    let last = null;
    for (let wait = 500; !signal.aborted; wait = Math.min(wait * 2, 8000)) {
      try {
        state(true);
        await this.stream(path, {
          query,
          signal,
          headers: last ? { "last-event-id": last } : {},
          on: (event) => {
            wait = 500;
            last = event.id || last;
            on(event);
          },
        });
      } catch (error) {
        if (signal.aborted || error instanceof ApiError) return;
      }
      state(false);
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  },
};

// Reads a list page by page, up to a number of items.
export async function all(path, query, most, options) {
  const found = [];
  let after = null;
  do {
    const page = await api.get(path, { ...query, limit: Math.min(200, most - found.length), after }, options);
    found.push(...page.data);
    after = page.next;
  } while (after && found.length < most);
  return found;
}
