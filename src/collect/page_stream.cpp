#include "collect/page_stream.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace collect {
namespace {

using base::Result;

// Between the two threads; an empty item says: begin again.
class Pipe {
 public:
  // Waits for room. False: nobody takes any more.
  bool push(std::unique_ptr<Page> page) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return broken_ || items_.size() < pages_waiting; });
    if (broken_) return false;
    items_.push_back(std::move(page));
    changed_.notify_all();
    return true;
  }
  void end() {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }

  // Waits for an item. False: that was the last.
  bool pop(std::unique_ptr<Page>& page) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return ended_ || !items_.empty(); });
    if (items_.empty()) return false;
    page = std::move(items_.front());
    items_.pop_front();
    changed_.notify_all();
    return true;
  }
  void break_off() {
    const std::lock_guard lock(mutex_);
    broken_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::unique_ptr<Page>> items_;
  bool ended_ = false, broken_ = false;
};

// At its end nobody takes pages any more; all there were have been taken, or they are not wanted.
struct Breaker {
  Pipe& pipe;
  std::stop_source& ending;
  ~Breaker() {
    ending.request_stop();
    pipe.break_off();
  }
};

}  // namespace

Result<void> stream_pages(PageReader& reader, const PageQuery& query, const PageConsumer& consumer,
                          PageSet& set, std::stop_token stop) {
  Pipe pipe;
  Result<void> read, taken;
  std::stop_source ending;
  const std::stop_callback forward(stop, [&ending] { ending.request_stop(); });
  const auto hand_on = [&](std::unique_ptr<Page> page) -> Result<void> {
    return pipe.push(std::move(page)) ? Result<void>() : base::error(base::Code::cancelled, "stopped");
  };
  std::jthread fetching([&] {
    try {
      read = reader.read(
          query, hand_on, [&] { return hand_on(nullptr); }, set, ending.get_token());
    } catch (const std::exception& fault) {
      read = base::error(base::Code::internal, "exception while fetching: {}", fault.what());
    }
    pipe.end();
  });
  {
    const Breaker breaker{pipe, ending};  // also if the consumer throws: the thread is waited for
    std::unique_ptr<Page> page;
    while (taken && pipe.pop(page)) taken = page ? consumer.take(*page) : consumer.restart();
  }
  fetching.join();
  return taken ? read : taken;
}

}  // namespace collect
