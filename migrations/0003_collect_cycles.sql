-- Owner: collect. Runs that go on where an earlier one left off, and one run of a collector at a time.
-- Words in braces are replaced by the engine's own; times are UTC.

-- The first run of a chain in which each fetches what those before it left open; NULL: it is a chain of its own.
ALTER TABLE {pulse}runs ADD COLUMN cycle TEXT;

-- What an earlier version may have left.
UPDATE {pulse}runs SET state = 'lost', failure_type = 'transient', finished_at = started_at
WHERE state = 'running' AND EXISTS (
  SELECT 1 FROM {pulse}runs AS other
  WHERE other.collector = {pulse}runs.collector AND other.state = 'running' AND other.id > {pulse}runs.id);

-- Whoever begins a run takes the collector by this, over all processes.
CREATE UNIQUE INDEX {pulse}runs_one_running ON {pulse}runs (collector) WHERE state = 'running';
