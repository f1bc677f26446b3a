// What others ask of the daemon over its control socket (SQ1): each request has a thread of its own, that
// reads what is asked for and waits for its runs, which the scheduler starts like its own.
//
//   Orders orders(app, mailbox, [&](keeper::Request it) { scheduler.request(std::move(it)); });
//   TRY(orders.listen(socket_path(store)));
//
// The scheduler is called by way of the mailbox only. To end: stop(), which refuses whoever asks from then
// on, and work the mailbox until is_idle(). What fails in a request's thread is that request's answer.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "base/result.hpp"
#include "control/server.hpp"
#include "keeper/scheduler.hpp"
#include "pulse/app.hpp"
#include "pulse/collection.hpp"
#include "pulse/mailbox.hpp"

namespace pulse {

class Orders {
 public:
  Orders(App& app, Mailbox& mailbox, std::function<void(keeper::Request)> schedule);

  base::Result<void> listen(const std::filesystem::path& path);
  void stop();
  bool is_idle() const;  // nobody waits for an answer

 private:
  void begin(CollectOptions options, const std::shared_ptr<control::Reply>& reply);
  void take(const control::Request& request, std::shared_ptr<control::Reply> reply);
  void collect(const CollectOptions& options, const std::shared_ptr<control::Reply>& reply);
  collect::RunReport run(const std::shared_ptr<const config::Collector>& collector,
                         collect::RunOptions options, base::SteadyTime deadline,
                         const std::shared_ptr<control::Reply>& reply);

  App& app_;
  Mailbox& mailbox_;
  const std::function<void(keeper::Request)> schedule_;
  mutable std::mutex mutex_;
  std::map<std::uint64_t, std::jthread> threads_;
  std::uint64_t next_ = 0;
  bool stopping_ = false;
  std::unique_ptr<control::Server> server_;
};

}  // namespace pulse
