// What a run says while it works: to the log, and to whoever shows its progress.
#include <fmt/format.h>

#include "base/text.hpp"
#include "collect/work.hpp"

namespace collect {

using base::Error;
using base::Result;
using namespace std::chrono_literals;

namespace {
constexpr base::Duration worth_a_line = 5s;  // of the log; the pace of a limit alone is not
}

http::FetchOptions Work::fetch_options() {
  http::FetchOptions fetch{.retry = make_retry_policy(collector_.requester.error_handler),
                           .deadline = deadline_,
                           .opening = opening_,
                           .on_wait = {},
                           .on_progress = {}};
  fetch.on_wait = [this](const http::WaitNotice& notice) {
    show({.phase = Progress::Phase::wait,
          .expected = {},
          .note = fmt::format("{}; again in {}", notice.cause, base::format_duration(notice.delay))});
    if (notice.why == http::WaitUntil::Why::limit) {
      if (notice.delay >= worth_a_line)
        logger_.info("waiting for its turn under the API's limits",
                     {{"run", report_.run.id}, {"for", base::format_duration(notice.delay)}});
      return;
    }
    retrying_ = true;
    if (!report_.run.first_failed) report_.run.first_failed = parts_.clock.wall();
    logger_.warning("attempt failed", {{"run", report_.run.id},
                                       {"attempt", notice.attempt},
                                       {"of", notice.max_attempts},
                                       {"next_in", base::format_duration(notice.delay)},
                                       {"cause", notice.cause}});
  };
  fetch.on_attempt = [this] {
    // The first attempt of a request: those before it have got their answers.
    if (!std::exchange(retrying_, false)) report_.run.first_failed.reset();
    ++report_.run.counts.requests;
    show({.phase = Progress::Phase::request, .expected = {}, .note = {}});
  };
  fetch.on_progress = [this](std::uint64_t received, std::optional<std::uint64_t> total) {
    show({.phase = Progress::Phase::request, .received = received, .expected = total, .note = {}});
  };
  return fetch;
}

void Work::warn_of(const SliceEnd& end, const std::string& name) const {
  if (end.without_total)
    logger_.warning("paginator.total_path leads to no number: nobody knows whether all records came",
                    {{"run", report_.run.id}, {"slice", name}});
  if (end.without_cursor)
    logger_.warning("no record has a cursor: the next run asks for the same again",
                    {{"run", report_.run.id},
                     {"slice", name},
                     {"cursor_field", collector_.incremental_sync->cursor_field.text()}});
}

void Work::say_what_was_dropped() const {
  const Loader* const loader = desk_ ? &desk_->loader() : rehearsal_.get();
  const std::uint64_t keys = duplicate_keys_ + (loader == nullptr ? 0 : loader->duplicate_keys());
  const std::int64_t dropped = dropped_ + (loader == nullptr ? 0 : loader->dropped());
  if (keys > 0)
    logger_.warning("object keys stand twice in the answer; the last one counts",
                    {{"run", report_.run.id}, {"keys", keys}});
  if (dropped > 0)
    logger_.info("records dropped by schema_contract", {{"run", report_.run.id}, {"records", dropped}});
}

// A quiet night is normal, a quiet month is not (CO7).
Result<bool> Work::may_be_empty(Ledger& ledger, std::stop_token stop) const {
  if (collector_.allow_empty.always) return true;
  if (!collector_.allow_empty.within) return false;
  const RecordHistory history = TRY(ledger.last_records(collector_.name, std::move(stop)));
  const auto since = history.last_with_records ? history.last_with_records : history.first_run;
  return since && parts_.clock.wall() - *since <= *collector_.allow_empty.within;
}

void Work::explain_empty() {
  if (report_.run.outcome != Outcome::empty || report_.run.allow_empty) return;
  report_.run.error = collector_.allow_empty.within
                          ? fmt::format("no records for longer than allow_empty: {}",
                                        base::format_duration(*collector_.allow_empty.within))
                          : "the answer holds no records; if that is normal, set allow_empty: true";
}

// The first of an outage, then one a minute.
void Work::warn_of_database(const Error& error, base::Duration next) {
  database_error_ = error.message;
  const base::SteadyTime now = parts_.clock.steady();
  if (database_warned_at_ && now - *database_warned_at_ < std::chrono::minutes{1}) return;
  database_warned_at_ = now;
  logger_.warning(
      "the database failed",
      {{"run", report_.run.id}, {"error", error.message}, {"next_in", base::format_duration(next)}});
}

void Work::show(const Progress& progress) const {
  if (options_.progress) options_.progress(progress);
}

}  // namespace collect
