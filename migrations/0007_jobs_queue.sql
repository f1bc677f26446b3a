-- Owner: jobs. Queues with an exact bound, and the jobs in them.
-- Words in braces are replaced by the engine's own; times are UTC, by the database's clock.

-- One line per queue. Whoever admits jobs takes it until the end of the transaction: `used`, less the places
-- below, is the number of jobs that are queued or running, always.
CREATE TABLE {ledger}job_queues (
  name TEXT PRIMARY KEY,
  capacity {bigint} NOT NULL CHECK (capacity >= 0),
  used {bigint} NOT NULL DEFAULT 0 CHECK (used >= 0),
  turn {bigint} NOT NULL DEFAULT 0, -- the highest of those that ended and were folded in
  last_id {bigint} NOT NULL -- of the jobs of this queue; each queue has numbers of its own
);

-- Places of jobs that ended and were not given to others yet: written in the transaction that ends the jobs,
-- which so waits for nobody, and folded into the line above by the next one that admits. Never more than
-- that line counts.
CREATE TABLE {ledger}job_places (
  queue TEXT NOT NULL,
  places {bigint} NOT NULL,
  turn {bigint} NOT NULL -- the highest of these jobs
);

CREATE TABLE {ledger}jobs (
  id {bigint} PRIMARY KEY,
  queue TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'dead')),
  user_id {bigint} NOT NULL,
  turn {bigint} NOT NULL, -- the lowest goes first
  kind TEXT NOT NULL,
  payload TEXT NOT NULL,
  address TEXT NOT NULL,
  placeholder {bigint}, -- the outbox message that the result stands behind
  attempt {bigint} NOT NULL DEFAULT 0,
  token {bigint} NOT NULL DEFAULT 0, -- of the newest claim
  owner TEXT,
  lease_until {timestamp},
  not_before {timestamp},
  result TEXT,
  error TEXT,
  created_at {timestamp} NOT NULL,
  finished_at {timestamp}
);
CREATE INDEX {ledger}jobs_queued ON {ledger}jobs (queue, turn, id) WHERE state = 'queued';
CREATE INDEX {ledger}jobs_running ON {ledger}jobs (queue, turn) WHERE state = 'running';
CREATE INDEX {ledger}jobs_of_user ON {ledger}jobs (user_id, queue) WHERE state IN ('queued', 'running');
CREATE INDEX {ledger}jobs_finished ON {ledger}jobs (finished_at) WHERE finished_at IS NOT NULL;
