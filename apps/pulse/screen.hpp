// The alternate screen of the terminal on stdout, as editors and pagers use it: what stood there before comes
// back when this ends, when a stop is requested (the second signal ends the process on the spot), at Ctrl-Z
// and at Ctrl-\. One at a time.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace pulse {

class Screen {
 public:
  using Print = std::function<bool(std::string_view)>;
  Screen(Print print, std::stop_token stop);
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  // Over what was drawn before, on a screen of that many rows. Does nothing once a stop was requested. False:
  // it could not be written.
  bool draw(const std::vector<std::string>& lines, std::size_t rows);

 private:
  void leave();

  const Print print_;
  bool over_ = false;
  std::stop_callback<std::function<void()>> at_stop_;
};

}  // namespace pulse
