// One question to API-Football on the HTTP engine: the key, the retries (R1), the envelope's verdict, the
// limits of the minute and of the day. No cache.
//
//   const std::string body = TRY(asker.ask({"/odds", {{"fixture", "7"}}}, deadline, stop));
//
// Thread-safe. Errors: as of client.hpp; what comes back is a sound envelope without errors.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "football/client.hpp"
#include "football/envelope.hpp"
#include "football/quota.hpp"

namespace football {

struct Question {
  std::string path{};                                             // "/fixtures"
  std::vector<std::pair<std::string, std::string>> parameters{};  // sorted by name
};
std::string key_of(const Question& question);  // of the cache: path and query, nothing secret

class Asker {
 public:
  Asker(http::Engine& engine, base::Clock& clock, const ClientOptions& options);

  // `counts`: as a call of the day; such are not sent while the quota is spent.
  base::Result<std::string> ask(const Question& question, bool counts, base::SteadyTime deadline,
                                const std::stop_token& stop);
  // All pages as one body, without what nobody reads.
  base::Result<std::string> ask_all_pages(const Question& question, base::SteadyTime deadline,
                                          const std::stop_token& stop);
  void told(const Account& account);
  Quota::State quota() const { return learned_->quota.state(clock_.wall()); }

 private:
  // Outlives us where the engine keeps a request to ask again for a sign of life.
  struct Learned {
    explicit Learned(std::int64_t reserve) : quota(reserve) {}
    Quota quota;
    std::atomic<std::int64_t> per_minute = 0;  // as the API says; 0: it did not yet
    void take(const http::Response& response, Trouble trouble, base::WallTime now);
  };
  http::Request request_for(const Question& question) const;

  http::Engine& engine_;
  base::Clock& clock_;
  const ClientOptions options_;
  const std::string credential_;
  const std::shared_ptr<Learned> learned_;
};

}  // namespace football
