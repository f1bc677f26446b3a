#include "pulse/screen.hpp"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <mutex>

namespace pulse {
namespace {

constexpr std::string_view enter = "\x1b[?1049h\x1b[?25l", restore = "\x1b[?25h\x1b[?1049l";

std::mutex drawing;
std::atomic<bool> inside{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may use it");

constexpr std::array signals{SIGQUIT, SIGTSTP};
std::array<struct sigaction, signals.size()> before;

// Gives the screen back, then lets the signal do what it does by itself. Only calls that a handler may make.
void give_back(int signal) {
  if (inside.exchange(false)) {
    [[maybe_unused]] const ssize_t ignored = ::write(STDOUT_FILENO, restore.data(), restore.size());
  }
  if (signal == SIGTSTP) {
    ::raise(SIGSTOP);  // afterwards the next draw() enters again
    return;
  }
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

}  // namespace

Screen::Screen(Print print, std::stop_token stop)
    : print_(std::move(print)), at_stop_(std::move(stop), [this] { leave(); }) {
  struct sigaction action {};
  action.sa_handler = give_back;
  action.sa_flags = SA_RESTART;
  for (std::size_t i = 0; i < signals.size(); ++i) ::sigaction(signals[i], &action, &before[i]);
}

Screen::~Screen() {
  leave();
  for (std::size_t i = 0; i < signals.size(); ++i) ::sigaction(signals[i], &before[i], nullptr);
}

void Screen::leave() {
  const std::lock_guard lock(drawing);
  over_ = true;
  if (inside.exchange(false)) print_(restore);
}

bool Screen::draw(const std::vector<std::string>& lines, std::size_t rows) {
  const std::lock_guard lock(drawing);
  if (over_) return true;
  std::string text;
  if (!inside.exchange(true)) text += enter;
  text += "\x1b[H";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) text += "\r\n";
    // Emptied first: a full line leaves the cursor on its last column, where erasing would take a character.
    text += "\x1b[2K" + lines[i];
  }
  if (lines.size() < rows) text += lines.empty() ? "\x1b[J" : "\r\n\x1b[J";
  return print_(text);
}

}  // namespace pulse
