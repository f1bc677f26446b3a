-- Owner: outbox. What is to be told to the outside, until somebody took it.
-- Words in braces are replaced by the engine's own; times are UTC, by the database's clock.

-- Pending ones wait for a sender; a sending one is leased to `owner` (without an end where one process has the
-- database). Ended ones stay for a while, as those that stand behind them need their receipt.
CREATE TABLE {ledger}outbox (
  id {serial} PRIMARY KEY,
  channel TEXT NOT NULL,
  address TEXT NOT NULL,
  action TEXT NOT NULL,
  body TEXT NOT NULL,
  priority {bigint} NOT NULL CHECK (priority BETWEEN 0 AND 3), -- answer, result, notice, rejection
  behind {bigint}, -- the message that is sent first
  repeatable {bigint} NOT NULL CHECK (repeatable IN (0, 1)), -- 0: never sent again after a doubt
  state TEXT NOT NULL CHECK (state IN ('pending', 'sending', 'sent', 'dropped')),
  attempt {bigint} NOT NULL DEFAULT 0,
  owner TEXT,
  lease_until {timestamp},
  not_before {timestamp},
  expires_at {timestamp},
  receipt TEXT, -- of a sent one: what the channel said
  reason TEXT, -- of a dropped one, or of the last failure
  created_at {timestamp} NOT NULL,
  ended_at {timestamp}
);
CREATE INDEX {ledger}outbox_pending ON {ledger}outbox (priority, id) WHERE state = 'pending';
CREATE INDEX {ledger}outbox_sending ON {ledger}outbox (lease_until) WHERE state = 'sending';
CREATE INDEX {ledger}outbox_open ON {ledger}outbox (address, id)
WHERE state IN ('pending', 'sending') AND priority > 0; -- answers stand in nobody's way
CREATE INDEX {ledger}outbox_behind ON {ledger}outbox (behind)
WHERE state IN ('pending', 'sending') AND behind IS NOT NULL;
CREATE INDEX {ledger}outbox_expiring ON {ledger}outbox (expires_at)
WHERE state = 'pending' AND expires_at IS NOT NULL;
CREATE INDEX {ledger}outbox_ended ON {ledger}outbox (ended_at) WHERE ended_at IS NOT NULL;
