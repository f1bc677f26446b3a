// The way back to the client of one request. Kept and used on any thread until end() or fail(), also when the
// client and the server are long gone: then nothing happens. Never blocks, never throws but for memory. The
// last reference that goes without end() tells the client so: no client waits for ever. A client that is more
// than 8 MiB behind is cut.
//
//   reply->accept();                                  // before the work can begin
//   runner.run(collector, {.progress = …reply->progress(json)…}, reply->stop_token());
//   reply->output("kev: success\n");
//   reply->end(0);
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace control {

class Channel;

class Reply {
 public:
  explicit Reply(std::shared_ptr<Channel> channel);
  Reply(const Reply&) = delete;
  Reply& operator=(const Reply&) = delete;
  ~Reply();

  // The daemon takes the request. A client that was not told so knows that nothing was begun, and may do the
  // work itself. progress(), output(), message() and end() imply it; fail() alone does not.
  void accept();
  // A JSON object of at most 64 KiB; anything else is left out. Cheap: of what the client cannot read in
  // time, only the last is sent.
  void progress(std::string json);
  void output(std::string_view text);   // for its standard output
  void message(std::string_view text);  // for its standard error
  void end(int code);                   // its exit code, 0 to 255
  void fail(const base::Error& error);  // instead of end()

  // Fires when the client asks to cancel, has gone, or the server ends; on the server's thread, so callbacks
  // must be quick. Saying more and end() still make sense: who asked to cancel waits for that.
  std::stop_token stop_token() const;

 private:
  const std::shared_ptr<Channel> channel_;
};

}  // namespace control
