// How all collectors are, kept up to date by whoever watches them: the daemon, or `pulse status` for a
// moment. Only those are judged again about whom there is news, or whose time has come: ten thousand that
// sleep cost nothing. Thread-safe.
//
//   Board board(roster, PULSE_VERSION, clock.wall());
//   board.set(*roster.find("cisa-kev"), past);               // what the ledger says now
//   for (const Change& it : board.judge(clock.wall())) …     // whose health has changed
//   web::Status status = board.status();
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "collect/history.hpp"
#include "keeper/roster.hpp"
#include "schedule/health.hpp"
#include "web/status.hpp"

namespace keeper {

struct Change {
  std::string collector;
  std::optional<schedule::Condition> before;  // nothing: it was not known
  schedule::Health now;
  std::string why;  // of the last run, or of the file
};

class Board {
 public:
  Board(const Roster& roster, std::string version, base::WallTime started_at);

  // The roster's member with this index, as the ledger knows it.
  void set(std::size_t member, const collect::Past& past);
  void set_running(std::size_t member, base::WallTime since);  // before the ledger says so
  // Those whose health is another one than at the call before.
  std::vector<Change> judge(base::WallTime now);
  std::optional<base::WallTime> next_change() const;  // by time alone
  void renew(const Roster& roster);                   // of those that stay, what is known is kept

  // Of the whole program: ("store", "the database does not answer"). An empty text: it is over.
  void warn(const std::string& about, const std::string& text);
  void set_totals(const collect::Totals& totals);

  web::Status status() const;

 private:
  struct Line {
    schedule::Entry entry;
    schedule::Facts facts{};
    web::Collector shown{};
    std::string fault{};  // of the file
    bool is_outdated = false;
    std::optional<schedule::Health> health{};
    std::optional<base::WallTime> judge_at{};
  };
  static Line line_of(const Member& member);
  static void keep(Line& line, Line&& before);
  std::string why(const Line& line) const;
  void judge_again(std::size_t i, std::optional<base::WallTime> at);

  mutable std::mutex mutex_;
  const std::string version_;
  const base::WallTime started_at_;
  std::vector<Line> lines_;
  std::set<std::pair<base::WallTime, std::size_t>> due_;
  std::map<std::string, std::string> warnings_;
  collect::Totals totals_;
};

}  // namespace keeper
