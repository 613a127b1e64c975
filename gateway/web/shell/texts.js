// Every text of the page stands here.

export const texts = {
  product: "Persona Gateway",
  shell: {
    scripted: "This is the demo: the model is a script. The gateway, the scores and the audit log are real.", unnamed: "unnamed", menu: "Menu", views: "Views", theme: "Light or dark", themes: { system: "System", light: "Light", dark: "Dark" },
    docs: "API", leave: "Sign out", more: "Show more", copy: "Copy", copied: "Copied", cancel: "Cancel",
    nothing: "This key may see nothing here; sign in with one that has personas:read or chat:read.", nowhere: "There is nothing at this address.", home: "Back to the beginning", again: "Try again", away: "The gateway does not answer. It may be starting anew; try again in a moment.", failed: "This cannot be shown", all: "All", live: "Live", paused: "Waiting for the gateway",
  },
  ways: {
    overview: "Overview", personas: "Personas", turns: "Turns", conversations: "Conversations", runs: "Runs",
    importing: "Import", usage: "Usage & budgets", keys: "Keys", audit: "Audit log", webhooks: "Webhooks & alerts",
  },
  verdicts: {
    "in-character": "in character", "warming-up": "warming up", drifting: "drifting",
    "out-of-character": "out of character", unscored: "unscored", none: "no turns",
  },
  signIn: {
    title: "Are the answers still good?",
    about: "Personas behind the OpenAI API: an app changes its base URL and its model, and every answer says how far it strayed from its persona.",
    key: "Key", place: "pk_live_…", go: "Sign in", kept: "The key stays in this tab and is forgotten with it.",
    where: "The first key was shown when the gateway started. `persona keys create --for page` makes another.",
    refused: "The key is no longer valid; sign in with another.", tryIt: "Or talk to a persona from a terminal", base: "Base URL for apps",
  },
  overview: {
    title: "Overview", turns: "Turns", inCharacter: "In character", cost: "Cost", latency: "Latency, median", firstByte: "First byte, median",
    failed: "failed", hours: { 24: "Last 24 hours", 168: "Last 7 days" }, perHour: "Turns per hour", perDay: "Turns per day", plain: "without a persona",
    personas: "Drift by persona", personasNote: "The share of turns in character; those furthest from themselves come first.",
    times: "Latency", timesNote: "Of the newest 2,000 turns in this time.", upstreams: "Upstreams", upstreamsNote: "Calls of the last minute, as the worker that answered has seen them.",
    look: "Needs a look", lookNote: "Turns out of character in the last day.", fine: "Nothing is out of character.",
    none: "No turns yet", next: "Point an OpenAI client here and its turns appear as they end.", p50: "p50", p90: "p90", p99: "p99",
    upstream: "Upstream", whole: "Whole answer", first: "First byte", state: "State", calls: "Calls", failing: "Failing", alerts: "Alerts",
    more: "More personas have turns in this time.", unnamed: "a private persona",
  },
  personas: {
    title: "Personas", search: "Search", none: "No persona here yet", next: "Import a card or a prompt, or push a file: persona personas push FILE.",
    noMatch: "No persona matches", persona: "Persona", version: "Version", labels: "Labels", language: "Language", changed: "Changed", visibility: "Visible to",
    visible: { private: "its owner", workspace: "the workspace", public: "everybody" },
  },
  persona: {
    tabs: { drift: "Drift", versions: "Versions", rules: "Rules & facts", chat: "Chat", about: "About" }, archived: "archived", newest: "newest",
    bare: (version) => `Callers who name no version get v${version}.`,
  },
  drift: {
    title: "Drift over time", measure: "Measure", span: "Time", spans: { turns: "Turn by turn", hour: "Two days by the hour", day: "30 days by the day" },
    measures: { "in-character": "Share in character", voice: "Voice (0 is in character)", values: "Values (0 is in character)", rules: "Rules (0 is in character)", coherence: "Coherence (5 is best)" },
    none: "No turns with this persona yet", next: "Talk to it under Chat, or send a request that names it as its model.",
    byTurnLabel: (count, lines) => `The last ${count} turns; share in character of the last eight: ${lines}`,
    byTurnNote: "The line is the share in character over the last eight turns of a version; each dot is a turn. Click one to open it.",
    historyNote: "A line for each version on each upstream; dashes show where a label moved.",
    around: "Before and after a label moved", aroundNote: "The share in character within a day on each side, with its 95 % interval.",
    overall: "all turns", before: "before", after: "after", differs: "The difference is more than chance.", same: "Chance explains the difference.", unknown: "One side has no scored turn yet.",
    moved: (label, previous, version) => `${label}: ${previous ? `v${previous}` : "nothing"} → ${version ? `v${version}` : "taken away"}`,
    noMoves: "No label has moved yet", noMovesNext: "A label such as production lets you put a version before callers, and take it back, while apps keep their model name.",
    turns: "turns",
  },
  versions: {
    title: "Versions", labels: "Labels", move: (label, version) => `Move ${label} to v${version}`, back: (version) => `Roll back to v${version}`, forward: (version) => `Roll forward to v${version}`,
    confirm: (label, from, to) => `${label} will stand for v${to}${from ? ` instead of v${from}` : ""}.`, effect: "Callers who follow the label get it with their next request, within a second.",
    moved: (label, version) => `${label} stands for v${version} now.`, newLabel: "Add a label", label: "Label", version: "Version", set: "Set", remove: "Take away",
    removeAbout: (label) => `Callers who name @${label} will be refused.`, noLabels: "No label yet: every new version is before callers at once.",
    prompt: "Prompt", compare: "Compare", from: "From", to: "To", same: "These versions are the same.", restore: (version) => `Restore v${version} as the newest`,
    restored: (version) => `v${version} is the newest version now.`, bears: "labels", made: "Made", history: "Who moved which label when", by: "By", when: "When", terminal: "at a terminal",
    edit: "New version", save: "Save as new version", saved: (version) => `v${version} was made.`, editAbout: "A version never changes: saving makes the next one.",
  },
  rules: {
    title: "Rules", note: "What answers are held against: declared in the version, or read from its prompt. Each change makes a new version.",
    none: "No rules", next: "The prompt states none that can be read. Declare some in the persona's file under rules.",
    from: "from", confirm: "Confirm", correct: "Correct", off: "Switch off", on: "Switch on again", saved: (version) => `Saved as v${version}.`,
    states: { active: "active", confirmed: "confirmed", corrected: "corrected", off: "off", replaced: "replaced", unmatched: "sentence is gone" }, origin: { declared: "declared", prompt: "read from the prompt", layers: "read from the layers", name: "the persona's name" },
    correctTitle: "Correct a rule", correctAbout: "Write the rule as it is meant, as JSON with one kind of rule.", correctYes: "Save the correction", facts: "Facts", factsNote: "Names, places, figures and likes that answers are held against, read from the prompt and the layers. One that is off accuses nobody.",
    noFacts: "No facts", add: "Add a fact", addTitle: "Add a fact", factTitle: "Correct a fact", factAbout: "Write one sentence as it is right, such as: Breakfast is served until half past ten.", instead: "instead of:", remove: "Remove",
    factKinds: { text: "told", trait: "character", tongue: "language", time: "time", "of-the-calendar": "year", date: "date", phone: "telephone", percent: "percent", weekday: "weekday", number: "number", label: "number", n: "count", ...Object.fromEntries(["second", "minute", "hour", "day", "week", "month", "year"].map((unit) => [unit, "length of time"])) }, kinds: { never_say: "never says", must_not: "must not", must: "must", language: "language", length: "length", format: "format" },
    version: "Version", newer: (version) => `Changes are made to the newest version, v${version}.`,
  },
  chat: {
    title: "Chat", say: "Say something", send: "Send", stop: "Stop", you: "You", version: "Talk to", start: "Say hello", note: "Answers are real and are billed as any other; what is said here is not kept.",
    usual: (version) => `no version: v${version}`, scoring: "scoring …", again: "Begin anew", ended: "stopped",
  },
  about: {
    examples: "Examples", noExamples: "No example lines", noExamplesNext: "A few lines that the persona could have said let the scorer know its voice sooner.",
    lineage: "Lineage", from: "Forked from", original: "It was made here and forked from nothing.", fork: "Fork", forkAbout: "A fork is a persona of its own that begins with a copy.", slug: "Slug", forked: (slug) => `${slug} was made.`,
    layers: "Layers", noLayers: "No layers: the prompt was written as a whole.", settings: "Settings", overlay: "Callers' system messages", upstreams: "Upstreams", defaults: "Defaults", run: "Made by run", id: "Id", created: "Made", tags: "Tags", usual: "the configured ones",
  },
  turns: {
    title: "Turns", none: "No turns match", next: "Take a filter away, or send a request.", persona: "Persona", version: "Version", verdict: "Verdict", status: "Status", upstream: "Upstream", time: "Time",
    latency: "Latency", tokens: "Tokens", cost: "Cost", when: "Ended", model: "Model", times: { "": "Any time", hour: "Last hour", day: "Last day", week: "Last week" },
    statuses: { completed: "completed", failed: "failed", cancelled: "cancelled" }, follow: "Live tail", following: "New turns appear as they end.", gap: "Some turns may be missing here; reload to see all.",
  },
  turn: {
    title: "Turn", why: "Why", answer: "The answer", noText: "Its text was not kept: only turns in a conversation keep theirs.", conversation: "Conversation", open: "Open in its conversation", request: "Request",
    facts: "Facts", attempts: "Calls to upstreams", finish: "Ended because", judge: "Judge", key: "Key", nothing: "Nothing speaks against it.", error: "Error", late: "scored after the answer had gone out", judged: "by the judge",
    against: "against", contradicts: "contradicts", rule: "rule", axes: { voice: "Voice", values: "Values", rules: "Rules", coherence: "Coherence" }, source: "Where the persona says otherwise", usage: "Tokens",
  },
  conversations: {
    title: "Conversations", search: "Search what was said", none: "No conversations yet", next: "Send X-Persona-Conversation-Id: new with a chat request, and its turns are kept together.", noMatch: "No conversation matches",
    untitled: "Untitled", turns: "Turns", changed: "Last", with: "With", line: "Drift along the conversation", lineNote: "The sum of what exceeds the usual level. Click a point to jump to its turn.",
    onset: "It left its persona here", steady: "It has not left its persona.", threshold: "threshold", remove: "Delete", removeAbout: "The conversation and its texts are deleted for good. Figures of its turns stay.", removed: "The conversation is deleted.", export: "Export", roles: { user: "User", assistant: "Persona", system: "System", developer: "System", tool: "Tool" }, calls: "calls",
  },
  runs: {
    title: "Runs", none: "No runs yet", next: "A run makes a persona from a few words.", intent: "A persona in a few words", example: "A retired lighthouse keeper who teaches knots", ended: "Ended", facts: "Figures", make: "Make it", made: "Made", status: "Status", tokens: "Tokens", cost: "Cost", started: "Started",
    statuses: { queued: "waiting", running: "running", completed: "completed", failed: "failed", cancelled: "cancelled" }, steps: "Steps", layers: "Layers as they appear", cancel: "Cancel the run", cancelAbout: "The step under way is cut; what it has cost stays spent.", cancelled: "The run is being cancelled.", persona: "Open the persona", waiting: "Waiting for the first step …", noLayers: "It ended before its first layer.", noSteps: "It ended before its first step was done.", error: "Why it failed", budget: "Budget",
  },
  keys: {
    title: "Keys", make: "New key", name: "Name", scopes: "May", made: "The key is shown this once; keep it where you keep secrets.", used: "Last used", never: "never", expires: "Ends", state: "State", valid: "valid", revoked: "revoked", ended: "ended",
    rotate: "Rotate", rotateAbout: "A new key takes its place, and the old one stays valid for a day.", revoke: "Revoke", revokeAbout: (name) => `Apps that use ${name} are refused at once. This cannot be undone.`, gone: "The key is revoked.", own: "this key", done: "I have kept it", none: "No keys", operator: "operator",
  },
  usage: {
    title: "Usage & budgets", by: "By", bys: { day: "Day", hour: "Hour", persona: "Persona", upstream: "Upstream", key: "Key" }, span: "Time", spans: { 1: "Last day", 7: "Last 7 days", 30: "Last 30 days" }, none: "Nothing was used in this time", next: "Tokens and costs appear here with the first turns.",
    requests: "Requests", failed: "Failed", prompt: "Tokens sent", completion: "Tokens back", cached: "Cached", cost: "Cost", unpriced: "Unpriced", total: "In all", budgets: "Budgets", budgetsNote: "What calls may spend in an hour, day or month of the calendar (UTC).", noBudgets: "No budgets", noBudgetsNext: "A budget refuses calls that would exceed it.",
    subject: "Of", limit: "Limit", spent: "Spent", left: "Left", resets: "Begins anew", set: "Set a budget", remove: "Remove", removeAbout: "Calls are no longer held back by it.", unit: "Unit", period: "Period", saved: "The budget holds from now on.", removed: "The budget is gone.", units: { usd: "US dollars", tokens: "tokens" }, periods: { hour: "hour", day: "day", month: "month" }, plainModel: "no persona", reserved: "set aside", workspace: "the workspace", value: "What",
  },
  webhooks: {
    title: "Webhooks & alerts", alerts: "Alerts", alertsNote: "Versions with too many answers out of character.", noAlerts: "No alert has fired", recovered: "recovered", open: "open",
    places: "Webhooks", none: "No webhooks yet", next: "A webhook tells your own service of alerts, drift and runs as they happen.", make: "New webhook", url: "Address", description: "What it is for", events: "Events", on: "on", off: "off",
    test: "Test", tested: "A test is on its way.", switchOff: "Switch off", switchOn: "Switch on", secret: "The secret that signs what is sent is shown this once; keep it where you keep secrets.", rotateAbout: "A new secret takes its place, and both sign for the grace time.", removeAbout: "Its deliveries are deleted with it.",
    deliveries: "Deliveries", noDeliveries: "Nothing was delivered yet", event: "Event", attempts: "Attempts", answer: "Answer", replay: "Replay", replayed: "It is on its way once more.", failed: "Failed",
    replaySpan: "Replay a time", replaySpanAbout: "Dead letters of this time are sent once more.", since: "From", until: "To; empty: now", replayAll: "What was delivered in that time too", onTheirWay: "are on their way",
  },
  importing: {
    title: "Import", drop: "Drop character cards and prompts here", choose: "Choose files", about: "Character cards (JSON or PNG), OpenAI prompts and assistants, Langfuse, promptfoo, plain texts.", format: "Format", formats: { auto: "Format: from the file", card: "Character card", "openai-prompt": "OpenAI prompt", "openai-assistant": "OpenAI assistant", langfuse: "Langfuse", promptfoo: "promptfoo", text: "Plain text" }, outcomes: { created: "created", "new-version": "new version", profile: "profile changed", unchanged: "unchanged" }, notCarried: "Not carried over", visibility: "Visible to", reading: "reading …", export: "Exports stay your own: persona export writes the same forms.",
  },
  audit: { title: "Audit log", action: "Did", subject: "To", by: "By", at: "When", details: "Details", none: "Nothing was written yet", filter: "Actions", actions: { "": "All actions", "label.": "Labels", "persona.": "Personas", "version.": "Versions", "key.": "Keys", "workspace.": "Workspaces", "budget.": "Budgets", "conversation.": "Conversations", "run.": "Runs" }, next: "Every write to personas, labels, keys and budgets stands here." },
};
