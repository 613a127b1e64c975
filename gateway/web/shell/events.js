// Server-sent events over fetch, since EventSource cannot send a key.

export async function readEvents(body, on) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let event = fresh();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + value).split(/\r\n|\n|\r/);
    rest = lines.pop();
    for (const line of lines) {
      if (line === "") {
        if (event.data !== null) on(event);
        event = fresh();
      } else take(event, line);
    }
  }
}

const fresh = () => ({ name: "message", data: null, id: "" });

function take(event, line) {
  const at = line.indexOf(":");
  const field = at < 0 ? line : line.slice(0, at);
  const value = at < 0 ? "" : line.slice(at + 1).replace(/^ /, "");
  if (field === "data") event.data = event.data === null ? value : `${event.data}\n${value}`;
  else if (field === "event") event.name = value;
  else if (field === "id") event.id = value;
}
