-- Owner: http. How much of each API's budget is used, for all processes and over restarts.
-- Words in braces are replaced by the engine's own; times are UTC.

-- One line per host, credential (a short hash, never the credential itself) and resource ('' is all of the
-- host). state is the text of http::BudgetState; not_before is in it too, and stands here to be found.
CREATE TABLE {pulse}http_budgets (
  host TEXT NOT NULL,
  credential TEXT NOT NULL,
  resource TEXT NOT NULL,
  state TEXT NOT NULL,
  not_before {timestamp},
  updated_at {timestamp} NOT NULL,
  expires_at {timestamp} NOT NULL, -- by then its windows are empty again
  PRIMARY KEY (host, credential, resource)
);
CREATE INDEX {pulse}http_budgets_held ON {pulse}http_budgets (not_before) WHERE not_before IS NOT NULL;
