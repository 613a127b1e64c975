CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

CREATE TABLE audit (
	id VARCHAR(40) NOT NULL, 
	workspace_id VARCHAR(40) NOT NULL, 
	key_id VARCHAR(40), 
	action VARCHAR(40) NOT NULL, 
	subject VARCHAR(40) NOT NULL, 
	details JSON NOT NULL, 
	at BIGINT NOT NULL, 
	CONSTRAINT pk_audit PRIMARY KEY (id)
);

CREATE TABLE changes (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	topic VARCHAR(16) NOT NULL, 
	subject VARCHAR(40) NOT NULL, 
	at BIGINT NOT NULL
);

CREATE TABLE idempotency (
	workspace_id VARCHAR(40) NOT NULL, 
	"key" VARCHAR(255) NOT NULL, 
	request VARCHAR(64) NOT NULL, 
	status INTEGER, 
	headers JSON, 
	body BLOB, 
	at BIGINT NOT NULL, 
	CONSTRAINT pk_idempotency PRIMARY KEY (workspace_id, "key")
);

CREATE TABLE turns (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	id VARCHAR(40) NOT NULL, 
	request_id VARCHAR(40) NOT NULL, 
	workspace_id VARCHAR(40) NOT NULL, 
	key_id VARCHAR(40) NOT NULL, 
	conversation_id VARCHAR(40), 
	persona_id VARCHAR(40), 
	version_id VARCHAR(40), 
	version INTEGER, 
	model VARCHAR(200) NOT NULL, 
	upstream VARCHAR(200), 
	stream BOOLEAN NOT NULL, 
	status VARCHAR(16) NOT NULL, 
	error VARCHAR(64), 
	attempts INTEGER NOT NULL, 
	finish_reason VARCHAR(64), 
	prompt_tokens BIGINT, 
	completion_tokens BIGINT, 
	total_tokens BIGINT, 
	cost_usd FLOAT, 
	latency_ms FLOAT NOT NULL, 
	first_byte_ms FLOAT, 
	voice FLOAT, 
	drift_values FLOAT, 
	verdict VARCHAR(20) NOT NULL, 
	reason VARCHAR(20), 
	coherence FLOAT, 
	created_at BIGINT NOT NULL, "explain" TEXT, judge TEXT, drift_rules FLOAT, judged BOOLEAN DEFAULT '0' NOT NULL, cached_tokens BIGINT, cache_write_tokens BIGINT, reasoning_tokens BIGINT, usage_source VARCHAR(12), late BOOLEAN DEFAULT '0' NOT NULL, flagged TEXT, 
	CONSTRAINT uq_turns_id UNIQUE (id)
);

CREATE TABLE workspaces (
	id VARCHAR(40) NOT NULL, 
	name VARCHAR(64) NOT NULL, 
	mode VARCHAR(4) NOT NULL, 
	created_at BIGINT NOT NULL, "plan" VARCHAR(64), conversations INTEGER DEFAULT '0' NOT NULL, 
	CONSTRAINT pk_workspaces PRIMARY KEY (id), 
	CONSTRAINT uq_workspaces_name UNIQUE (name)
);

CREATE TABLE keys (
	id VARCHAR(40) NOT NULL, 
	workspace_id VARCHAR(40) NOT NULL, 
	owner VARCHAR(40) NOT NULL, 
	name VARCHAR(200) NOT NULL, 
	prefix VARCHAR(32) NOT NULL, 
	hash VARCHAR(64) NOT NULL, 
	scopes JSON NOT NULL, 
	operator BOOLEAN NOT NULL, 
	created_at BIGINT NOT NULL, 
	expires_at BIGINT, 
	revoked_at BIGINT, 
	last_used_at BIGINT, limits JSON, 
	CONSTRAINT pk_keys PRIMARY KEY (id), 
	CONSTRAINT fk_keys_workspace_id FOREIGN KEY(workspace_id) REFERENCES workspaces (id), 
	CONSTRAINT uq_keys_prefix UNIQUE (prefix)
);

CREATE TABLE personas (
	id VARCHAR(40) NOT NULL, 
	workspace_id VARCHAR(40) NOT NULL, 
	slug VARCHAR(64) NOT NULL, 
	name VARCHAR(200) NOT NULL, 
	tags JSON NOT NULL, 
	visibility VARCHAR(16) NOT NULL, 
	status VARCHAR(16) NOT NULL, 
	owner VARCHAR(40), 
	forked_from VARCHAR(40), 
	forked_version INTEGER, 
	latest INTEGER NOT NULL, 
	revision INTEGER NOT NULL, 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT NOT NULL, seq INTEGER, 
	CONSTRAINT pk_personas PRIMARY KEY (id), 
	CONSTRAINT fk_personas_workspace_id FOREIGN KEY(workspace_id) REFERENCES workspaces (id), 
	CONSTRAINT uq_personas_workspace_id_slug UNIQUE (workspace_id, slug)
);

CREATE TABLE labels (
	persona_id VARCHAR(40) NOT NULL, 
	name VARCHAR(64) NOT NULL, 
	number INTEGER NOT NULL, 
	updated_at BIGINT NOT NULL, 
	CONSTRAINT pk_labels PRIMARY KEY (persona_id, name), 
	CONSTRAINT fk_labels_persona_id FOREIGN KEY(persona_id) REFERENCES personas (id)
);

CREATE TABLE properties (
	name VARCHAR(64) NOT NULL, 
	value TEXT NOT NULL, 
	CONSTRAINT pk_properties PRIMARY KEY (name)
);

CREATE TABLE amendments (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	turn_id VARCHAR(40) NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	behind BIGINT NOT NULL, 
	at BIGINT NOT NULL
);

CREATE TABLE conversations (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	workspace_id VARCHAR(40) NOT NULL, 
	id VARCHAR(45) NOT NULL, 
	owner VARCHAR(40) NOT NULL, 
	key_id VARCHAR(40) NOT NULL, 
	persona_id VARCHAR(40) NOT NULL, 
	version INTEGER, 
	follow VARCHAR(64), 
	title VARCHAR(200) NOT NULL, 
	metadata JSON NOT NULL, 
	origin BLOB NOT NULL, 
	leaf VARCHAR(40), 
	messages INTEGER NOT NULL, 
	turns INTEGER NOT NULL, 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT NOT NULL, 
	CONSTRAINT fk_conversations_workspace_id FOREIGN KEY(workspace_id) REFERENCES workspaces (id), 
	CONSTRAINT uq_conversations_workspace_id_id UNIQUE (workspace_id, id)
);

CREATE TABLE messages (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	conversation INTEGER NOT NULL, 
	id VARCHAR(40) NOT NULL, 
	parent VARCHAR(40), 
	depth INTEGER NOT NULL, 
	turn INTEGER NOT NULL, 
	role VARCHAR(200) NOT NULL, 
	body TEXT, 
	hash BLOB NOT NULL, 
	version INTEGER, 
	score TEXT, 
	created_at BIGINT NOT NULL, tail BLOB, items TEXT, 
	CONSTRAINT fk_messages_conversation FOREIGN KEY(conversation) REFERENCES conversations (seq), 
	CONSTRAINT uq_messages_conversation_id UNIQUE (conversation, id)
);

CREATE TABLE events (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	id VARCHAR(40) NOT NULL, 
	type VARCHAR(40) NOT NULL, 
	workspace_id VARCHAR(40) NOT NULL, 
	owner VARCHAR(40), 
	data JSON NOT NULL, 
	created_at BIGINT NOT NULL, 
	CONSTRAINT uq_events_id UNIQUE (id)
);

CREATE TABLE "versions" (
	id VARCHAR(40) NOT NULL, 
	persona_id VARCHAR(40) NOT NULL, 
	number INTEGER NOT NULL, 
	language VARCHAR(35) NOT NULL, 
	prompt TEXT NOT NULL, 
	examples JSON NOT NULL, 
	layers JSON NOT NULL, 
	overlay VARCHAR(16) NOT NULL, 
	upstreams JSON NOT NULL, 
	defaults JSON NOT NULL, 
	headers JSON NOT NULL, 
	fingerprint VARCHAR(80) NOT NULL, 
	created_at BIGINT NOT NULL, 
	allow JSON DEFAULT '[]' NOT NULL, 
	refusal TEXT DEFAULT ('') NOT NULL, 
	rules JSON DEFAULT '[]' NOT NULL, 
	reading JSON, variables JSON DEFAULT '{}' NOT NULL, facts JSON DEFAULT '[]' NOT NULL, 
	CONSTRAINT pk_versions PRIMARY KEY (id), 
	CONSTRAINT fk_versions_persona_id FOREIGN KEY(persona_id) REFERENCES personas (id), 
	CONSTRAINT uq_versions_persona_id_number UNIQUE (persona_id, number)
);

CREATE TABLE usage_hours (
	workspace_id VARCHAR(40) NOT NULL, 
	hour BIGINT NOT NULL, 
	persona_id VARCHAR(40) NOT NULL, 
	version INTEGER NOT NULL, 
	upstream VARCHAR(200) NOT NULL, 
	key_id VARCHAR(40) NOT NULL, 
	turns BIGINT NOT NULL, 
	completed BIGINT NOT NULL, 
	failed BIGINT NOT NULL, 
	cancelled BIGINT NOT NULL, 
	prompt_tokens BIGINT NOT NULL, 
	completion_tokens BIGINT NOT NULL, 
	total_tokens BIGINT NOT NULL, 
	cached_tokens BIGINT NOT NULL, 
	cache_write_tokens BIGINT NOT NULL, 
	reasoning_tokens BIGINT NOT NULL, 
	cost_usd FLOAT NOT NULL, 
	priced BIGINT NOT NULL, 
	unpriced BIGINT NOT NULL, 
	estimated BIGINT NOT NULL, 
	CONSTRAINT pk_usage_hours PRIMARY KEY (workspace_id, hour, persona_id, version, upstream, key_id)
);

CREATE TABLE drift_hours (
	workspace_id VARCHAR(40) NOT NULL, 
	persona_id VARCHAR(40) NOT NULL, 
	hour BIGINT NOT NULL, 
	version INTEGER NOT NULL, 
	upstream VARCHAR(200) NOT NULL, 
	turns BIGINT NOT NULL, 
	unscored BIGINT NOT NULL, 
	in_character BIGINT NOT NULL, 
	warming_up BIGINT NOT NULL, 
	drifting BIGINT NOT NULL, 
	out_of_character BIGINT NOT NULL, 
	voice_sum FLOAT NOT NULL, 
	voice_00 BIGINT NOT NULL, 
	voice_01 BIGINT NOT NULL, 
	voice_02 BIGINT NOT NULL, 
	voice_03 BIGINT NOT NULL, 
	voice_04 BIGINT NOT NULL, 
	voice_05 BIGINT NOT NULL, 
	voice_06 BIGINT NOT NULL, 
	voice_07 BIGINT NOT NULL, 
	voice_08 BIGINT NOT NULL, 
	voice_09 BIGINT NOT NULL, 
	voice_10 BIGINT NOT NULL, 
	voice_11 BIGINT NOT NULL, 
	voice_12 BIGINT NOT NULL, 
	voice_13 BIGINT NOT NULL, 
	voice_14 BIGINT NOT NULL, 
	voice_15 BIGINT NOT NULL, 
	voice_16 BIGINT NOT NULL, 
	voice_17 BIGINT NOT NULL, 
	voice_18 BIGINT NOT NULL, 
	voice_19 BIGINT NOT NULL, 
	drift_values_sum FLOAT NOT NULL, 
	drift_values_00 BIGINT NOT NULL, 
	drift_values_01 BIGINT NOT NULL, 
	drift_values_02 BIGINT NOT NULL, 
	drift_values_03 BIGINT NOT NULL, 
	drift_values_04 BIGINT NOT NULL, 
	drift_values_05 BIGINT NOT NULL, 
	drift_values_06 BIGINT NOT NULL, 
	drift_values_07 BIGINT NOT NULL, 
	drift_values_08 BIGINT NOT NULL, 
	drift_values_09 BIGINT NOT NULL, 
	drift_values_10 BIGINT NOT NULL, 
	drift_values_11 BIGINT NOT NULL, 
	drift_values_12 BIGINT NOT NULL, 
	drift_values_13 BIGINT NOT NULL, 
	drift_values_14 BIGINT NOT NULL, 
	drift_values_15 BIGINT NOT NULL, 
	drift_values_16 BIGINT NOT NULL, 
	drift_values_17 BIGINT NOT NULL, 
	drift_values_18 BIGINT NOT NULL, 
	drift_values_19 BIGINT NOT NULL, 
	drift_rules_sum FLOAT NOT NULL, 
	drift_rules_00 BIGINT NOT NULL, 
	drift_rules_01 BIGINT NOT NULL, 
	drift_rules_02 BIGINT NOT NULL, 
	drift_rules_03 BIGINT NOT NULL, 
	drift_rules_04 BIGINT NOT NULL, 
	drift_rules_05 BIGINT NOT NULL, 
	drift_rules_06 BIGINT NOT NULL, 
	drift_rules_07 BIGINT NOT NULL, 
	drift_rules_08 BIGINT NOT NULL, 
	drift_rules_09 BIGINT NOT NULL, 
	drift_rules_10 BIGINT NOT NULL, 
	drift_rules_11 BIGINT NOT NULL, 
	drift_rules_12 BIGINT NOT NULL, 
	drift_rules_13 BIGINT NOT NULL, 
	drift_rules_14 BIGINT NOT NULL, 
	drift_rules_15 BIGINT NOT NULL, 
	drift_rules_16 BIGINT NOT NULL, 
	drift_rules_17 BIGINT NOT NULL, 
	drift_rules_18 BIGINT NOT NULL, 
	drift_rules_19 BIGINT NOT NULL, 
	coherence_sum FLOAT NOT NULL, 
	coherence_00 BIGINT NOT NULL, 
	coherence_01 BIGINT NOT NULL, 
	coherence_02 BIGINT NOT NULL, 
	coherence_03 BIGINT NOT NULL, 
	coherence_04 BIGINT NOT NULL, 
	coherence_05 BIGINT NOT NULL, 
	coherence_06 BIGINT NOT NULL, 
	coherence_07 BIGINT NOT NULL, 
	coherence_08 BIGINT NOT NULL, 
	coherence_09 BIGINT NOT NULL, 
	coherence_10 BIGINT NOT NULL, 
	coherence_11 BIGINT NOT NULL, 
	coherence_12 BIGINT NOT NULL, 
	coherence_13 BIGINT NOT NULL, 
	coherence_14 BIGINT NOT NULL, 
	coherence_15 BIGINT NOT NULL, 
	coherence_16 BIGINT NOT NULL, 
	coherence_17 BIGINT NOT NULL, 
	coherence_18 BIGINT NOT NULL, 
	coherence_19 BIGINT NOT NULL, 
	CONSTRAINT pk_drift_hours PRIMARY KEY (workspace_id, persona_id, hour, version, upstream)
);

CREATE TABLE aliases (
	workspace_id VARCHAR(40) NOT NULL, 
	alias VARCHAR(128) NOT NULL, 
	version VARCHAR(64) NOT NULL, 
	persona_id VARCHAR(40) NOT NULL, 
	number INTEGER, 
	CONSTRAINT pk_aliases PRIMARY KEY (workspace_id, alias, version), 
	CONSTRAINT fk_aliases_persona_id FOREIGN KEY(persona_id) REFERENCES personas (id)
);

CREATE TABLE budgets (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	workspace_id VARCHAR(40) NOT NULL, 
	subject VARCHAR(40) NOT NULL, 
	unit VARCHAR(6) NOT NULL, 
	period VARCHAR(5) NOT NULL, 
	most BIGINT NOT NULL, 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT NOT NULL, 
	CONSTRAINT fk_budgets_workspace_id FOREIGN KEY(workspace_id) REFERENCES workspaces (id), 
	CONSTRAINT uq_budgets_workspace_id_subject_unit_period UNIQUE (workspace_id, subject, unit, period)
);

CREATE TABLE spent (
	budget INTEGER NOT NULL, 
	since BIGINT NOT NULL, 
	amount BIGINT NOT NULL, 
	calls INTEGER NOT NULL, 
	CONSTRAINT pk_spent PRIMARY KEY (budget, since), 
	CONSTRAINT fk_spent_budget FOREIGN KEY(budget) REFERENCES budgets (seq)
);

CREATE TABLE holds (
	budget INTEGER NOT NULL, 
	id VARCHAR(40) NOT NULL, 
	since BIGINT NOT NULL, 
	amount BIGINT NOT NULL, 
	holder VARCHAR(40) NOT NULL, 
	until BIGINT NOT NULL, 
	CONSTRAINT pk_holds PRIMARY KEY (budget, id), 
	CONSTRAINT fk_holds_budget FOREIGN KEY(budget) REFERENCES budgets (seq)
);

CREATE VIRTUAL TABLE persona_words USING fts5(tokens, detail=none, columnsize=0, tokenize='unicode61');

CREATE VIRTUAL TABLE message_words USING fts5(tokens, detail=none, columnsize=0, tokenize='unicode61');

CREATE TABLE work (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	id VARCHAR(40) NOT NULL, 
	kind VARCHAR(40) NOT NULL, 
	workspace_id VARCHAR(40) NOT NULL, 
	owner VARCHAR(40), 
	data JSON NOT NULL, 
	state VARCHAR(12) NOT NULL, 
	is_cancel_wanted BOOLEAN NOT NULL, 
	is_handed_over BOOLEAN NOT NULL, 
	attempt INTEGER NOT NULL, 
	resume_at INTEGER, 
	error JSON, 
	due_at BIGINT NOT NULL, 
	created_at BIGINT NOT NULL, 
	started_at BIGINT, 
	ended_at BIGINT, 
	CONSTRAINT uq_work_id UNIQUE (id)
);

CREATE TABLE work_processes (
	id VARCHAR(40) NOT NULL, 
	host VARCHAR(255) NOT NULL, 
	pid INTEGER NOT NULL, 
	beat_at BIGINT NOT NULL, 
	CONSTRAINT pk_work_processes PRIMARY KEY (id)
);

CREATE TABLE run_events (
	run_id VARCHAR(40) NOT NULL, 
	number INTEGER NOT NULL, 
	type VARCHAR(40) NOT NULL, 
	data TEXT NOT NULL, 
	at BIGINT NOT NULL, 
	CONSTRAINT pk_run_events PRIMARY KEY (run_id, number)
);

CREATE TABLE sketches (
	persona_id VARCHAR(40) NOT NULL, 
	description TEXT NOT NULL, 
	image_id VARCHAR(64), 
	CONSTRAINT pk_sketches PRIMARY KEY (persona_id), 
	CONSTRAINT fk_sketches_persona_id FOREIGN KEY(persona_id) REFERENCES personas (id)
);

CREATE TABLE webhooks (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	id VARCHAR(40) NOT NULL, 
	workspace_id VARCHAR(40) NOT NULL, 
	owner VARCHAR(40) NOT NULL, 
	key_id VARCHAR(40), 
	url VARCHAR(2048) NOT NULL, 
	events JSON NOT NULL, 
	description VARCHAR(500) NOT NULL, 
	enabled BOOLEAN NOT NULL, 
	off_reason VARCHAR(20), 
	standard BOOLEAN NOT NULL, 
	salt VARCHAR(64) NOT NULL, 
	mark VARCHAR(64) NOT NULL, 
	old_salt VARCHAR(64), 
	old_until BIGINT, 
	behind INTEGER NOT NULL, 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT NOT NULL, 
	CONSTRAINT fk_webhooks_workspace_id FOREIGN KEY(workspace_id) REFERENCES workspaces (id), 
	CONSTRAINT uq_webhooks_id UNIQUE (id)
);

CREATE TABLE deliveries (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	id VARCHAR(40) NOT NULL, 
	webhook_id VARCHAR(40) NOT NULL, 
	workspace_id VARCHAR(40) NOT NULL, 
	event_id VARCHAR(40) NOT NULL, 
	type VARCHAR(40) NOT NULL, 
	owner VARCHAR(40), 
	body TEXT NOT NULL, 
	state VARCHAR(10) NOT NULL, 
	work_id VARCHAR(40) NOT NULL, 
	attempts INTEGER NOT NULL, 
	tries INTEGER NOT NULL, 
	status INTEGER, 
	error VARCHAR(200), 
	latency_ms FLOAT, 
	attempted_at BIGINT, 
	next_at BIGINT, 
	created_at BIGINT NOT NULL, 
	ended_at BIGINT, 
	CONSTRAINT uq_deliveries_id UNIQUE (id), 
	CONSTRAINT uq_deliveries_webhook_id_event_id UNIQUE (webhook_id, event_id)
);

CREATE TABLE alerts (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	event_id VARCHAR(40) NOT NULL, 
	workspace_id VARCHAR(40) NOT NULL, 
	persona_id VARCHAR(40) NOT NULL, 
	version INTEGER NOT NULL, 
	owner VARCHAR(40), 
	threshold FLOAT NOT NULL, 
	window_hours INTEGER NOT NULL, 
	share FLOAT NOT NULL, 
	turns INTEGER NOT NULL, 
	fired_at BIGINT NOT NULL, 
	recovered_at BIGINT
);

CREATE TABLE onsets (
	conversation INTEGER NOT NULL, 
	turn_id VARCHAR(40) NOT NULL, 
	at BIGINT NOT NULL, 
	CONSTRAINT pk_onsets PRIMARY KEY (conversation, turn_id)
);

CREATE TABLE responses (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	workspace_id VARCHAR(40) NOT NULL, 
	id VARCHAR(40) NOT NULL, 
	owner VARCHAR(40) NOT NULL, 
	key_id VARCHAR(40) NOT NULL, 
	conversation INTEGER NOT NULL, 
	is_named BOOLEAN NOT NULL, 
	status VARCHAR(12) NOT NULL, 
	body TEXT NOT NULL, 
	input TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	CONSTRAINT uq_responses_workspace_id_id UNIQUE (workspace_id, id), 
	CONSTRAINT fk_responses_conversation FOREIGN KEY(conversation) REFERENCES conversations (seq)
);

CREATE TABLE response_items (
	workspace_id VARCHAR(40) NOT NULL, 
	id VARCHAR(128) NOT NULL, 
	response INTEGER NOT NULL, 
	CONSTRAINT pk_response_items PRIMARY KEY (workspace_id, id), 
	CONSTRAINT fk_response_items_response FOREIGN KEY(response) REFERENCES responses (seq)
);

CREATE TABLE jobs (
	id VARCHAR(40) NOT NULL, 
	workspace_id VARCHAR(40) NOT NULL, 
	owner VARCHAR(40) NOT NULL, 
	key_id VARCHAR(40), 
	kind VARCHAR(16) NOT NULL, 
	status VARCHAR(12) NOT NULL, 
	inputs TEXT NOT NULL, 
	result TEXT, 
	error VARCHAR(40), 
	created_at BIGINT NOT NULL, 
	ended_at BIGINT, 
	CONSTRAINT pk_jobs PRIMARY KEY (id)
);

CREATE TABLE job_parts (
	job_id VARCHAR(40) NOT NULL, 
	number INTEGER NOT NULL, 
	data BLOB NOT NULL, 
	CONSTRAINT pk_job_parts PRIMARY KEY (job_id, number)
);

CREATE TABLE "runs" (
	seq INTEGER NOT NULL, 
	id VARCHAR(40) NOT NULL, 
	workspace_id VARCHAR(40) NOT NULL, 
	owner VARCHAR(40), 
	key_id VARCHAR(40), 
	is_private BOOLEAN NOT NULL, 
	status VARCHAR(12) NOT NULL, 
	inputs JSON NOT NULL, 
	pipeline VARCHAR(64) NOT NULL, 
	fingerprint VARCHAR(80) NOT NULL, 
	persona_id VARCHAR(40), 
	error JSON, 
	cost_usd FLOAT, 
	tokens BIGINT NOT NULL, 
	created_at BIGINT NOT NULL, 
	ended_at BIGINT, 
	task VARCHAR(12) DEFAULT 'create' NOT NULL, 
	origin VARCHAR(40), 
	result JSON, 
	is_blamed BOOLEAN DEFAULT false NOT NULL, is_apart BOOLEAN DEFAULT false NOT NULL, 
	PRIMARY KEY (seq), 
	CONSTRAINT uq_runs_id UNIQUE (id)
);

CREATE TABLE run_steps (
	run_id VARCHAR(40) NOT NULL, 
	number INTEGER NOT NULL, 
	name VARCHAR(64) NOT NULL, 
	added JSON NOT NULL, 
	CONSTRAINT pk_run_steps PRIMARY KEY (run_id, number)
);

CREATE TABLE pipelines (
	fingerprint VARCHAR(80) NOT NULL, 
	data JSON NOT NULL, 
	CONSTRAINT pk_pipelines PRIMARY KEY (fingerprint)
);

CREATE TABLE schema_fields (
	workspace_id VARCHAR(40) NOT NULL, 
	name VARCHAR(64) NOT NULL, 
	layer VARCHAR(64) NOT NULL, 
	description TEXT NOT NULL, 
	schema JSON NOT NULL, 
	created_at BIGINT NOT NULL, 
	CONSTRAINT pk_schema_fields PRIMARY KEY (workspace_id, name)
);

CREATE TABLE images (
	id VARCHAR(64) NOT NULL, 
	workspace_id VARCHAR(40) NOT NULL, 
	persona_id VARCHAR(40), 
	name VARCHAR(200) NOT NULL, 
	size INTEGER NOT NULL, 
	created_at BIGINT NOT NULL, 
	gone_at BIGINT, 
	CONSTRAINT pk_images PRIMARY KEY (id), 
	CONSTRAINT fk_images_workspace_id FOREIGN KEY(workspace_id) REFERENCES workspaces (id)
);

CREATE TABLE background_responses (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	workspace_id VARCHAR(40) NOT NULL, 
	id VARCHAR(40) NOT NULL, 
	owner VARCHAR(40) NOT NULL, 
	key_id VARCHAR(40) NOT NULL, 
	persona_id VARCHAR(40) NOT NULL, 
	request_id VARCHAR(40) NOT NULL, 
	status VARCHAR(12) NOT NULL, 
	request TEXT, 
	body TEXT, 
	input TEXT, 
	is_streamed BOOLEAN NOT NULL, 
	created_at BIGINT NOT NULL, 
	ended_at BIGINT, conversation INTEGER, 
	CONSTRAINT uq_background_responses_workspace_id_id UNIQUE (workspace_id, id)
);

CREATE TABLE response_events (
	response INTEGER NOT NULL, 
	last INTEGER NOT NULL, 
	first INTEGER NOT NULL, 
	frames TEXT NOT NULL, 
	CONSTRAINT pk_response_events PRIMARY KEY (response, last), 
	CONSTRAINT fk_response_events_response FOREIGN KEY(response) REFERENCES background_responses (seq)
);

CREATE TABLE version_vectors (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	version_id VARCHAR(40) NOT NULL, 
	persona_id VARCHAR(40) NOT NULL, 
	workspace_id VARCHAR(40) NOT NULL, 
	vector BLOB NOT NULL, 
	CONSTRAINT uq_version_vectors_version_id UNIQUE (version_id), 
	CONSTRAINT fk_version_vectors_version_id FOREIGN KEY(version_id) REFERENCES versions (id)
);

CREATE INDEX ix_alerts_workspace_id_seq ON alerts (workspace_id, seq);

CREATE INDEX ix_aliases_persona_id ON aliases (persona_id);

CREATE INDEX ix_amendments_behind ON amendments (behind);

CREATE INDEX ix_audit_subject_id ON audit (subject, id);

CREATE INDEX ix_audit_workspace_id_id ON audit (workspace_id, id);

CREATE INDEX ix_background_responses_conversation ON background_responses (conversation);

CREATE INDEX ix_background_responses_ended_at ON background_responses (ended_at);

CREATE INDEX ix_background_responses_persona_id ON background_responses (persona_id);

CREATE INDEX ix_background_responses_workspace_id_ended_at ON background_responses (workspace_id, ended_at);

CREATE INDEX ix_conversations_persona_id_seq ON conversations (persona_id, seq);

CREATE INDEX ix_conversations_updated_at ON conversations (updated_at);

CREATE INDEX ix_conversations_workspace_id_seq ON conversations (workspace_id, seq);

CREATE INDEX ix_deliveries_created_at ON deliveries (created_at);

CREATE INDEX ix_deliveries_webhook_id_seq ON deliveries (webhook_id, seq);

CREATE INDEX ix_drift_hours_verdicts ON drift_hours (workspace_id, hour, persona_id, turns, unscored, in_character, warming_up, drifting, out_of_character);

CREATE INDEX ix_events_created_at ON events (created_at);

CREATE INDEX ix_events_workspace_id_seq ON events (workspace_id, seq);

CREATE INDEX ix_holds_id ON holds (id);

CREATE INDEX ix_images_gone_at ON images (gone_at);

CREATE INDEX ix_images_persona_id ON images (persona_id);

CREATE INDEX ix_images_workspace_id_created_at ON images (workspace_id, created_at);

CREATE INDEX ix_jobs_created_at ON jobs (created_at);

CREATE INDEX ix_jobs_workspace_id_status ON jobs (workspace_id, status);

CREATE INDEX ix_keys_workspace_id ON keys (workspace_id);

CREATE INDEX ix_messages_conversation_parent ON messages (conversation, parent);

CREATE INDEX ix_messages_conversation_seq ON messages (conversation, seq);

CREATE INDEX ix_messages_hash_conversation ON messages (hash, conversation);

CREATE INDEX ix_messages_tail_conversation ON messages (tail, conversation) WHERE tail IS NOT NULL;

CREATE UNIQUE INDEX ix_personas_seq ON personas (seq);

CREATE INDEX ix_response_items_response ON response_items (response);

CREATE INDEX ix_responses_conversation ON responses (conversation);

CREATE INDEX ix_runs_persona_id ON runs (persona_id);

CREATE INDEX ix_runs_workspace_id_seq ON runs (workspace_id, seq);

CREATE INDEX ix_runs_workspace_id_status ON runs (workspace_id, status);

CREATE INDEX ix_turns_persona_id_seq ON turns (persona_id, seq);

CREATE INDEX ix_turns_request_id ON turns (request_id);

CREATE INDEX ix_turns_workspace_id_seq ON turns (workspace_id, seq);

CREATE INDEX ix_turns_workspace_id_status_seq ON turns (workspace_id, status, seq);

CREATE INDEX ix_turns_workspace_id_verdict_seq ON turns (workspace_id, verdict, seq);

CREATE INDEX ix_version_vectors_persona_id ON version_vectors (persona_id);

CREATE INDEX ix_version_vectors_workspace_id_seq ON version_vectors (workspace_id, seq);

CREATE INDEX ix_webhooks_workspace_id_seq ON webhooks (workspace_id, seq);

CREATE INDEX ix_work_ended_at ON work (ended_at) WHERE is_handed_over AND state IN ('done', 'cancelled');

CREATE INDEX ix_work_state_due_at ON work (state, due_at);

CREATE INDEX ix_work_state_ended_at ON work (state, ended_at);

CREATE UNIQUE INDEX uq_alerts_open ON alerts (workspace_id, persona_id, version, threshold, window_hours) WHERE recovered_at IS NULL;

INSERT INTO alembic_version VALUES ('0043')
