#include "control/reply.hpp"

#include "control/channel.hpp"
#include "control/protocol.hpp"

namespace control {

Reply::Reply(std::shared_ptr<Channel> channel) : channel_(std::move(channel)) {}

Reply::~Reply() {
  if (channel_->is_finished()) return;
  fail(base::error(
      base::Code::internal,
      "the daemon dropped this request without an answer; its log says why, and `pulse runs` shows "
      "what became of the run"));
}

void Reply::accept() { channel_->accept(); }

void Reply::progress(std::string json) { channel_->progress(std::move(json)); }

void Reply::output(std::string_view text) { channel_->say(output_lines(text)); }

void Reply::message(std::string_view text) { channel_->say(message_lines(text)); }

void Reply::end(int code) {
  channel_->accept();
  channel_->finish(end_line(code));
}

void Reply::fail(const base::Error& error) { channel_->finish(error_line(error)); }

std::stop_token Reply::stop_token() const { return channel_->stop_token(); }

}  // namespace control
