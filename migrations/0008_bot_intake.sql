-- Owner: bot. What came from Telegram, what users may do and want, and which process asks for updates.
-- Words in braces are replaced by the engine's own; times are UTC.

-- Each update that was taken, once: one that comes again changes nothing.
CREATE TABLE {ledger}inbox (
  update_id {bigint} PRIMARY KEY,
  user_id {bigint} NOT NULL, -- 0: nobody's, or not for the bot
  received_at {bigint} NOT NULL -- milliseconds since 1970
);
CREATE INDEX {ledger}inbox_age ON {ledger}inbox (received_at);

-- Updates that no transaction could take, however often it was tried: for a person to look at.
CREATE TABLE {ledger}dead_updates (
  update_id {bigint} PRIMARY KEY,
  body TEXT NOT NULL, -- JSON: what of the update the bot reads, a long text shortened
  reason TEXT NOT NULL, -- what the database said
  received_at {bigint} NOT NULL -- milliseconds since 1970
);
CREATE INDEX {ledger}dead_updates_age ON {ledger}dead_updates (received_at);

-- A user's recent requests of one kind, as milliseconds since 1970, the newest last: a sliding window.
CREATE TABLE {ledger}limits (
  user_id {bigint} NOT NULL,
  bucket TEXT NOT NULL, -- navigation, commands, full (the queue was, and the user was told)
  taken TEXT NOT NULL,
  told_at {bigint} NOT NULL DEFAULT 0, -- when the user was told last
  expires_at {bigint} NOT NULL, -- from then on the line says nothing any more
  PRIMARY KEY (user_id, bucket)
);
CREATE INDEX {ledger}limits_expiry ON {ledger}limits (expires_at);

CREATE TABLE {ledger}settings (
  user_id {bigint} PRIMARY KEY,
  minimum_confidence {bigint} NOT NULL, -- in tenths
  updated_at {timestamp} NOT NULL
);

-- One line per bot. Whoever holds the lease asks for updates and delivers; the token grows with each holder, so
-- that the one before cannot write any more.
CREATE TABLE {ledger}poller_lease (
  bot {bigint} PRIMARY KEY,
  owner TEXT NOT NULL,
  token {bigint} NOT NULL,
  lease_until {timestamp}, -- NULL where one process has the database
  next_offset {bigint} NOT NULL DEFAULT 0,
  moved_at {bigint} NOT NULL DEFAULT 0 -- when next_offset grew last, in milliseconds since 1970
);
