-- Owner: collect. How far each collector has come, and which window a slice covered.
-- Words in braces are replaced by the engine's own; times are UTC.

-- One line per partition of a collector ('' where there are none), written in the transaction that commits the
-- rows it stands for. high_water is the largest cursor value seen, in its own format; covered_until is the end
-- of the last window, also of one without rows. The last four describe the answer that these rows came from:
-- they are worth nothing once the collector's definition is another.
CREATE TABLE {pulse}cursors (
  collector TEXT NOT NULL,
  partition TEXT NOT NULL,
  high_water TEXT,
  covered_until {timestamp},
  etag TEXT,
  last_modified TEXT,
  content_hash TEXT,
  definition TEXT, -- hash of the collector's file
  run TEXT NOT NULL,
  updated_at {timestamp} NOT NULL,
  PRIMARY KEY (collector, partition)
);

ALTER TABLE {pulse}slices ADD COLUMN partition TEXT;
ALTER TABLE {pulse}slices ADD COLUMN window_start {timestamp};
ALTER TABLE {pulse}slices ADD COLUMN window_end {timestamp};
