-- Owner: collect. What ran, what it committed, and what it could not use.
-- Words in braces are replaced by the engine's own; times are UTC.

-- One line per run of a collector: written as 'running' when it starts, completed when it ends. A line whose
-- lease passed without an end belongs to a process that died: whoever finds it marks it 'lost'.
CREATE TABLE {pulse}runs (
  id TEXT PRIMARY KEY,
  collector TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN (
    'running', 'success', 'empty', 'not_modified', 'partial', 'incomplete', 'held', 'rejected',
    'rate_limited', 'failed', 'timeout', 'cancelled', 'unverified', 'lost')),
  attempt {bigint} NOT NULL DEFAULT 1,
  host TEXT NOT NULL,
  process {bigint} NOT NULL,
  lease_until {timestamp},
  started_at {timestamp} NOT NULL,
  finished_at {timestamp},
  failure_type TEXT CHECK (failure_type IN (
    'transient', 'credentials', 'endpoint_gone', 'configuration', 'data')),
  error TEXT,
  requests {bigint} NOT NULL DEFAULT 0,
  pages {bigint} NOT NULL DEFAULT 0,
  received_bytes {bigint} NOT NULL DEFAULT 0,
  records {bigint} NOT NULL DEFAULT 0,
  staged {bigint} NOT NULL DEFAULT 0,
  inserted {bigint} NOT NULL DEFAULT 0,
  updated {bigint} NOT NULL DEFAULT 0,
  unchanged {bigint} NOT NULL DEFAULT 0,
  deleted {bigint} NOT NULL DEFAULT 0,
  quarantined {bigint} NOT NULL DEFAULT 0,
  conflicts {bigint} NOT NULL DEFAULT 0,
  definition TEXT -- hash of the collector's file
);
CREATE INDEX {pulse}runs_by_collector ON {pulse}runs (collector, started_at);
CREATE INDEX {pulse}runs_running ON {pulse}runs (state) WHERE state = 'running';

-- The parts of a run that are committed on their own, each in one transaction with its rows. A rerun fetches
-- the open ones only.
CREATE TABLE {pulse}slices (
  run TEXT NOT NULL REFERENCES {pulse}runs (id),
  collector TEXT NOT NULL,
  slice TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'committed', 'held')),
  records {bigint} NOT NULL DEFAULT 0,
  staged {bigint} NOT NULL DEFAULT 0,
  inserted {bigint} NOT NULL DEFAULT 0,
  updated {bigint} NOT NULL DEFAULT 0,
  unchanged {bigint} NOT NULL DEFAULT 0,
  deleted {bigint} NOT NULL DEFAULT 0,
  quarantined {bigint} NOT NULL DEFAULT 0,
  conflicts {bigint} NOT NULL DEFAULT 0,
  committed_at {timestamp},
  PRIMARY KEY (run, slice)
);

-- Records that fit no row of their table, as they came (redacted), with the reason. The same record in a later
-- run is the same line, counted.
CREATE TABLE {pulse}quarantine (
  collector TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  column_name TEXT,
  reason TEXT NOT NULL,
  raw TEXT NOT NULL,
  first_run TEXT NOT NULL,
  last_run TEXT NOT NULL,
  first_seen {timestamp} NOT NULL,
  last_seen {timestamp} NOT NULL,
  times {bigint} NOT NULL DEFAULT 1,
  PRIMARY KEY (collector, fingerprint)
);
