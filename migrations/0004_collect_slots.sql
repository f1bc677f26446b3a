-- Owner: collect. What is due, and which run belongs to which slot of a schedule.
-- Words in braces are replaced by the engine's own; times are UTC.

-- The slot that a run is for; NULL: somebody asked for it while none was open.
ALTER TABLE {pulse}runs ADD COLUMN slot {timestamp};
ALTER TABLE {pulse}runs ADD COLUMN started_by TEXT; -- schedule, retry, request, command
-- Its first request that failed, of those in a row that it ended with; of a lost one, its last sign of life.
ALTER TABLE {pulse}runs ADD COLUMN first_failed {timestamp};
-- 1: it was empty, and the collector allowed that.
ALTER TABLE {pulse}runs ADD COLUMN empty_allowed {bigint} NOT NULL DEFAULT 0;

-- The fire times of the schedules: one line for each that began, or waits for another try, one for each row of
-- them that was missed. Whoever begins a run claims its slot in the same transaction; whoever ends it says what
-- becomes of the slot in the transaction of the run's final line.
CREATE TABLE {pulse}schedule_slots (
  collector TEXT NOT NULL,
  slot {timestamp} NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('due', 'claimed', 'done', 'missed')),
  reason TEXT, -- due: ladder, rate_limited, interrupted; missed: why; done: the outcome, or gave_up
  first_slot {timestamp}, -- missed: the oldest of those that this line stands for
  run TEXT, -- the newest one
  first_failed {timestamp}, -- of all its runs
  try_at {timestamp}, -- due: not before
  updated_at {timestamp} NOT NULL,
  PRIMARY KEY (collector, slot)
);
CREATE INDEX {pulse}schedule_slots_open ON {pulse}schedule_slots (collector) WHERE state IN ('due', 'claimed');
CREATE INDEX {pulse}schedule_slots_updated ON {pulse}schedule_slots (updated_at);
CREATE INDEX {pulse}runs_finished ON {pulse}runs (finished_at);
